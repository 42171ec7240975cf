"""Tables of any length in pieces, with the types of their cells: CSV and TSV (plain or gzip), Parquet."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa

from thuja.curate.sources.parquet_files import parquet_frames, parquet_schema
from thuja.curate.sources.spec import Notes
from thuja.curate.sources.text_tables import TextTable

TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".csv.gz", ".tsv.gz", ".parquet", ".pq")

_PATTERNS = {
    pl.Boolean(): r"^(true|false)$",
    pl.Int64(): r"^-?(0|[1-9]\d{0,17})$",  # a number with zeros before it is a code
    pl.Float64(): r"^-?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?$",
}


def is_parquet(table: Path) -> bool:
    return table.suffix.lower() in (".parquet", ".pq")


def read_table_header(table: Path) -> list[str]:
    """The column names; columns of bytes are left out. Raises BadFile."""
    if is_parquet(table):
        return [field.name for field in parquet_schema(table) if not holds_bytes(field.type)]
    return TextTable.of(table).header


def read_typed(table: Path, typed: tuple[str, ...], notes: Notes) -> Iterator[pl.DataFrame]:
    """The rows in pieces. Of a CSV, the columns `typed` get the narrowest type that fits all of their cells.

    All other columns of a CSV are text; those of Parquet have their own types, nested ones are text. A CSV is read
    twice for the types, because the last line may be the one that is no number. Raises BadFile.
    """
    if is_parquet(table):
        yield from (plain(frame) for frame in parquet_frames(table, read_table_header(table)))
        return
    text = TextTable.of(table)
    kinds = _find_types(text, typed) if typed else {}
    for frame in text.frames(notes):
        yield frame.with_columns(_cast(name, kind) for name, kind in kinds.items())


def holds_bytes(kind: pa.DataType) -> bool:
    """Whether cells are bytes, or nested with bytes in them: images, which no column of the catalog takes."""
    if pa.types.is_nested(kind):
        return any(holds_bytes(kind.field(number).type) for number in range(kind.num_fields))
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with dates and nested cells as text; text, numbers and truths as they are."""
    words = [name for name, kind in frame.schema.items() if kind in (pl.Categorical, pl.Enum)]
    frame = frame.with_columns(pl.col(words).cast(pl.String)) if words else frame
    other = [name for name, kind in frame.schema.items() if not (kind.is_numeric() or kind in (pl.String, pl.Boolean))]
    return frame.with_columns(
        pl.Series(name, [None if cell is None else str(cell) for cell in frame[name].to_list()], pl.String)
        for name in other
    )


def _find_types(table: TextTable, columns: tuple[str, ...]) -> dict[str, pl.DataType]:
    """The columns that are no plain text, with their types."""
    possible = {name: list(_PATTERNS) for name in columns}
    seen: set[str] = set()
    for frame in table.frames(Notes(), columns):
        for name, kinds in possible.items():
            cells = frame[name].drop_nulls()
            if len(cells):
                seen.add(name)
                possible[name] = [kind for kind in kinds if cells.str.contains(_PATTERNS[kind]).all()]
    return {name: kinds[0] for name, kinds in possible.items() if kinds and name in seen}


def _cast(name: str, kind: pl.DataType) -> pl.Expr:
    return (pl.col(name) == "true").alias(name) if kind == pl.Boolean() else pl.col(name).cast(kind)
