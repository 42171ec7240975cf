"""Variation within species: where it lies, whether it is kept, and whether it is the same in every species.

The measures are plain functions of arrays in `thuja.structure`; this room holds them against nulls and controls.
"""

from thuja.analyze.within.section import Within, measure_within, within_section
from thuja.analyze.within.settings import WithinSettings

__all__ = ["Within", "WithinSettings", "measure_within", "within_section"]
