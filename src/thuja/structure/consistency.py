"""Whether two levels differ in the same direction in every species: the mean pairwise cosine of their differences.

It is the mean product d_s . d_t of two species' differences over the mean squared length of one, so that a species
counts by how far its levels are apart. Products of different species carry no common noise; the squared lengths are
products of two halves of a species' images, to which noise adds nothing either. 1 is one direction for all, 0 is none
in common. The definition is ours. The null flips the levels of each species by a coin: directions stay, and what they
have in common goes.
"""

from dataclasses import dataclass

import numpy as np

from thuja.metrics.bootstrap import REPLICATES, Interval, draws_of
from thuja.structure.contrast import Steps
from thuja.structure.span import Floats, spread_of

CONSISTENCY = "consistency across species: mean pairwise cosine of their differences, debiased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """`products` (S, S) of the species' differences, on the diagonal the debiased squared lengths."""

    products: Floats

    @classmethod
    def of(cls, steps: Steps) -> "Consistency":
        """The consistency of the differences of C cuts: the halves' mean is the difference of all images."""
        whole = (steps.here + steps.there).mean(axis=0) / 2  # (S, D)
        products = whole @ whole.T
        np.fill_diagonal(products, np.einsum("csd,csd->s", steps.here, steps.there) / len(steps.here))
        return cls(products=products)

    @property
    def value(self) -> float:
        """The consistency; NaN where no difference is seen."""
        return float(self._over(np.ones((1, len(self.products))))[0])

    def redrawn(self, generator: np.random.Generator, *, replicates: int = REPLICATES) -> Floats:
        """The consistency of all species, then of redrawn ones: (1 + B,). Pairs of a species with itself are none."""
        count = len(self.products)
        drawn = [self._over(draws.astype(np.float64)) for draws in draws_of(count, generator, replicates)]
        return np.concatenate([[self.value], *drawn])

    def flipped(self, generator: np.random.Generator, *, flips: int) -> tuple[Interval | None, float | None]:
        """The null of flipped levels, and the share of it that is as consistent; None for no flip."""
        count = len(self.products)
        if not flips or not np.isfinite(self.value):
            return None, None
        signs = generator.choice([-1.0, 1.0], size=(flips, count))
        apart = self.products - np.diag(np.diag(self.products))
        length = np.trace(self.products) / count
        found = np.einsum("bs,bs->b", signs @ apart, signs) / (count * (count - 1) * length)
        return spread_of(found), float((1 + (found >= self.value - 1e-12).sum()) / (1 + flips))

    def _over(self, weights: Floats) -> Floats:
        """The consistency of species drawn so often: (B, S) to (B,)."""
        lengths = np.diag(self.products)
        apart = self.products - np.diag(lengths)
        pairs = weights.sum(axis=1) ** 2 - (weights**2).sum(axis=1)
        tops = np.einsum("bs,bs->b", weights @ apart, weights)
        bottoms = weights @ lengths / weights.sum(axis=1)
        is_told = (pairs > 0) & (bottoms > 0)
        return np.asarray(
            np.divide(tops, pairs * bottoms, out=np.full(len(weights), np.nan), where=is_told), dtype=np.float64
        )
