"""Intervals by drawing clusters with replacement: species or observations, never images, which are alike within one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput
from thuja.metrics.accuracy import Hits
from thuja.metrics.checks import require_numbers

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

REPLICATES = 1000
_BLOCK = 2**22
"""How many draws of a cluster are held at a time: 32 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A value with the ends of its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def mean_over_clusters(
    values: npt.ArrayLike, clusters: npt.ArrayLike, generator: np.random.Generator, *, replicates: int = REPLICATES
) -> Interval:
    """The mean of N values and its interval over redrawn clusters: (N,), (N,) of cluster numbers.

    Of two models on the same images `paired` says more. With one cluster the interval is the value itself. Raises
    EmptyInput for no value, ThujaError for a NaN among them.
    """
    numbers = require_numbers(values, "values")
    return interval_of(float(numbers.mean()), replicate_means(numbers, clusters, generator, replicates=replicates))


def replicate_means(
    values: npt.ArrayLike, clusters: npt.ArrayLike, generator: np.random.Generator, *, replicates: int = REPLICATES
) -> Floats:
    """The mean of N values in each replicate: (N,), (N,) of cluster numbers to (B,)."""
    _, place = np.unique(np.asarray(clusters), return_inverse=True)
    numbers = require_numbers(values, "values", count=len(place))
    table = np.column_stack([np.bincount(place, weights=numbers), np.bincount(place)])  # (S, 2) sums and counts
    drawn = np.concatenate([draws @ table for draws in draws_of(len(table), generator, replicates)])  # (B, 2)
    return np.asarray(drawn[:, 0] / drawn[:, 1])


def over_clusters(
    statistic: Callable[[Indices], float],
    clusters: npt.ArrayLike,
    generator: np.random.Generator,
    *,
    replicates: int = REPLICATES,
) -> Interval:
    """Any statistic of rows, and its interval: `statistic` gets row numbers, of a cluster drawn twice each row twice.

    A replicate whose statistic is not a number (one class alone was drawn, say) is left out.
    """
    found = replicates_over(statistic, clusters, generator, replicates=replicates)
    return interval_of(statistic(np.arange(len(np.asarray(clusters)))), found)


def replicates_over(
    statistic: Callable[[Indices], float],
    clusters: npt.ArrayLike,
    generator: np.random.Generator,
    *,
    replicates: int = REPLICATES,
) -> Floats:
    """The statistic in each replicate in which it is a number: (B,) or fewer."""
    _, place = np.unique(np.asarray(clusters), return_inverse=True)
    if not len(place):
        raise EmptyInput("there is nothing to score")
    order, counts = np.argsort(place, kind="stable"), np.bincount(place)
    starts = np.cumsum(counts) - counts
    found = np.empty(replicates)
    for replicate in range(replicates):
        drawn = generator.integers(len(counts), size=len(counts))
        sizes = counts[drawn]
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        found[replicate] = statistic(order[np.repeat(starts[drawn], sizes) + within])
    return found[np.isfinite(found)]


def bootstrap(hits: Hits, generator: np.random.Generator, replicates: int = REPLICATES) -> tuple[Interval, Interval]:
    """Accuracy and macro accuracy, each with its interval over resampled species.

    Images of a species are alike, so species are drawn with replacement, never images. In a draw,
    macro accuracy is the mean over classes weighted by how many of a class's species were drawn, of
    those that it has: a class of one species counts as often as that species was drawn, and a class
    of many counts about once. With one species an interval says nothing, and is the value itself.
    """
    _, species = np.unique(hits.species, return_inverse=True)
    _, classes = np.unique(hits.classes, return_inverse=True)
    count = int(species.max()) + 1
    # A species is in few classes: the pairs that occur are counted, class by class, and no table of S x C is made.
    pairs, place = np.unique(classes * count + species, return_inverse=True)
    images, right = np.bincount(place), np.bincount(place, weights=hits.is_right)  # (P,) each
    _, starts, members = np.unique(pairs // count, return_index=True, return_counts=True)  # (C,) each

    accuracy, macro = [], []
    for draws in draws_of(count, generator, replicates):
        drawn = draws[:, pairs % count]  # (b, P)
        drawn_images = np.add.reduceat(drawn * images, starts, axis=1)  # (b, C)
        drawn_right = np.add.reduceat(drawn * right, starts, axis=1)
        shares = np.divide(drawn_right, drawn_images, out=np.zeros_like(drawn_right), where=drawn_images > 0)
        weights = np.add.reduceat(drawn, starts, axis=1) / members
        accuracy.append(drawn_right.sum(axis=1) / drawn_images.sum(axis=1))
        macro.append((weights * shares).sum(axis=1) / weights.sum(axis=1))
    return (
        interval_of(hits.accuracy(), np.concatenate(accuracy)),
        interval_of(hits.macro_accuracy(), np.concatenate(macro)),
    )


def interval_of(value: float, replicates: Floats) -> Interval:
    """The middle 95 % of the replicates around a value, those left out that are not numbers.

    The value itself where there is none, or it is not a number.
    """
    found = replicates[np.isfinite(replicates)]
    if not len(found) or not np.isfinite(value):
        return Interval(value=value, low=value, high=value)
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(value=value, low=float(low), high=float(high))


def draws_of(count: int, generator: np.random.Generator, replicates: int = REPLICATES) -> Iterator[Indices]:
    """How often each cluster was drawn in each replicate: blocks of (b, S), B rows in all."""
    rows = max(1, _BLOCK // count)
    for start in range(0, replicates, rows):
        size = min(rows, replicates - start)
        # Counting draws one by one is several times the speed of a multinomial over as many classes as draws.
        drawn = generator.integers(count, size=(size, count)) + count * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
