"""A cell with several sentences in it, as people write them: numbered, or a line each."""

import re
from typing import Final

_NUMBER: Final = re.compile(r"(?<![\w.])(\d{1,2})\s*[.)](?!\d)\s*")
_ENDED: Final = re.compile(r"([.!?][\"')\]’”]*|\n)\s*$")
_BULLET: Final = re.compile(r"^\s*[-*•–]\s+", re.MULTILINE)
_NONE: Final = re.compile(r"(n/a|none)\b", re.IGNORECASE)
_FEWEST_WORDS: Final = 4
"""What is shorter is a note."""


def sentences_of(cell: str) -> tuple[str, ...]:
    """The sentences of a cell, in its order, twins left out.

    Numbers count in sequence from 1, on a new line or behind a sentence's end: in "2.5 µm" and "its 2. pair of legs"
    there is none.

    >>> sentences_of("1.A red fish with 2 fins.  2) A blue fish with 1. rays.")
    ('A red fish with 2 fins.', 'A blue fish with 1. rays.')
    """
    parts = _numbered(cell) or _BULLET.sub("", cell).splitlines()
    plain = (" ".join(part.split()) for part in parts)
    kept = (part for part in plain if len(part.split()) >= _FEWEST_WORDS and not _NONE.match(part))
    return tuple(dict.fromkeys(kept))


def _numbered(cell: str) -> list[str]:
    parts: list[str] = []
    start = 0
    for mark in _NUMBER.finditer(cell):
        if int(mark.group(1)) != len(parts) + 1 or (parts and not _ENDED.search(cell[start : mark.start()])):
            continue
        if parts:
            parts[-1] = cell[start : mark.start()]
        elif cell[: mark.start()].strip():
            return []  # words before the first number: it is a number in a sentence
        parts.append(cell[mark.end() :])
        start = mark.end()
    return parts
