"""Ratios of sums over clusters, all on the same redraws, so that any difference of two of them is a paired one.

Accuracies, shares of variance and means are such ratios: each cluster (a species) brings its part of both sums.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput, ThujaError
from thuja.metrics.bootstrap import REPLICATES, Interval, draws_of, interval_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """sum(tops) / sum(bottoms) over C clusters: what each of them brings, (C,) and (C,)."""

    tops: Floats
    bottoms: Floats

    def __post_init__(self) -> None:
        if self.tops.ndim != 1 or self.tops.shape != self.bottoms.shape:
            raise ThujaError(f"a ratio needs two numbers a cluster, got {self.tops.shape} and {self.bottoms.shape}")

    @property
    def value(self) -> float:
        """The ratio over all clusters; NaN where the bottoms do not add up to more than zero."""
        total = float(self.bottoms.sum())
        return float(self.tops.sum()) / total if total > 0 else float("nan")

    @classmethod
    def mean(cls, values: npt.ArrayLike) -> "Ratio":
        """The mean of C values, one a cluster."""
        tops = np.asarray(values, dtype=np.float64)
        return cls(tops=tops, bottoms=np.ones_like(tops))

    @classmethod
    def of_rows(cls, values: npt.ArrayLike, clusters: npt.ArrayLike, chosen: npt.ArrayLike | None = None) -> "Ratio":
        """The mean of N values by row, of the `chosen` rows (N,) alone where that is given; clusters are numbers (N,).

        Clusters are those of all rows, so that ratios of different choices have the same clusters.
        """
        names, place = np.unique(np.asarray(clusters), return_inverse=True)
        weights = np.ones(len(place)) if chosen is None else np.asarray(chosen, dtype=np.float64)
        tops, bottoms = np.zeros((2, len(names)))
        np.add.at(tops, place, weights * np.asarray(values, dtype=np.float64))
        np.add.at(bottoms, place, weights)
        return cls(tops=tops, bottoms=bottoms)


def redrawn(ratios: Sequence[Ratio], generator: np.random.Generator, *, replicates: int = REPLICATES) -> Floats:
    """R ratios over all clusters, then over redrawn ones: (1 + B, R), NaN where a bottom is not above zero.

    The clusters of all ratios are the same ones in the same order. Raises EmptyInput without a cluster.
    """
    count = len(ratios[0].tops) if ratios else 0
    if not count:
        raise EmptyInput("there is nothing to score")
    if {len(ratio.tops) for ratio in ratios} != {count}:
        raise ThujaError(f"ratios over {sorted({len(ratio.tops) for ratio in ratios})} clusters cannot be paired")
    parts = np.stack([part for ratio in ratios for part in (ratio.tops, ratio.bottoms)], axis=1)  # (C, 2 R)
    drawn = (draws @ parts for draws in draws_of(count, generator, replicates))
    totals = [parts.sum(axis=0, keepdims=True), *drawn]
    tops, bottoms = np.concatenate(totals).reshape(1 + replicates, -1, 2).transpose(2, 0, 1)
    return np.asarray(np.divide(tops, bottoms, out=np.full(tops.shape, np.nan), where=bottoms > 0))


def interval(values: Floats) -> Interval:
    """A value and its 95 % interval, of (1 + B,) of which the first is over all clusters; NaNs are left out."""
    return interval_of(float(values[0]), values[1:])
