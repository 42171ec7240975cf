"""The rows of a folder or a table one by one, as the pipeline writes them; and what sources call the splits."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from thuja.curate.rows import Row
from thuja.curate.sources.spec import Notes
from thuja.record import uuid_of_source

_SPLIT_WORDS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "heldout", "held-out", "held_out", "eval"),
    "unseen": ("unseen",),
}
SPLIT_OF = {word: split for split, words in _SPLIT_WORDS.items() for word in words}
"""What folders and tables call the splits."""


@dataclass(slots=True, kw_only=True)
class Listing:
    """The rows of a reader, read once, each with an id of its own; `notes_` counts what the rows cannot say."""

    root: Path
    table: Path | None = None
    read: Callable[[Notes], Iterator[pl.DataFrame]]
    notes_: Notes = field(default_factory=Counter)

    def __iter__(self) -> Iterator[Row]:
        ids: dict[str, int] = {}
        for frame in self.read(self.notes_):
            for row in frame.iter_rows(named=True):
                row["uuid"] = row.get("uuid") or uuid_of_source(row["data_source"], row["source_id"] or "")
                ids[row["uuid"]] = count = ids.get(row["uuid"], 0) + 1
                if count > 1:  # no two rows share an id
                    row["uuid"] = uuid_of_source(row["uuid"], f"#{count}")
                yield row
