"""The values of one column of a segment, in the form in which conditions are evaluated on them."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from thuja.errors import BadFile, UsageError
from thuja.labels import Column, Texts
from thuja.search.bits import Bits
from thuja.search.columns.arrays import ArrayFile, ArrayWriter
from thuja.search.columns.facets import Counts, code_counts
from thuja.search.columns.kinds import ColumnKind
from thuja.search.filters import Range

Mask = npt.NDArray[np.bool_]
_NUMBER: Final = r"^\s*([-+]?\d+(?:\.\d+)?)"
"""What a text begins with that counts as a number: the year of a date, the 12 of "12 cm"."""
_MOST_NUMBERS: Final = 20_000
"""Distinct numbers that are counted each by itself."""
_FEW: Final = 16
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
        codes = [self.column.code(value) for value in dict.fromkeys(values)]
        return is_any(self.column.codes, [code for code in codes if code >= 0], size=len(self.column.names))

    def within(self, bounds: Range) -> Mask:
        """The rows in a range. Between numbers, a text counts as the number that it begins with, if any."""
        if isinstance(bounds.low, str) or isinstance(bounds.high, str):
            first, stop = _text_bounds(self.column.names, bounds)
            wanted = np.zeros(len(self.column.names), dtype=bool)
            wanted[first:stop] = True
            return _spread(wanted, self.column.codes)
        texts = pl.Series(as_arrow(self.column.names), dtype=pl.String)
        numbers = texts.str.extract(_NUMBER).cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return _spread(_between(numbers, bounds.low, bounds.high), self.column.codes)

    def counts(self, kept: Bits | None) -> Counts:
        """How many of the kept rows have each value."""
        counts = code_counts(self.column.codes, kept, len(self.column.names))
        present = np.flatnonzero(counts)
        names = as_arrow(self.column.names).take(pa.array(present))
        return Counts(values=Texts(len(present), lambda: names), counts=counts[present])


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
        """How many of the kept rows have each value; raises UsageError where there are too many values."""
        numbers = self.values if kept is None else self.values[kept.mask()]
        found, counts = _tally(numbers)
        if len(found) > _MOST_NUMBERS:
            raise UsageError(
                f'the column "{self.name}" has too many different numbers to count each', hint="ask for a range of it"
            )
        return Counts.of([_written(value) for value in found.tolist()], counts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoolValues:
    """Truth values: 0, 1, and 2 where nothing is known."""

    name: str
    values: npt.NDArray[np.uint8]

    def equal(self, values: Sequence[str]) -> Mask:
        """The rows that have one of the values: true, false, yes, no, or "" for not known."""
        return is_any(self.values, [_truth(self.name, value) for value in values], size=3)

    def within(self, bounds: Range) -> Mask:
        """Raises UsageError: there is no range of truth values."""
        raise UsageError(f'the column "{self.name}" is true or false: it has no range')

    def counts(self, kept: Bits | None) -> Counts:
        """How many of the kept rows are true, false and not known."""
        counts = code_counts(self.values, kept, 3)
        present = np.flatnonzero(counts)
        return Counts.of([("false", "true", "")[code] for code in present], counts[present])


Values = TextValues | NumberValues | BoolValues


def write_column(values: pa.ChunkedArray, kind: ColumnKind, arrays: ArrayWriter) -> dict[str, Any]:
    """Write one column; returns its facts for `read_column`."""
    if kind is ColumnKind.TEXT:
        return {"kind": kind, **write_texts(Column.of(as_texts(values)), arrays)}
    if kind is ColumnKind.BOOL:
        known = pc.fill_null(values.cast(pa.int8()), _UNKNOWN).to_numpy().astype(np.uint8)
        return {"kind": kind, "values": asdict(arrays.put(known))}
    if kind is ColumnKind.NUMBER:
        return {"kind": kind, "values": asdict(arrays.put(_narrow(values)))}
    return {"kind": kind}


def read_column(name: str, facts: Mapping[str, Any], arrays: ArrayFile) -> Values:
    """What `write_column` wrote."""
    if facts["kind"] == ColumnKind.TEXT:
        return TextValues(name=name, column=read_texts(facts, arrays))
    if facts["kind"] == ColumnKind.BOOL:
        return BoolValues(name=name, values=arrays.get(facts["values"]))
    return NumberValues(name=name, values=arrays.get(facts["values"]))


def write_texts(column: Column, arrays: ArrayWriter) -> dict[str, Any]:
    """Write the codes, and the distinct texts as Arrow holds them: their letters and where each begins."""
    names = as_arrow(column.names).cast(pa.string())
    _, begins, letters = names.buffers()
    edges = np.frombuffer(begins, dtype=np.int32)[names.offset : names.offset + len(names) + 1]
    text = np.frombuffer(letters or b"", dtype=np.uint8)[edges[0] : edges[-1]]
    places = {"codes": column.codes, "edges": edges - edges[0], "letters": text}
    return {name: asdict(arrays.put(values)) for name, values in places.items()}


def read_texts(facts: Mapping[str, Any], arrays: ArrayFile) -> Column:
    """What `write_texts` wrote: texts too are mapped, and outlive their file's deletion."""
    codes, edges, letters = (arrays.get(facts[name]) for name in ("codes", "edges", "letters"))
    # Arrow believes what it is told and would read beyond the file.
    if not len(edges) or edges.dtype != np.int32 or int(edges[0]) < 0 or (edges[1:] < edges[:-1]).any():
        raise BadFile(f"{arrays.path} is damaged: its texts do not follow each other")
    if int(edges[-1]) > len(letters):
        raise BadFile(f"{arrays.path} is damaged: its texts end beyond their letters")
    names = pa.StringArray.from_buffers(len(edges) - 1, pa.py_buffer(edges), pa.py_buffer(letters))
    return Column(codes=codes, names=Texts(len(names), lambda: names))


