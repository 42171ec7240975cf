"""Whether one model beats another on the same images, and what remains of it when many are compared."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput, ThujaError
from thuja.metrics.bootstrap import (
    REPLICATES,
    Interval,
    interval_of,
    replicate_means,
    replicates_over,
)
from thuja.metrics.checks import require_numbers

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Statistic = Callable[[Indices], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """The first model's measure less the second's, with its interval over redrawn clusters.

    `not_above` is the share of replicates at or below 0: near 0 the first is ahead whichever species are drawn, near
    1 it is not. It is about these two models alone, no p-value of the best of many: for those see `holm`. With one
    cluster, which says nothing, it is NaN.
    """

    difference: Interval
    not_above: float


def paired(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    clusters: npt.ArrayLike,
    generator: np.random.Generator,
    replicates: int = REPLICATES,
) -> Paired:
    """The difference of two models' means over the same N images: (N,) values of each, (N,) cluster numbers.

    difference = mean(first - second): what makes an image hard for both falls out, so the interval may leave out 0
    where the two models' own intervals overlap. Source: Efron and Tibshirani 1993, chapter 8.
    """
    ours = require_numbers(first, "values of the first model")
    gains = ours - require_numbers(second, "values of the second model", count=len(ours))
    found = replicate_means(gains, clusters, generator, replicates=replicates)
    return _paired(float(gains.mean()), found, clusters)


def paired_over(
    first: Statistic,
    second: Statistic,
    *,
    clusters: npt.ArrayLike,
    generator: np.random.Generator,
    replicates: int = REPLICATES,
) -> Paired:
    """The same for measures that are no mean: each gets the row numbers of a replicate.

    paired_over(
        lambda rows: auroc(ours[rows], is_known[rows]),
        lambda rows: auroc(theirs[rows], is_known[rows]),
        clusters=species, generator=generator,
    )
    """

    def gain(rows: Indices) -> float:
        return first(rows) - second(rows)

    found = replicates_over(gain, clusters, generator, replicates=replicates)
    return _paired(gain(np.arange(len(np.asarray(clusters)))), found, clusters)


def holm(p_values: npt.ArrayLike) -> Floats:
    """Holm's adjusted p-values of K comparisons, in their order: (K,) to (K,).

    Sorted, adjusted_i = max over j <= i of min(1, (K - j + 1) p_j). Those at or below 0.05 may all be called
    differences, with a chance of at most 5 % that any is none. Of `not_above` hand in `max(not_above, 1 / replicates)`
    (a replicate cannot show less), doubled where either model might have been ahead. Source: Holm 1979.
    """
    chances = np.asarray(p_values, dtype=np.float64)
    if chances.ndim != 1 or not len(chances):
        raise EmptyInput("there is no comparison to correct")
    if not ((chances >= 0) & (chances <= 1)).all():
        raise ThujaError("p-values lie between 0 and 1", hint="leave out comparisons of one cluster")
    order = np.argsort(chances, kind="stable")
    adjusted = np.maximum.accumulate(np.minimum(1, chances[order] * np.arange(len(chances), 0, -1)))
    found = np.empty_like(adjusted)
    found[order] = adjusted
    return found


def _paired(value: float, replicates: Floats, clusters: npt.ArrayLike) -> Paired:
    is_told = len(np.unique(np.asarray(clusters))) > 1 and len(replicates)
    not_above = float((replicates <= 0).mean()) if is_told else float("nan")
    return Paired(difference=interval_of(value, replicates), not_above=not_above)
