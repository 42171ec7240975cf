"""What of a recipe may be handed on: a card, a report and a catalog are read by others than the curator."""

import re
from collections.abc import Mapping
from typing import Any

_PRIVATE = frozenset({"contact"})
"""Settings that say who curates: an e-mail address is given to hosts, and not to every reader."""
_FOLDERS = re.compile(r"(?:file://)?(?:[/~\\]|\.\.?[/\\]|[a-zA-Z]:[/\\])")
"""How a path begins that leads through the folders of a machine; one in the folder of the call tells of none."""


def published(value: Any) -> Any:
    """A recipe's table, or a part of it, as it may be handed on: of each absolute path the last part alone.

    >>> published({"sources": [{"path": "/home/anna/photos"}], "download": {"contact": "anna@example.org", "rate": 2}})
    {'sources': [{'path': 'photos'}], 'download': {'rate': 2}}
    """
    if isinstance(value, Mapping):
        return {name: published(part) for name, part in value.items() if name not in _PRIVATE}
    if isinstance(value, list | tuple):
        return [published(part) for part in value]
    return without_folders(value) if isinstance(value, str) else value


def without_folders(text: str) -> str:
    """A path without its folders, where it is absolute or leads out of its own; any other text as it is."""
    if not _FOLDERS.match(text):
        return text
    return re.split(r"[/\\]", text.rstrip("/\\"))[-1]