def as_texts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Dates are written year first, anything else as Arrow writes it."""
    return values if pa.types.is_dictionary(values.type) else values.cast(pa.string())


def is_any(codes: npt.NDArray[Any], wanted: Sequence[int], *, size: int) -> Mask:
    """Where a code, of those below `size`, is one of these."""
    if len(wanted) > _FEW:
        table = np.zeros(size, dtype=bool)
        table[list(wanted)] = True
        return _spread(table, codes)
    mask = np.zeros(len(codes), dtype=bool)
    for code in wanted:
        mask |= codes == code
    return mask


def _spread(wanted: Mask, codes: npt.NDArray[Any]) -> Mask:
    """From codes (V,) to the rows that have them. Codes that follow each other are told by two comparisons."""
    places = np.flatnonzero(wanted)
    if not len(places):
        return np.zeros(len(codes), dtype=bool)
    first, last = int(places[0]), int(places[-1])
    if last - first < len(places):
        return (codes >= first) & (codes <= last)
    picked: Mask = wanted[codes]
    return picked


def as_arrow(names: Sequence[str]) -> pa.Array:
    """The names as an array of strings."""
    return names.arrow if isinstance(names, Texts) else pa.array(names, pa.string())


def texts_at(names: Sequence[str], places: npt.NDArray[np.int64]) -> list[str]:
    """The names at these places."""
    if isinstance(names, Texts):
        return list(names.take(places))
    return [names[place] for place in places.tolist()]


def _text_bounds(names: Sequence[str], bounds: Range) -> tuple[int, int]:
    """The codes of the texts from one end up to the other; what begins with the upper end lies within."""
    low = "" if bounds.low is None else str(bounds.low)
    first = max(bisect_left(names, low), 1)  # nothing known lies in no range
    if bounds.high is None:
        return first, len(names)
    high = str(bounds.high)
    return first, bisect_left(range(len(names)), x=True, key=lambda code: names[code][: len(high)] > high)


def _between(numbers: npt.NDArray[Any], low: float | None, high: float | None) -> Mask:
    # What is no number is neither greater nor less than any.
    inside: Mask = numbers <= high if low is None else numbers >= low
    if low is not None and high is not None:
        inside &= numbers <= high
    return inside


def _tally(numbers: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Each number and how often it is there. Whole ones near each other are counted without being sorted."""
    is_known = ~np.isnan(numbers)
    known = numbers if is_known.all() else numbers[is_known]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    if high - low < _MOST_NUMBERS and (known == np.floor(known)).all():
        counts = np.bincount(known.astype(np.int64) - int(low))
        found = np.flatnonzero(counts)
        often, values = counts[found], (found + int(low)).astype(np.float64)
    else:
        values, often = np.unique(known, return_counts=True)
    if len(known) == len(numbers):
        return values, often.astype(np.int64)
    return np.append(values, np.nan), np.append(often, len(numbers) - len(known)).astype(np.int64)


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
