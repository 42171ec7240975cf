"""The span of the species means, and what subspaces that know nothing of species hold of the same variation."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.metrics.bootstrap import Interval
from thuja.structure.specimens import Sample

Floats = npt.NDArray[np.float64]

LEAST_VARIANCE: Final = float(np.finfo(float).tiny)
"""For a variance of nothing: what is divided by it is nothing too."""
_FLAT: Final = 1e-6
"""A direction along which means differ less than this, of the widest, is rounding in float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviations:
    """Images as the mean of their species and what is left: `means` (S, D), `rests` (M, D), `sizes` (S,)."""

    sample: Sample
    means: Floats
    rests: Floats
    sizes: Floats

    @classmethod
    def of(cls, vectors: Floats, sample: Sample) -> "Deviations":
        """The deviations of the sample's own vectors (M, D), a species' images next to each other."""
        means = means_of(vectors, sample)
        return cls(sample=sample, means=means, rests=vectors - means[sample.species], sizes=sample.sizes)

    @property
    def whole(self) -> Floats:
        """The images again: (M, D)."""
        return np.asarray(self.means[self.sample.species] + self.rests)

    @property
    def spread(self) -> Floats:
        """The pooled covariance within species, (D, D): over M - S, as each species' mean is its own."""
        freedom = len(self.rests) - len(self.means)
        return np.asarray(self.rests.T @ self.rests / freedom)

    @property
    def between(self) -> Floats:
        """The species' means less the mean of them all: (S, D)."""
        return np.asarray(self.means - self.means.mean(axis=0))

    @property
    def reliability(self) -> float:
        """The share of the means' variance that is not the noise of few images; 0 where all of it is noise.

        A mean of n images is off by variance / n. Of S means, 1 - 1 / S of that shows about their own mean.
        """
        count = len(self.means)
        noise = self.sample.sums((self.rests**2).sum(axis=1)) / ((self.sizes - 1) * self.sizes)
        total = float((self.between**2).sum())
        return max(0.0, 1 - (1 - 1 / count) * float(noise.sum()) / total) if total > 0 else 0.0


def means_of(vectors: Floats, sample: Sample) -> Floats:
    """The mean of each species' vectors (M, D), which stand next to each other: (S, D)."""
    sizes = sample.sizes
    starts = (np.cumsum(sizes) - sizes).astype(np.int64)
    return np.asarray(np.add.reduceat(vectors, starts, axis=0) / sizes[:, None])


def axes_of(means: Floats) -> Floats:
    """An orthonormal basis (D, k) of the differences between means (S, D), the widest first.

    k is S - 1, or D where that is less, unless some means coincide.
    """
    _, sizes, axes = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    return np.asarray(axes[sizes > _FLAT * max(float(sizes[0]), LEAST_VARIANCE)].T)


def squared(rows: Floats, basis: Floats | None = None) -> Floats:
    """The squared length of each row (M, D), or of its part inside a basis (D, k): (M,)."""
    inside = rows if basis is None else rows @ basis
    return np.asarray(np.einsum("nd,nd->n", inside, inside))


def held_by(spread: Floats, basis: Floats) -> Floats:
    """The share of a covariance (D, D) along each direction of a basis (D, k): (k,)."""
    held = np.einsum("dk,dk->k", spread @ basis, basis)
    return np.asarray(held / max(float(np.trace(spread)), LEAST_VARIANCE))


def random_subspace(width: int, dimensions: int, generator: np.random.Generator) -> Floats:
    """An orthonormal basis (D, k) of a subspace that is as likely as any other."""
    return np.asarray(np.linalg.qr(generator.standard_normal((width, dimensions)))[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """How much images vary along which directions: `factor` (D, D) times its transpose is their covariance."""

    factor: Floats

    @classmethod
    def of(cls, vectors: Floats) -> "Spectrum":
        """The spectrum of all variance of images (M, D)."""
        apart = vectors - vectors.mean(axis=0)
        variances, axes = np.linalg.eigh(apart.T @ apart / len(apart))
        return cls(factor=axes * np.sqrt(np.maximum(variances, 0)))

    def subspace(self, dimensions: int, generator: np.random.Generator) -> Floats:
        """A basis (D, k) of k directions drawn like images, species disregarded: it leans to where much varies."""
        drawn = self.factor @ generator.standard_normal((len(self.factor), dimensions))
        return np.asarray(np.linalg.qr(drawn)[0])


def share_below(draws: Floats, value: float) -> float | None:
    """The share of draws no higher than a value, the value counted with them; None where there is nothing to tell."""
    found = draws[np.isfinite(draws)]
    if not len(found) or not np.isfinite(value):
        return None
    return float((1 + (found <= value + 1e-12).sum()) / (1 + len(found)))


def spread_of(draws: Floats, *, value: float | None = None) -> Interval | None:
    """Draws as their mean (or the exact `value` where it is known) with the middle 95 % of them; None for no draw.

    Draws that are no number are left out.
    """
    draws = draws[np.isfinite(draws)]
    if not len(draws):
        return None
    low, high = np.quantile(draws, [0.025, 0.975])
    return Interval(value=float(np.mean(draws)) if value is None else value, low=float(low), high=float(high))
