"""How many rows have each value of a column, in one segment and over all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from thuja.labels import Texts
from thuja.search.bits import Bits


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetCount:
    """A value and how many rows have it; "" stands for the rows that have none."""

    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counts:
    """The values that any row has, each once, and how many rows have it (V,)."""

    values: Texts
    counts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, values: Sequence[str], counts: npt.ArrayLike) -> "Counts":
        """From Python's strings."""
        return cls(values=Texts.of(values), counts=np.asarray(counts, dtype=np.int64))


def most_frequent(parts: Sequence[Counts], *, most: int) -> list[FacetCount]:
    """The values of all segments, added up, the commonest first and equally common ones by name."""
    frames = [
        pl.DataFrame({"value": pl.Series(part.values.arrow, dtype=pl.String), "count": part.counts})
        for part in parts
        if len(part.counts)
    ]
    if not frames:
        return []
    total = pl.concat(frames)
    if len(frames) > 1:
        total = total.group_by("value").agg(pl.col("count").sum())
    first = total.filter(pl.col("count") >= pl.col("count").top_k(most).min())  # few are left to sort, by name too
    first = first.sort(["count", "value"], descending=[True, False]).head(most)
    return [FacetCount(value=value, count=count) for value, count in first.iter_rows()]


def code_counts(codes: npt.NDArray[np.unsignedinteger], kept: Bits | None, size: int) -> npt.NDArray[np.int64]:
    """How many of the kept rows have each code below `size`: (size,)."""
    if kept is None or kept.count == kept.size:
        return np.bincount(codes, minlength=size)
    return np.bincount(codes[kept.mask()], minlength=size)
