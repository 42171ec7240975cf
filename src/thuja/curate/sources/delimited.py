"""CSV and TSV files read in pieces, as text: plain or gzip, of any length."""

import csv
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import polars as pl
import pyarrow as pa
import pyarrow.csv as pc

from thuja.curate.sources.spec import CHUNK, Notes
from thuja.errors import BadFile, UsageError

_BLOCK = 32 * 2**20
"""Bytes read at once, and the longest line that can be: a cell of ten megabytes passes."""
_HINT = "a table in UTF-8 with a header line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a file parts its cells; with `quoted`, cells in double quotes may hold separators and line ends."""

    separator: str = ","
    quoted: bool = True

    @classmethod
    def of(cls, path: Path) -> "Dialect":
        """By the file's name: `.tsv` and `.tab` are parted by tabs, all others by commas."""
        stem = path.name.lower().removesuffix(".gz")
        return cls(separator="\t" if stem.endswith((".tsv", ".tab")) else ",")


def read_header(path: Path, dialect: Dialect) -> list[str]:
    """The column names; a name that comes twice gets a number. Raises UsageError or BadFile."""
    try:
        with _opened_as_text(path) as file:
            line = csv.reader(
                file, delimiter=dialect.separator, quoting=csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE
            )
            names = next(line, [])
    except FileNotFoundError:
        raise UsageError(f"there is no table at {path}") from None
    except (OSError, EOFError, ValueError, csv.Error, zlib.error) as error:
        raise BadFile(f"the table {path} cannot be read: {error}", hint=_HINT) from error
    if not any(name.strip() for name in names):
        raise BadFile(f"the table {path} cannot be read: it has no header line", hint=_HINT)
    return _numbered([name.strip() for name in names])


def require_columns(path: Path, header: list[str], needed: tuple[str, ...], dialect: Dialect) -> None:
    """Raise BadFile where a table lacks columns that its kind must have."""
    missing = [name for name in needed if name not in header]
    if missing:
        separator = "tabs" if dialect.separator == "\t" else f'"{dialect.separator}"'
        found = ", ".join(header)
        raise BadFile(
            f"the table {path} has no column {', '.join(missing)}, only {found:.300}",
            hint=f"the columns must be parted by {separator}",
        )


def read_delimited(path: Path, dialect: Dialect, notes: Notes) -> Iterator[pl.DataFrame]:
    """The lines of a table as frames of text, null where a cell is empty.

    A line with too few or too many cells is left out and counted in the notes as `broken_line`. Raises BadFile for a
    file that is cut short, of another encoding, or that has a line of more than 32 MB.
    """
    header = read_header(path, dialect)

    def skip(row: pc.InvalidRow) -> str:
        notes["broken_line"] += 1
        return "skip"

    try:
        with pa.input_stream(str(path), compression="gzip" if path.name.lower().endswith(".gz") else None) as file:
            reader = pc.open_csv(
                file,
                read_options=pc.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=header, skip_rows=1),
                parse_options=pc.ParseOptions(
                    delimiter=dialect.separator,
                    quote_char='"' if dialect.quoted else False,
                    newlines_in_values=dialect.quoted,
                    invalid_row_handler=skip,
                ),
                convert_options=pc.ConvertOptions(column_types=dict.fromkeys(header, pa.string())),
            )
            for batch in reader:
                frame = pl.DataFrame(pl.from_arrow(batch))
                yield from frame.with_columns(pl.all().replace("", None)).iter_slices(CHUNK)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        why = str(error).partition("\n")[0]
        if "Empty CSV" in why or "Could not skip initial" in why:  # a header alone
            return
        if "straddling" in why:
            why = f"a line is longer than {_BLOCK >> 20} MB (an open quote, or another separator?)"
        raise BadFile(f"the table {path} cannot be read: {why}", hint=f"{_HINT}, not cut short") from error


def _opened_as_text(path: Path) -> IO[str]:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _numbered(names: list[str]) -> list[str]:
    seen: set[str] = set()
    for number, name in enumerate(names):
        names[number] = name if name not in seen else f"{name}_{number}"
        seen.add(names[number])
    return names
