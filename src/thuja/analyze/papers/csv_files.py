"""CSV tables as they are downloaded: rows as texts, columns found by the names that they may have."""

import csv
from collections.abc import Sequence
from pathlib import Path

from thuja.errors import BadFile, EmptyInput

Rows = Sequence[dict[str, str]]


def read_csv(path: Path, columns: Sequence[str] = (), *, layout: str = "") -> Rows:
    """The rows of a table that must have these columns; a row that is cut short has "" in the others.

    Raises BadFile where it is missing, no table in UTF-8, or lacks a column (`layout` is the hint), EmptyInput without
    a row.
    """
    if not path.is_file():
        raise BadFile(f"there is no {path.name} in {path.parent}", hint=layout)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *lines = [cells for cells in csv.reader(file) if cells] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{path} is not a CSV table in UTF-8: {error}", hint="save it as CSV, UTF-8") from error
    missing = [column for column in columns if column not in header]
    if missing:
        have = ", ".join(filter(None, header)) or "none"
        raise BadFile(f"{path} has no column {', '.join(missing)}; it has {have}", hint=layout)
    if not lines:
        raise EmptyInput(f"{path} has no row", hint="its first line is the header, then a line an image")
    for number, cells in enumerate(lines, start=2):
        if len(cells) > len(header):
            raise BadFile(
                f"row {number} of {path} has {len(cells)} cells, and the header {len(header)}",
                hint="a name with a comma stands in quotes",
            )
    return [dict(zip(header, [*cells, *[""] * (len(header) - len(cells))], strict=True)) for cells in lines]


def column_among(rows: Rows, names: Sequence[str]) -> str:
    """The first of some names that is a column, in any case and spacing; "" where none is."""
    known = {_plain(column): column for column in rows[0]}
    return next((known[_plain(name)] for name in names if _plain(name) in known), "")


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
