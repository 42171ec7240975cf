"""Filters of a curation: each a function of a batch of rows and its settings, and a step that wraps it.

`<name>_reasons(batch, settings)` gives one reason a row, null for a row to keep; `<name>_step(settings)` is the step.
"""
