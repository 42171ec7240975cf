"""The measures of variation within species of vectors too many to copy, from their moments: the same numbers, no rows.

The share inside a span needs the pooled scatter alone, the Fisher ratio means and sums of squares, and a local span the
images of one species at a time. What rows would add is the interval over redrawn species.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.embeddings import Vectors
from thuja.metrics.ratios import Ratio
from thuja.structure.halves import KnownSpan
from thuja.structure.local_share import Rests
from thuja.structure.moments import Moments, counts_of, means_by_label, scatter_about
from thuja.structure.span import LEAST_VARIANCE, Floats, axes_of
from thuja.structure.specimens import Indices

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """The share inside the span of the species means as it stands and debiased, and the dimensions of both spans."""

    plain: float
    debiased: float
    dimensions: int
    known: int
    scatter: Floats
    """About the species' means, (D, D)."""


def stream_shares(vectors: Vectors, species: Indices, is_first: Flags, *, count: int, is_unit: bool = False) -> Shares:
    """The shares of vectors (N, D) of species (N,) below `count`, halved by `is_first` (N,): two passes.

    Every species must have two images in each half. The numbers are those of `measure_variation` with one cut.
    """
    labels = np.where(species >= 0, 2 * species + ~is_first, -1)
    flat = means_by_label(vectors, labels, count=2 * count, is_unit=is_unit)
    about = scatter_about(vectors, labels, flat, is_unit=is_unit)
    counts, means = counts_of(labels, 2 * count).reshape(count, 2), flat.reshape(count, 2, -1)
    whole = np.einsum("sh,shd->sd", counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), means)
    gaps = (means[:, 0] - means[:, 1]) * np.sqrt(counts.prod(axis=1) / np.maximum(counts.sum(axis=1), 1))[:, None]
    scatter = about + gaps.T @ gaps  # about the species' means again
    axes = axes_of(whole)
    span = KnownSpan.of_means(whole, [(means[:, 0], means[:, 1])])
    inside = np.einsum("dk,de,ek->", span.lefts[0], about, span.rights[0], optimize=True)
    return Shares(
        plain=float(np.einsum("dk,dk->", scatter @ axes, axes) / max(np.trace(scatter), LEAST_VARIANCE)),
        debiased=float(inside / max(np.trace(about), LEAST_VARIANCE)),
        dimensions=axes.shape[1],
        known=span.dimensions,
        scatter=scatter,
    )


def fisher_of(moments: Moments) -> Ratio:
    """The debiased Fisher ratio of S species from the moments of 2 S labels: twice the species, and one at level two.

    Of levels of n and m images, the noise of the squared distance is their variances over n and m. A species with fewer
    than two of a level brings nothing.
    """
    counts = moments.counts.reshape(-1, 2)
    has = (counts >= 2).all(axis=1)
    means = moments.means.reshape(len(counts), 2, -1)
    variances = moments.squares.reshape(-1, 2) / np.maximum(counts - 1, 1)
    plain = ((means[:, 1] - means[:, 0]) ** 2).sum(axis=1)
    lengths = plain - (variances / np.maximum(counts, 1)).sum(axis=1)
    return Ratio(tops=np.where(has, lengths, 0.0), bottoms=np.where(has, variances.sum(axis=1), 0.0))


def half_means(
    vectors: Vectors, species: Indices, is_first: Flags, *, count: int, is_unit: bool = False
) -> tuple[Floats, Floats, Floats]:
    """The means (S, D) of each species' images, of its first half and of its second, in one pass."""
    labels = np.where(species >= 0, 2 * species + ~is_first, -1)
    means = means_by_label(vectors, labels, count=2 * count, is_unit=is_unit).reshape(count, 2, -1)
    counts = counts_of(labels, 2 * count).reshape(count, 2)
    whole = np.einsum("sh,shd->sd", counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), means)
    return whole, means[:, 0], means[:, 1]


def rests_of_rows(
    vectors: Vectors, species: Indices, is_first: Flags, means: Sequence[Floats], *, is_unit: bool = False
) -> Rests:
    """The deviations of one species' images from the means (S, D) of their halves, read when they are asked for."""
    order = np.argsort(species, kind="stable")
    ends = np.searchsorted(species[order], np.arange(len(means[0]) + 1))

    def of(one: int) -> list[tuple[int, Floats]]:
        rows = order[ends[one] : ends[one + 1]]
        taken = np.array(vectors[rows], dtype=np.float32)
        if is_unit:
            lengths = np.sqrt(np.einsum("nd,nd->n", taken, taken))
            taken /= np.where(lengths > 0, lengths, 1)[:, None]
        halves = (is_first[rows], ~is_first[rows])
        return [(0, taken[half] - mean[one].astype(np.float32)) for half, mean in zip(halves, means, strict=True)]

    return of
