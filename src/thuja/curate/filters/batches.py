"""A filter's function on polars batches, as a column expression of Daft's."""

from collections.abc import Callable, Sequence
from typing import cast

import daft
import polars as pl
from daft import DataType, Series, col

from thuja.curate.steps import Frame, mark_dropped

Reasons = Callable[[pl.DataFrame], pl.DataFrame]
"""From a batch to its `reason` (null: keep) and any of the columns that a filter fills."""

_FILLED = {
    "reason": DataType.string(),
    "img_type": DataType.string(),
    "sharpness": DataType.float64(),
    "contrast": DataType.float64(),
    "person_score": DataType.float64(),
    "animal_score": DataType.float64(),
    "specimen_class": DataType.string(),
}
"""Every column that some filter gives."""
_BATCH = 50_000


def filled_struct() -> DataType:
    """The type of what a filter's column expression gives: `reason` and every column that some filter fills."""
    kind: DataType = DataType.struct(_FILLED)
    return kind


def batch_of(columns: Sequence[str], values: Sequence[Series]) -> pl.DataFrame:
    """Daft's columns as a polars batch."""
    pairs = zip(columns, values, strict=True)
    return pl.DataFrame({name: pl.from_arrow(column.to_arrow()) for name, column in pairs})


def as_struct(found: pl.DataFrame, rows: int) -> object:
    """What a filter found, as one Arrow column of `filled_struct`; null where it says nothing."""
    assert found.height == rows, "a filter must answer for every row"
    nulls = [pl.lit(None, pl.String).alias(name) for name in _FILLED if name not in found.columns]
    kinds = [(name, pl.String() if kind == DataType.string() else pl.Float64()) for name, kind in _FILLED.items()]
    answer = found.with_columns(nulls).select(pl.col(name).cast(kind) for name, kind in kinds)
    return answer.to_struct("found").to_arrow()


@daft.cls(use_process=False)
class BatchFilter:
    """Calls a filter's function on batches of named columns."""

    def __init__(self, function: Reasons, columns: Sequence[str]) -> None:
        self._function = function
        self._columns = tuple(columns)

    @daft.method.batch(return_dtype=filled_struct(), batch_size=_BATCH)
    def look(self, *values: Series) -> object:
        """The filled columns of each row as one struct."""
        batch = batch_of(self._columns, values)
        return as_struct(self._function(batch), batch.height)


def filtered(frame: Frame, function: Reasons, columns: Sequence[str], *, step: str, fills: Sequence[str] = ()) -> Frame:
    """The frame with the rows dropped for which `function` has a reason, and the columns `fills` taken from it.

    A function is asked about every row, also those that are dropped already: `drop_reason` is among
    the columns for those that want to spare themselves the work.
    """
    look = cast(Callable[..., daft.Expression], BatchFilter(function, columns).look)  # on columns, an expression
    frame = frame.with_column("found", look(*(col(name) for name in columns)))
    if fills:
        frame = frame.with_columns({name: col("found")[name] for name in fills})
    return mark_dropped(frame, col("found")["reason"], step).exclude("found")
