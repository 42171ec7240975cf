"""What a user's own Python file says: a recipe may be a program."""

import runpy
from pathlib import Path

from thuja.errors import BadFile

_SLIPS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What a slip in a user's program raises; whatever else it raises is its own affair."""


def said_by(path: Path, name: str) -> object:
    """Run a Python file, and return what it calls `name`, or None; raises BadFile where it fails.

    It is run as a program: take it only from whom you trust.
    """
    try:
        return runpy.run_path(str(path)).get(name)
    except _SLIPS as error:
        raise BadFile(f"the recipe {path} failed: {type(error).__name__}: {error}") from error
