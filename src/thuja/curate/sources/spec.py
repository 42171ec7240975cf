"""What a recipe says of one source, and what a reader of its kind hands back.

A reader is a function `read_<kind>(spec, notes)` in a file of its own. It yields polars frames of at most some tens of
thousands of rows, in an order that is the same every time, with any of the columns of `rows.STEP_SCHEMA`; what it
leaves out is null. It never holds a whole source in memory, and it opens no image.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from thuja.errors import UsageError

CHUNK = 50_000
"""Rows of a frame, at most about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """One `[[sources]]` of a recipe.

    `name` is the rows' `data_source` (the kind's own where it is empty) and part of every id: the same name and path
    give the same uuids. `limit` is the number of images to take of it at most. `options` are the kind's own. `scratch`
    is a folder for what a reader has to put down, handed in by the curation and deleted with its step.
    """

    kind: str
    path: Path
    name: str = ""
    limit: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    scratch: Path | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"a source's limit must be at least 1, got {self.limit}")

    def option(self, name: str, default: str = "") -> str:
        """One of the kind's own options."""
        return str(self.options.get(name, default))

    def refuse_other_options(self, known: tuple[str, ...]) -> None:
        """Raise UsageError for an option that the kind does not have."""
        for name in self.options:
            if name not in known:
                raise UsageError(
                    f'a source of kind {self.kind} has no option "{name}"',
                    hint=f"one of {', '.join(known)}" if known else "it has none",
                )


Notes = Counter[str]
"""What a reader counts that its rows cannot say: rows of another table, lines that could not be read."""

Reader = Callable[[SourceSpec, Notes], Iterator[pl.DataFrame]]
