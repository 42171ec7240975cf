"""The values of one column of a segment, in the form in which conditions are evaluated on them."""

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from thuja.errors import BadFile, UsageError
from thuja.labels import Column, Texts
from thuja.search.bits import Bits
from thuja.search.columns.arrays import ArrayFile, ArrayWriter
from thuja.search.columns.facets import Counts, code_counts
from thuja.search.columns.kinds import ColumnKind
from thuja.search.filters import Range

Mask = npt.NDArray[np.bool_]
_NUMBER: Final = re.compile(r"\s*([-+]?\d+(?:\.\d+)?)")
_TRUE: Final = ("true", "yes", "1")
_FALSE: Final = ("false", "no", "0")
_UNKNOWN: Final = 2
"""What stands in a column of truth values where nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextValues:
    """Texts as codes into the sorted distinct ones; code 0 where there is none."""

    name: str
    column: Column

    def equal(self, values: Sequence[str]) -> Mask:
        """The rows that have one of the values."""
        found = self.column.codes_of(list(values))
        return is_any(self.column.codes, found[found >= 0])

    def within(self, bounds: Range) -> Mask:
        """The rows in a range. Between numbers, a text counts as the number that it begins with, if any."""
        if isinstance(bounds.low, str) or isinstance(bounds.high, str):
            first, stop = _text_bounds(self.column.names, bounds)
            codes = self.column.codes
            return (codes >= first) & (codes < stop) if first < stop else np.zeros(len(codes), dtype=bool)
        numbers = np.array([_leading_number(text) for text in self.column.names])
        inside: Mask = _between(numbers, bounds.low, bounds.high)[self.column.codes]
        return inside

    def counts(self, kept: Bits | None) -> Counts:
        """How many of the kept rows have each value."""
        counts = code_counts(self.column.codes, kept, len(self.column.names))
        present = np.flatnonzero(counts)
        return Counts(values=texts_at(self.column.names, present), counts=counts[present])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumberValues:
    """Numbers, NaN where there is none."""

    name: str
    values: npt.NDArray[Any]

    def equal(self, values: Sequence[str]) -> Mask:
        """The rows that have one of the values; raises UsageError for one that is no number."""
        mask = np.zeros(len(self.values), dtype=bool)
        for value in values:
            mask |= self.values == _number(self.name, value) if value.strip() else np.isnan(self.values)
        return mask

    def within(self, bounds: Range) -> Mask:
        """The rows in a range; raises UsageError where an end is no number."""
        low, high = (None if end is None else _number(self.name, end) for end in (bounds.low, bounds.high))
        return _between(self.values, low, high)

    def counts(self, kept: Bits | None) -> Counts:
        """How many of the kept rows have each value."""
        found, counts = np.unique(self.values if kept is None else self.values[kept.mask()], return_counts=True)
        return Counts(values=[_written(value) for value in found.tolist()], counts=counts.astype(np.int64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoolValues:
    """Truth values: 0, 1, and 2 where nothing is known."""

    name: str
    values: npt.NDArray[np.uint8]

    def equal(self, values: Sequence[str]) -> Mask:
        """The rows that have one of the values: true, false, yes, no, or "" for not known."""
        return is_any(self.values, np.array([_truth(self.name, value) for value in values], dtype=np.int64))

    def within(self, bounds: Range) -> Mask:
        """Raises UsageError: there is no range of truth values."""
        raise UsageError(f'the column "{self.name}" is true or false: it has no range')

    def counts(self, kept: Bits | None) -> Counts:
        """How many of the kept rows are true, false and not known."""
        counts = code_counts(self.values, kept, 3)
        present = np.flatnonzero(counts)
        return Counts(values=[("false", "true", "")[code] for code in present], counts=counts[present])


Values = TextValues | NumberValues | BoolValues


def write_column(name: str, values: pa.ChunkedArray, kind: ColumnKind, *, arrays: ArrayWriter, out: Path) -> Any:
    """Write one column and return its facts for `read_column`; `out` is where a dictionary of texts goes."""
    if kind is ColumnKind.TEXT:
        return {"kind": kind, **write_texts(Column.of(as_texts(values)), arrays=arrays, out=out)}
    if kind is ColumnKind.BOOL:
        known = pc.fill_null(values.cast(pa.int8()), _UNKNOWN).to_numpy().astype(np.uint8)
        return {"kind": kind, "values": asdict(arrays.put(known))}
    if kind is ColumnKind.NUMBER:
        return {"kind": kind, "values": asdict(arrays.put(_narrow(values)))}
    return {"kind": kind}


def read_column(name: str, facts: Mapping[str, Any], *, arrays: ArrayFile, folder: Path) -> Values:
    """What `write_column` wrote."""
    if facts["kind"] == ColumnKind.TEXT:
        return TextValues(name=name, column=read_texts(facts, arrays=arrays, folder=folder))
    if facts["kind"] == ColumnKind.BOOL:
        return BoolValues(name=name, values=arrays.get(facts["values"]))
    return NumberValues(name=name, values=arrays.get(facts["values"]))


def write_texts(column: Column, *, arrays: ArrayWriter, out: Path) -> dict[str, Any]:
    """Write codes among the arrays and the distinct texts as a Parquet file `out`."""
    names = column.names.arrow if isinstance(column.names, Texts) else pa.array(column.names, pa.string())
    pq.write_table(pa.table({"text": names}), out)
    return {"codes": asdict(arrays.put(column.codes)), "names": out.name, "count": len(names)}


def read_texts(facts: Mapping[str, Any], *, arrays: ArrayFile, folder: Path) -> Column:
    """What `write_texts` wrote; the distinct texts are read when the first is asked for."""
    path = folder / facts["names"]
    return Column(codes=arrays.get(facts["codes"]), names=Texts(facts["count"], _reading(path)))


def as_texts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Dates are written year first, anything else as Arrow writes it."""
    return values if pa.types.is_dictionary(values.type) else values.cast(pa.string())


