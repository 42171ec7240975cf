"""What kind of values a column holds, and so what can be asked of it."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from thuja.errors import UnknownName, UsageError
from thuja.search.filters import Filter
from thuja.taxonomy import RANKS

RANK_NAMES: Final = tuple(rank.label for rank in RANKS)
COMMON_NAMES: Final = ("common", "common_name")
"""The columns that may hold a taxon's common name, the first that is there."""
LATITUDES: Final = ("latitude", "decimalLatitude", "decimal_latitude")
LONGITUDES: Final = ("longitude", "decimalLongitude", "decimal_longitude")
ID: Final = "uuid"
_ALWAYS_CODED: Final = 10_000
"""A column of no more distinct texts is coded, however few rows share one."""
_DATE: Final = r"^\d{4}-\d{2}-\d{2}"
_MOSTLY: Final = 0.9
_MOST_DATES: Final = 50_000_000
"""Dates with the time of day differ from row to row, and are asked for by ranges: in so many rows they are coded."""


class ColumnKind(StrEnum):
    """Text, number and bool can be filtered by; a text of which nearly every row has its own cannot, but for dates."""

    TEXT = "text"
    NUMBER = "number"
    BOOL = "bool"
    DISTINCT = "distinct"


def kinds_of(table: pa.Table) -> dict[str, ColumnKind]:
    """The kind of every column of a table; `uuid`, vectors, lists and structs are left out."""
    kinds = {field.name: _kind(field, table.column(field.name)) for field in table.schema if field.name != ID}
    return {name: kind for name, kind in kinds.items() if kind is not None}


def merged_kinds(parts: Iterable[Mapping[str, ColumnKind]]) -> dict[str, ColumnKind]:
    """The kinds of an index, given those of its segments: what cannot be asked of one cannot be asked of all.

    Raises UsageError for a column of which one holds numbers and another texts.
    """
    merged: dict[str, ColumnKind] = {}
    for part in parts:
        for name, kind in part.items():
            known = merged.setdefault(name, kind)
            if known == kind:
                continue
            if {known, kind} != {ColumnKind.TEXT, ColumnKind.DISTINCT}:
                raise UsageError(f'the column "{name}" holds values of kind {known} in one part, {kind} in another')
            merged[name] = ColumnKind.DISTINCT
    return merged


def place_columns(kinds: Mapping[str, ColumnKind]) -> list[tuple[str, str]]:
    """The pairs of columns that hold latitude and longitude: of files that spell them otherwise there are several."""
    pairs = zip(LATITUDES, LONGITUDES, strict=True)
    return [pair for pair in pairs if all(kinds.get(name) is ColumnKind.NUMBER for name in pair)]


def require_filterable(filter: Filter, kinds: Mapping[str, ColumnKind]) -> None:
    """Raise UnknownName for a column that there is not, UsageError for one that is not filtered by."""
    for name in (*filter.equals, *filter.ranges):
        require_column(name, kinds)
    for name in filter.ranges:
        if kinds.get(name) is ColumnKind.BOOL:
            raise UsageError(f'the column "{name}" is true or false: it has no range', hint=f"{name}=true")
    if (filter.box is not None or filter.region is not None) and not place_columns(kinds):
        asked = "region" if filter.box is None else "box"
        raise UsageError(
            f"a {asked} needs the columns latitude and longitude, which this index does not have",
            hint="columns are brought in when the index is built",
        )
    if (filter.within or filter.excludes) and not any(name in kinds for name in RANK_NAMES):
        raise UsageError("this index has no lineages: it cannot be filtered by taxon")


def require_column(name: str, kinds: Mapping[str, ColumnKind]) -> None:
    """Raise where a column cannot be filtered or counted by."""
    filterable = sorted(known for known, kind in kinds.items() if kind is not ColumnKind.DISTINCT)
    if name not in kinds:
        raise UnknownName.of("column", name[:80], filterable)
    if kinds[name] is ColumnKind.DISTINCT:
        raise UsageError(
            f'the column "{name}" is not filtered by: nearly every row has a value of its own',
            hint=f"columns to filter by: {', '.join(filterable)}",
        )


def _kind(field: pa.Field, column: pa.ChunkedArray) -> ColumnKind | None:
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if pa.types.is_boolean(kind):
        return ColumnKind.BOOL
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return ColumnKind.NUMBER
    if pa.types.is_null(kind):
        return ColumnKind.TEXT
    if not is_text(kind):
        return None
    if field.name in RANK_NAMES:
        return ColumnKind.TEXT
    wide = column.cast(pa.string()).cast(pa.large_string())  # of no other type of string, and of 2 GB of none but this
    distinct = pc.count_distinct(wide, mode="only_valid").as_py()
    known = len(column) - column.null_count
    if distinct <= max(_ALWAYS_CODED, known // 2):
        return ColumnKind.TEXT
    dates = pc.sum(pc.match_substring_regex(wide, _DATE)).as_py()
    return ColumnKind.TEXT if known <= _MOST_DATES and dates >= _MOSTLY * known else ColumnKind.DISTINCT


def is_text(kind: pa.DataType) -> bool:
    """Whether values of an Arrow type are taken as texts: strings, and dates, which are written year first."""
    is_string = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return bool(is_string or pa.types.is_temporal(kind))
