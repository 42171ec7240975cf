"""What is read off one model, and the table that sets two models side by side on the same redrawn species."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from thuja.errors import ThujaError
from thuja.metrics.bootstrap import Interval
from thuja.metrics.ratios import Ratio, interval, redrawn
from thuja.report import Cell

COLUMNS = (
    "of", "measure", "model", "95 %", "random", "null", "p", "untrained", "95 %", "null", "model less untrained",
    "95 %", "note",
)  # fmt: skip
"""The headings of `Row.cells`. Random: a random subspace of as many dimensions, or chance. Null: subspaces drawn from
the spectrum of all variance, or labels permuted within species."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One number of one model: a ratio of sums over species, with what would stand there by chance.

    `random` and `null` are as in COLUMNS, each a mean with the middle 95 % of its draws; `p_value` is the share of
    permutations that do as well, `below` and `below_random` those of the null's and of random subspaces that hold no
    more, the number counted with them. `null_ratio` is the mean of a null that brings something of each species, so
    that the difference is a paired one. `note` says what a reader must know.
    """

    part: str
    measure: str
    ratio: Ratio
    random: Interval | None = None
    null: Interval | None = None
    p_value: float | None = None
    below: float | None = None
    below_random: float | None = None
    null_ratio: Ratio | None = None
    note: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What two models are compared by."""
        return self.part, self.measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table: the model's number, the untrained tower's on the same images, and their paired difference.

    Intervals are over redrawn species, given the span of all of them: a span of redrawn species has fewer dimensions.
    """

    part: str
    measure: str
    model: Interval
    random: Interval | None = None
    null: Interval | None = None
    p_value: float | None = None
    untrained: Interval | None = None
    untrained_null: Interval | None = None
    difference: Interval | None = None
    note: str = ""

    def cells(self) -> tuple[Cell, ...]:
        """The line as thuja.report takes it, under COLUMNS."""
        return (
            self.part,
            self.measure,
            *_told(self.model),
            _value(self.random),
            _value(self.null),
            None if self.p_value is None else f"{self.p_value:.3f}",
            *_told(self.untrained),
            _value(self.untrained_null),
            *_told(self.difference),
            self.note,
        )


def rows_of(
    readings: Sequence[Reading], untrained: Sequence[Reading], generator: np.random.Generator
) -> tuple[Row, ...]:
    """The table of one model, or of two on the same species: a row for each reading of the first."""
    others = {reading.key: reading for reading in untrained}
    rows = []
    for reading in readings:
        other = others.get(reading.key)
        drawn = redrawn([reading.ratio, *([] if other is None else [other.ratio])], generator)  # (1 + B, 1 or 2)
        own, theirs = drawn[:, 0], None if other is None else drawn[:, 1]
        rows.append(
            Row(
                part=reading.part,
                measure=reading.measure,
                model=interval(own),
                random=reading.random,
                null=reading.null,
                p_value=reading.p_value,
                untrained=None if theirs is None else interval(theirs),
                untrained_null=None if other is None else other.null,
                difference=None if theirs is None else interval(own - theirs),
                note=reading.note,
            )
        )
    return tuple(rows)


def table_of(rows: Sequence[Row]) -> pa.Table:
    """The rows with every number in full, for a CSV or Parquet file."""
    columns: dict[str, list[str | float | None]] = {}
    for row in rows:
        told: dict[str, str | float | None] = {"of": row.part, "measure": row.measure}
        for name in ("model", "random", "null", "untrained", "untrained_null", "difference"):
            one: Interval | None = getattr(row, name)
            ends = (None, None, None) if one is None else (one.value, one.low, one.high)
            told |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
        for name, value in (told | {"p_value": row.p_value, "note": row.note}).items():
            columns.setdefault(name, []).append(value)
    words = ("of", "measure", "note")
    return pa.table(
        {name: pa.array(column, pa.string() if name in words else pa.float64()) for name, column in columns.items()}
    )


def find(rows: Sequence[Row], part: str, measure: str) -> Row:
    """The row of that name; raises ThujaError."""
    for row in rows:
        if (row.part, row.measure) == (part, measure):
            return row
    raise ThujaError(f'no measure "{measure}" of {part}', hint=", ".join(f"{row.part}: {row.measure}" for row in rows))


def _told(one: Interval | None) -> tuple[Cell, Cell]:
    if one is None:
        return None, None
    is_drawn = np.isfinite(one.value) and one.low != one.high
    return _number(one.value), f"{_number(one.low)} to {_number(one.high)}" if is_drawn else None


def _value(one: Interval | None) -> Cell:
    return None if one is None else _number(one.value)


def _number(value: float) -> str | None:
    if not np.isfinite(value):
        return None
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
