"""Files on this machine that a source speaks of: where they lie, and whether they may be opened.

A name in a table or a JSON file is a stranger's: it is taken as text, and never leads out of the source's folder.
"""

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import polars as pl

from thuja.curate.sources.expressions import STEP
from thuja.curate.sources.spec import CHUNK
from thuja.images.finding import SUFFIXES, walk_files


def walk_frames(root: Path, data_source: str) -> Iterator[pl.DataFrame]:
    """All files below a folder: data_source, source_id (the relative path), path, drop_reason, dropped_by.

    A file name that is not UTF-8 is dropped as `unreadable_name`: no table can hold it. A folder that may not be read
    is a row too, `unreadable`.
    """
    absolute = os.path.abspath(root)  # noqa: PTH100 - lexical: a link in a user's folder is the user's
    for names in _chunks(walk_files(root)):
        shown = [_readable(name) for name in names]
        reasons = [_why_not(absolute, name, text) for name, text in zip(names, shown, strict=True)]
        yield pl.DataFrame(
            {
                "source_id": shown,
                "path": [os.path.join(absolute, text) for text in shown],  # noqa: PTH118 - a string of a million rows
                "drop_reason": reasons,
                "dropped_by": [STEP if reason else None for reason in reasons],
            },
            schema=dict.fromkeys(("source_id", "path", "drop_reason", "dropped_by"), pl.String),
        ).with_columns(pl.lit(data_source).alias("data_source"))


def _why_not(root: str, name: str, shown: str) -> str | None:
    if name != shown:
        return "unreadable_name"
    is_image = name.lower().endswith(SUFFIXES)
    return "unreadable" if not is_image and os.path.isdir(os.path.join(root, name)) else None  # noqa: PTH112, PTH118


def find_below(root: Path, names: pl.Series) -> pl.DataFrame:
    """Where the files that a source names lie below its folder: `path`, and `reason` where there is none to open.

    The reasons: `no_path`, `outside_source` (its path is the name as it was given), `missing_file`.
    """
    absolute = os.path.abspath(root)  # noqa: PTH100
    found = [_find(absolute, name) for name in names.to_list()]
    return pl.DataFrame(found, schema={"path": pl.String, "reason": pl.String}, orient="row")


def exists(path: str) -> bool:
    """Whether a file is there; a name that no system takes is none."""
    try:
        return os.path.isfile(path)  # noqa: PTH113 - a string of a million rows
    except (OSError, ValueError):
        return False


def _find(root: str, name: str | None) -> tuple[str | None, str | None]:
    if not name:
        return None, "no_path"
    path = os.path.abspath(os.path.join(root, name))  # noqa: PTH100, PTH118
    if not path.startswith(root.rstrip(os.sep) + os.sep):
        return name, "outside_source"
    return path, None if exists(path) else "missing_file"


def _readable(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("utf-8", "backslashreplace")
    return name


def _chunks(names: Iterable[str]) -> Iterator[list[str]]:
    stream = iter(names)
    while chunk := list(islice(stream, CHUNK)):
        yield chunk
