"""Column expressions that every reader needs: traits as JSON text, numbers out of text, drops, tables of rows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from thuja.curate.rows import STEP_SCHEMA
from thuja.taxonomy import RANKS

STEP = "read"
"""The name of the step that readers drop rows in."""

_POLARS: Mapping[pa.DataType, pl.DataType] = {
    pa.string(): pl.String(),
    pa.int64(): pl.Int64(),
    pa.float64(): pl.Float64(),
    pa.bool_(): pl.Boolean(),
}
COLUMNS: Mapping[str, pl.DataType] = {field.name: _POLARS[field.type] for field in STEP_SCHEMA}
"""The columns that a reader may yield, with their types."""

_URL = r"(?i)^https?://[^\s/]+"


def text_or_null(column: str) -> pl.Expr:
    """The column as text without blanks around it; null where nothing is left."""
    stripped = pl.col(column).cast(pl.String).str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def as_int(column: str | pl.Expr) -> pl.Expr:
    """Whole numbers out of text or floats (`3.0`); null for what is none."""
    return as_float(column).cast(pl.Int64, strict=False)


def as_float(column: str | pl.Expr) -> pl.Expr:
    """Finite numbers out of text; null for what is none, NaN and infinity included."""
    expression = pl.col(column) if isinstance(column, str) else column
    number = expression.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


def traits_of(columns: Mapping[str, str]) -> pl.Expr:
    """A JSON object of the columns by their trait names, keys sorted, without nulls, NaN and empty text.

    Null where nothing is left. `json.dumps(..., sort_keys=True)` row by row gives the same, several times as slowly.
    """
    members = []
    for name, column in sorted(columns.items()):
        value = pl.struct(pl.col(column).alias("v")).struct.json_encode()
        value = value.str.strip_prefix('{"v":').str.strip_suffix("}")
        says_something = ~value.is_in(["null", '""'])
        members.append(pl.when(says_something).then(pl.lit(f"{json.dumps(name)}: ") + value))
    if not members:
        return pl.lit(None, pl.String)
    joined = pl.concat_str(members, separator=", ", ignore_nulls=True)
    return pl.when(joined != "").then(pl.lit("{") + joined + pl.lit("}"))


def dropped(reason: pl.Expr) -> list[pl.Expr]:
    """The two drop columns, from an expression that is null for rows to keep."""
    return [reason.alias("drop_reason"), pl.when(reason.is_not_null()).then(pl.lit(STEP)).alias("dropped_by")]


def first_reason(cases: Iterable[tuple[pl.Expr, str]]) -> pl.Expr:
    """The reason of the first case that holds; null where none does."""
    reason = pl.lit(None, pl.String)
    for case, word in reversed([*cases]):
        reason = pl.when(case).then(pl.lit(word)).otherwise(reason)
    return reason


def is_url(column: str) -> pl.Expr:
    """Whether the cell is an address that a browser would fetch; other schemes (`file:`) are none."""
    return pl.col(column).str.contains(_URL).fill_null(value=False)


def has_broken_names() -> pl.Expr:
    """Whether a row's names are no names: a cell without a letter (`1827)`), half a bracket, an address.

    Some of GBIF's lines were split at a separator within a cell, so that all cells behind it moved.
    """
    names = [pl.col(rank.label).fill_null("x") for rank in RANKS]
    return pl.any_horizontal(
        ~name.str.contains(r"\p{L}")
        | (name.str.count_matches(r"\(") != name.str.count_matches(r"\)"))
        | name.str.contains("://")
        for name in names
    )


def frame_of_rows(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Python rows as a frame with the columns that any of them has; values must be of their columns' types."""
    names = [name for name in COLUMNS if any(name in row for row in rows)]
    return pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in names}, schema={name: COLUMNS[name] for name in names}
    )
