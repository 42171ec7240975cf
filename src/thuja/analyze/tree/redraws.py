"""Intervals by redrawing clades: species of one family are alike, so families (say) are drawn, never species.

All measures of a study use the same redraws, so that any difference of two of them is a paired one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.metrics.bootstrap import draws_of
from thuja.taxonomy import RANKS, Rank, Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

FEWEST: Final = 8
"""Units that an interval needs: of fewer it says too little for a verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redraws:
    """The unit of each of S species (or rows), and how often each of C units is drawn in each of B replicates.

    `rank` is the units' rank. `draws` are (B, C).
    """

    rank: Rank
    numbers: Indices
    draws: Indices

    @classmethod
    def of(cls, taxa: Sequence[Taxon], wanted: Rank, generator: np.random.Generator, *, replicates: int) -> "Redraws":
        """Redraws of clades of the rank wanted, or of the next one down of which there are eight; else of species."""
        rank = unit_rank(taxa, wanted)
        numbers = clade_numbers(taxa, rank)
        count = int(numbers.max()) + 1
        return cls(rank=rank, numbers=numbers, draws=np.concatenate(list(draws_of(count, generator, replicates))))

    @property
    def count(self) -> int:
        """C, how many units there are."""
        return int(self.draws.shape[1])

    def ratios(self, tops: npt.ArrayLike, bottoms: npt.ArrayLike) -> Floats:
        """sum(tops) / sum(bottoms) of what each species brings, over all and over each redraw: (S,), (S,) to (1 + B,).

        NaN where a bottom is not above zero.
        """
        parts = [
            np.bincount(self.numbers, weights=np.asarray(part, dtype=np.float64), minlength=self.count)
            for part in (tops, bottoms)
        ]
        top, bottom = (np.concatenate([[part.sum()], self.draws @ part]) for part in parts)
        return np.asarray(np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 1e-12))

    def bringing(self, weights: npt.ArrayLike) -> int:
        """How many units have a species that weighs anything: (S,)."""
        return len(np.unique(self.numbers[np.asarray(weights) > 0]))

    def moved(self, value: float, influences: Floats) -> Floats:
        """A value, and what each redraw makes of it, given how much each species moves it: (S,) to (1 + B,).

        value + sum over units of (times drawn - 1) times the influence of its species (Efron's infinitesimal
        jackknife, drawn): for statistics in which a species has several parts.
        """
        part = np.bincount(self.numbers, weights=influences, minlength=self.count)
        return np.concatenate([[value], value + self.draws @ part - part.sum()])

    def among(self, species: npt.ArrayLike) -> "Redraws":
        """The same redraws of some of the species (or of some more than once), by number."""
        return Redraws(rank=self.rank, numbers=self.numbers[np.asarray(species)], draws=self.draws)

    def pair_sums(self, values: Floats) -> Floats:
        """Sums over pairs of species, over all and over each redraw: (K, P) to (1 + B, K).

        Pairs stand as in `condensed`. A pair within a unit counts as often as its unit is drawn, a pair of two units
        as often as the product says: so pairs near and far keep their shares in the mean. (A unit drawn twice makes no
        pairs with its own copy, which would be pairs of kin that nobody observed.) The rule is ours.
        """
        first, second = np.triu_indices(len(self.numbers), 1)
        low, high = (
            np.minimum(self.numbers[first], self.numbers[second]),
            np.maximum(self.numbers[first], self.numbers[second]),
        )
        place = low * self.count + high
        weights = self.draws.astype(np.float64)
        out = np.empty((1 + len(weights), len(values)))
        for row, value in enumerate(values):
            table = np.bincount(place, weights=value, minlength=self.count**2).reshape(self.count, self.count)
            within = np.diag(table).copy()
            np.fill_diagonal(table, 0)
            out[0, row] = value.sum()
            out[1:, row] = np.einsum("bc,bc->b", weights @ table, weights) + weights @ within
        return out

    def correlations(self, variables: Sequence[Floats]) -> Floats:
        """Pearson's correlation of each two of K variables over pairs of species: K of (P,) to (1 + B, K, K).

        Of ranks it is Spearman's, the ranks being those among all pairs. NaN where a variable does not vary.
        """
        scaled = np.stack([_scaled(variable) for variable in variables])
        rows, columns = np.triu_indices(len(scaled))
        ones = np.ones((1, scaled.shape[1]))
        sums = np.concatenate(
            [self.pair_sums(ones), self.pair_sums(scaled), self.pair_sums(scaled[rows] * scaled[columns])], axis=1
        )
        count = len(scaled)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = sums[:, 1 : 1 + count] / sums[:, :1]
            squares = np.empty((len(sums), count, count))
            squares[:, rows, columns] = squares[:, columns, rows] = sums[:, 1 + count :] / sums[:, :1]
            spread = squares - means[:, :, None] * means[:, None, :]
            own = np.einsum("bkk->bk", spread).copy()
            own[own <= 1e-12] = np.nan
            return np.asarray(np.clip(spread / np.sqrt(own[:, :, None] * own[:, None, :]), -1, 1))


def partial_correlation(correlations: Floats, pair: tuple[int, int], *, given: int) -> Floats:
    """The correlation of two variables given a third, of tables (..., K, K): (...,); NaN where the third says all.

    (r_xy - r_xz r_yz) / sqrt((1 - r_xz^2) (1 - r_yz^2)).
    """
    x, y = pair
    xz, yz = correlations[..., x, given], correlations[..., y, given]
    left = (1 - xz**2) * (1 - yz**2)
    top = correlations[..., x, y] - xz * yz
    return np.asarray(np.divide(top, np.sqrt(np.maximum(left, 0)), out=np.full(top.shape, np.nan), where=left > 1e-9))


def unit_rank(taxa: Sequence[Taxon], wanted: Rank) -> Rank:
    """The rank wanted, or the first below it of which there are eight clades; else the species."""
    lineages = {taxon.names for taxon in set(taxa)}
    for rank in RANKS[wanted:]:
        if len({names[: rank + 1] for names in lineages}) >= FEWEST:
            return rank
    return Rank.SPECIES


def clade_numbers(taxa: Sequence[Taxon], rank: Rank) -> Indices:
    """The number of each taxon's clade at a rank (N,); a taxon without a name there is of the clade that it has."""
    of_taxon: dict[Taxon, int] = {}
    known: dict[tuple[str, ...], int] = {}
    for taxon in taxa:
        if taxon not in of_taxon:
            of_taxon[taxon] = known.setdefault(taxon.names[: rank + 1], len(known))
    return np.array([of_taxon[taxon] for taxon in taxa], dtype=np.int64)


def _scaled(variable: Floats) -> Floats:
    apart = variable - variable.mean()
    size = float(apart.std())
    # A variable that is rounding alone does not vary.
    is_flat = size <= 1e-9 * max(1e-300, float(np.abs(variable).max(initial=0)))
    return np.zeros_like(apart) if is_flat else np.asarray(apart / size)
