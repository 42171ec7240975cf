"""Cells of a table that somebody may open in a spreadsheet."""

import re
from typing import Final, TypeVar

V = TypeVar("V")

_FORMULA: Final = re.compile(r"[=+\-@\t\r\n]")


def defused(value: V) -> V | str:
    """A text as no spreadsheet takes it for a formula, all else as it is: names come from strangers' tables.

    A cell that begins so is run when the file is opened.

    >>> defused("=HYPERLINK(A1)"), defused("Corvus corax"), defused(-1.5)
    ("'=HYPERLINK(A1)", 'Corvus corax', -1.5)
    """
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value