def is_any(codes: npt.NDArray[Any], wanted: npt.NDArray[np.int64]) -> Mask:
    """Where a code is one of a few that are wanted."""
    mask = np.zeros(len(codes), dtype=bool)
    if len(wanted) > 4:
        table = np.zeros(int(codes.max(initial=0)) + 1, dtype=bool)
        table[wanted] = True
        picked: Mask = table[codes]
        return picked
    for code in wanted.tolist():
        mask |= codes == code
    return mask


def texts_at(names: Sequence[str], places: npt.NDArray[np.int64]) -> list[str]:
    """The names at these places."""
    if isinstance(names, Texts):
        return list(names.take(places))
    return [names[place] for place in places.tolist()]


def _reading(path: Path) -> Callable[[], pa.Array]:
    def read() -> pa.Array:
        try:
            return pq.read_table(path).column("text").combine_chunks()
        except (OSError, pa.ArrowException) as error:
            raise BadFile(f"{path} cannot be read: {error}") from error

    return read


def _text_bounds(names: Sequence[str], bounds: Range) -> tuple[int, int]:
    """The codes of the texts from one end up to the other; what begins with the upper end lies within."""
    low = "" if bounds.low is None else str(bounds.low)
    first = max(bisect_left(names, low), 1)  # nothing known lies in no range
    if bounds.high is None:
        return first, len(names)
    high = str(bounds.high)
    return first, bisect_left(range(len(names)), x=True, key=lambda code: names[code][: len(high)] > high)


def _between(numbers: npt.NDArray[Any], low: float | None, high: float | None) -> Mask:
    inside: Mask = ~np.isnan(numbers)
    if low is not None:
        inside &= numbers >= low
    if high is not None:
        inside &= numbers <= high
    return inside


def _leading_number(text: str) -> float:
    found = _NUMBER.match(text)
    return float(found[1]) if found else float("nan")


def _number(column: str, value: float | str) -> float:
    try:
        return float(value)
    except ValueError:
        raise UsageError(f'the column "{column}" holds numbers, got "{str(value)[:80]}"') from None


def _truth(column: str, value: str) -> int:
    word = value.strip().lower()
    if word not in (*_TRUE, *_FALSE, ""):
        raise UsageError(f'the column "{column}" is true or false, got "{value[:80]}"')
    return _UNKNOWN if not word else int(word in _TRUE)


def _written(value: float) -> str:
    if value != value:
        return ""
    return str(int(value)) if float(value).is_integer() else repr(value)


def _narrow(values: pa.ChunkedArray) -> npt.NDArray[Any]:
    """In as few bytes as hold every number exactly; NaN where there is none."""
    if pa.types.is_integer(values.type) and not values.null_count:
        whole: npt.NDArray[Any] = values.to_numpy()
        bounds = (whole.min(), whole.max()) if len(whole) else (0, 0)
        smallest = np.result_type(*(np.min_scalar_type(bound) for bound in bounds))
        return whole.astype(smallest)
    wide: npt.NDArray[np.float64] = pc.fill_null(values.cast(pa.float64(), safe=False), float("nan")).to_numpy()
    with np.errstate(over="ignore"):
        half = wide.astype(np.float32)
    return half if np.array_equal(half.astype(np.float64), wide, equal_nan=True) else wide
