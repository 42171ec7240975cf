"""Reading the columns that are wanted from a delimited file of any length, as text."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from thuja.errors import BadFile

MAX_COLUMNS = 1000
"""No taxonomy has a tenth as many."""
_MAX_HEADER = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A delimited file: its columns in order, and how it divides them. `quote` is None where quotes are letters."""

    path: Path
    columns: tuple[str, ...]
    separator: str = "\t"
    quote: str | None = None
    header_lines: int = 1
    name: str = ""

    def __post_init__(self) -> None:
        if len(self.columns) > MAX_COLUMNS:
            raise BadFile(f"{self.name} has more than {MAX_COLUMNS:,} columns", hint="it is not what it should be")

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    def require(self, *columns: str) -> None:
        """Raise BadFile when one of these columns is not there."""
        missing = [column for column in columns if column not in self.columns]
        if missing:
            found = ", ".join(column for column in self.columns if column)[:300]
            raise BadFile(f"{self.name} has no column {', '.join(missing)}", hint=f"found: {found}")

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        """These columns, all text, an empty cell null; one that the file does not have is all null.

        Raises BadFile for another encoding than UTF-8, rows with too many cells, a last row cut short.
        """
        self._require_end()
        positions = {column: f"c{self.columns.index(column)}" for column in columns if column in self.columns}
        lazy = pl.scan_csv(
            self.path,
            separator=self.separator,
            quote_char=self.quote,
            has_header=self.header_lines > 0,
            skip_rows=max(self.header_lines - 1, 0),
            new_columns=[f"c{place}" for place in range(len(self.columns))],
            infer_schema=False,
        )
        missing = [pl.lit(None, dtype=pl.String).alias(column) for column in columns if column not in positions]
        real = [pl.col(place).alias(column) for column, place in positions.items()] or [pl.col("c0")]
        try:
            return lazy.select(real).collect().with_columns(missing).select(columns)
        except pl.exceptions.NoDataError:
            return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _bad_table(self.name, error) from error

    def _require_end(self) -> None:
        """A file that ends inside a row was cut short; one that only lacks its last line break is whole."""
        with self.path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(max(0, size - _MAX_HEADER))
            end = file.read()
        last = end[end.rfind(b"\n") + 1 :]
        if last and self.quote is None and last.count(self.separator.encode()) < len(self.columns) - 1:
            raise BadFile(f"{self.name} ends inside a row, as a file cut short does", hint="fetch the archive again")


def _bad_table(name: str, error: Exception) -> BadFile:
    text = str(error)
    if "utf-8" in text.lower() or "utf8" in text.lower():
        return BadFile(f"{name} is not written in UTF-8", hint="convert it, as with: iconv -f latin1 -t utf-8")
    if "more fields than" in text or "ragged" in text:
        return BadFile(f"{name} has a row with more cells than columns", hint="is it divided by another sign?")
    return BadFile(f"{name} cannot be read: {text.splitlines()[0][:200]}", hint="fetch the archive again")


def first_line(path: Path, name: str) -> str:
    """The first line without its break, byte order mark taken off; raises BadFile when it is no text."""
    with path.open("rb") as file:
        start = file.readline(_MAX_HEADER)
    if not start:
        raise BadFile(f"{name} is empty", hint="fetch the archive again")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in start:
        raise BadFile(f"{name} is not written in UTF-8", hint="convert it, as with: iconv -f utf-16 -t utf-8")
    try:
        return start.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise BadFile(f"{name} is not written in UTF-8", hint="convert it, as with: iconv -f latin1 -t utf-8") from None


def with_header(path: Path, name: str) -> Table:
    """A table whose first line names its columns, `dwc:` and `col:` in front of them left off.

    Divided by commas, with quotes, where the file's name ends in .csv and no tab says otherwise.
    """
    line = first_line(path, name)
    is_csv = name.lower().endswith(".csv") and "\t" not in line
    cells = next(csv.reader([line])) if is_csv else line.split("\t")
    columns = tuple(cell.strip().strip('"').rpartition(":")[2] for cell in cells)
    return Table(
        path=path, columns=columns, separator="," if is_csv else "\t", quote='"' if is_csv else None, name=name
    )


def barred(path: Path, name: str, columns: Sequence[str] | None = None) -> Table:
    """A table of NCBI's kind: cells divided by tab, bar, tab, and a bar at the end of each row.

    Read as divided by tabs, with the bars as columns of their own; where there are no bars, plainly.
    `columns` names the cells where the file has no header.
    """
    cells = first_line(path, name).split("\t")
    step = 2 if len(cells) > 1 and cells[1] == "|" else 1
    named = list(columns) if columns is not None else [cell.strip() for cell in cells[::step] if cell.strip()]
    places = [""] * len(cells)
    for place, column in zip(range(0, len(cells), step), named, strict=False):
        places[place] = column
    return Table(path=path, columns=tuple(places), header_lines=0 if columns is not None else 1, name=name)
