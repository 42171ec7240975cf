"""What every source yields: rows of the catalog with their path, name and split, before any image is opened."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from thuja.curate.rows import Row, drop
from thuja.record import uuid_of_source

STEP = "read"

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
    """The rows of a source, read once; `notes_` counts what the rows themselves cannot say.

    `outside` in the notes: rows of a label table that speak of files elsewhere.
    """

    root: Path
    table: Path | None = None
    make_rows: Callable[["Listing"], Iterator[Row]]
    notes_: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[Row]:
        return self.make_rows(self)


def file_row(root: Path, relative: str, *, data_source: str = "") -> Row:
    """The row of one file. Its id is made of the source folder's name and the path within it.

    Not of the bytes, because exact duplicates would then share an id; the catalog's ids are unique.
    A file name that is not UTF-8 is dropped: no table can hold it.
    """
    try:
        relative.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(relative).decode("utf-8", "backslashreplace")
        return drop(file_row(root, shown, data_source=data_source), "unreadable_name", STEP)
    data_source = data_source or root.resolve().name
    return {
        "uuid": uuid_of_source(data_source, relative),
        "data_source": data_source,
        "source_id": relative,
        "path": os.path.join(os.path.abspath(root), relative),  # noqa: PTH100, PTH118 - a string of a million rows
    }
