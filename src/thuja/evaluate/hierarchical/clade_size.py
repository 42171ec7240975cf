"""What summing over uneven clades does: how much a clade is given against its size.

The species posterior of an undecided model is flat, and then a clade's sum is its share of the species: large
clades win by size. Text at the rank knows no sizes, and is the control.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from thuja.embeddings import Vectors
from thuja.errors import ThujaError
from thuja.evaluate.hierarchical.ladder import Ladder
from thuja.evaluate.hierarchical.ways import Paths, summed
from thuja.metrics.bootstrap import Interval, draws_of
from thuja.metrics.ratios import interval
from thuja.taxonomy import Rank, Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_NEWTON_STEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CladeShares:
    """Of each of C clades of a rank, over N images: its species, the images that are of it, and what it was given.

    `given` is the number of images that were called it, or the sum of its posterior; `strayed` is the part of it
    from images of other clades: a large clade is rightly said often where many images are of it, and what strays
    to it tells whether it draws others for its size.
    """

    sizes: Indices
    images: Indices
    given: Floats
    strayed: Floats


def shares_of_answers(answers: Paths, truth: Sequence[Taxon], ladder: Ladder, *, rank: Rank) -> CladeShares:
    """How often each clade was the answer; images of no candidate at the rank, or without an answer, are left out."""
    places, said = ladder.places(truth)[:, rank], answers.indices[:, rank]
    if len(places) != len(said):
        raise ThujaError(f"{len(said)} answers do not fit {len(places)} images")
    asked = (places >= 0) & (said >= 0)
    count = len(ladder.texts[rank])
    return CladeShares(
        sizes=ladder.sizes(rank),
        images=np.bincount(places[asked], minlength=count),
        given=np.bincount(said[asked], minlength=count).astype(np.float64),
        strayed=np.bincount(said[asked & (said != places)], minlength=count).astype(np.float64),
    )


def shares_of_mass(
    vectors: Vectors, truth: Sequence[Taxon], ladder: Ladder, *, scale: float
) -> dict[Rank, CladeShares]:
    """The posterior that each clade got, at every rank above species."""
    places = ladder.places(truth)
    ranks = [rank for rank in ladder.ranks if rank < Rank.SPECIES]
    given = {rank: np.zeros(len(ladder.texts[rank])) for rank in ranks}
    own = {rank: np.zeros(len(ladder.texts[rank])) for rank in ranks}
    for block in summed(vectors, ladder, scale=scale):
        for rank, sums in block.at_rank.items():
            asked = np.flatnonzero(places[block.rows, rank] >= 0)
            found = places[block.rows, rank][asked]
            given[rank] += sums[:, asked].sum(axis=1, dtype=np.float64)
            np.add.at(own[rank], found, sums[found, asked])
    return {
        rank: CladeShares(
            sizes=ladder.sizes(rank),
            images=np.bincount(places[places[:, rank] >= 0, rank], minlength=len(given[rank])),
            given=given[rank],
            strayed=np.maximum(given[rank] - own[rank], 0),
        )
        for rank in ranks
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeBias:
    """How what a clade is given goes with its size.

    `elasticity` b: a clade of twice the species is given 2^b times as much; 0 is no bias, and 1 is what a flat
    posterior gives. `correlation` is Spearman's, of size and what is given for each image it could have strayed
    from. Intervals draw clades; NaN where clades do not differ in size, and for the elasticity where only
    the smallest or the largest are given anything.
    """

    elasticity: Interval
    correlation: Interval
    clades: int


def size_bias(shares: CladeShares, generator: np.random.Generator, *, of_strays: bool = True) -> SizeBias:
    """The bias in what strayed to clades from images of others, or in all that they were given."""
    given = shares.strayed if of_strays else shares.given
    exposure = (shares.images.sum() - shares.images * of_strays).astype(np.float64)
    rows = np.flatnonzero(exposure > 0)  # to a clade that all images are of nothing can stray
    if len(rows) < 2:
        nothing = Interval(value=np.nan, low=np.nan, high=np.nan)
        return SizeBias(elasticity=nothing, correlation=nothing, clades=len(rows))
    clades = _Clades(sizes=shares.sizes[rows], given=given[rows], exposure=exposure[rows])
    once = np.ones((1, len(rows)), dtype=np.int64)  # the value of all clades comes first
    drawn = [
        (clades.elasticities(draws), clades.correlations(draws))
        for draws in chain([once], draws_of(len(rows), generator))
    ]
    elasticity, correlation = (np.concatenate(found) for found in zip(*drawn, strict=True))
    return SizeBias(elasticity=interval(elasticity), correlation=interval(correlation), clades=len(rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clades:
    """C clades, and statistics of samples of them: how often each was drawn, (B, C), to (B,)."""

    sizes: Indices
    given: Floats
    exposure: Floats

    def elasticities(self, draws: Indices) -> Floats:
        order, starts = _runs(self.sizes)
        # A regression on size needs of each size the sums alone: (B, C) becomes (B, U).
        sums = (np.add.reduceat((draws * values)[:, order], starts, axis=1) for values in (self.given, self.exposure))
        return elasticities(np.log(self.sizes[order][starts]), *sums)

    def correlations(self, draws: Indices) -> Floats:
        """Spearman's: the correlation of middle ranks, NaN where either is the same for all."""
        ranks = [_middle_ranks(values, draws) for values in (self.sizes, self.given / self.exposure)]
        count = draws.sum(axis=1, keepdims=True)
        first, second = (rank - (draws * rank).sum(axis=1, keepdims=True) / count for rank in ranks)
        spreads = (draws * first**2).sum(axis=1) * (draws * second**2).sum(axis=1)
        products = (draws * first * second).sum(axis=1)
        found: Floats = np.full(len(draws), np.nan)
        np.divide(products, np.sqrt(spreads), out=found, where=spreads > 0)
        return found


def elasticities(log_sizes: Floats, given: Floats, exposure: Floats) -> Floats:
    """b of the quasi-Poisson regression given = exposure * exp(a + b log size): (U,) and two (B, U) to (B,).

    By Newton's method. A count's logarithm has no value at nought, and most clades of a rank are never said; this
    regression takes them. NaN where there is no such b: all of one size, or only the smallest or largest given any.
    """
    low, high = _ends(exposure > 0)
    first, last = _ends(given > 0)
    is_between = (first < last) | ((low < first) & (last < high))
    slopes = np.full(len(given), np.nan)
    rows = np.flatnonzero((given > 0).any(axis=1) & (low < high) & is_between)
    x, given, exposure = log_sizes - log_sizes.mean(), given[rows], exposure[rows]
    level, slope = np.log(given.sum(axis=1) / exposure.sum(axis=1)), np.zeros(len(rows))
    for _ in range(_NEWTON_STEPS):
        fitted = exposure * np.exp(np.clip(level[:, None] + slope[:, None] * x, -80, 80))
        rest = given - fitted
        mean = (fitted @ x) / fitted.sum(axis=1)
        spread = (fitted * (x - mean[:, None]) ** 2).sum(axis=1)
        tilt = np.clip((rest * (x - mean[:, None])).sum(axis=1) / spread, -1, 1)
        lift = np.clip(rest.sum(axis=1) / fitted.sum(axis=1) - tilt * mean, -3, 3)
        level, slope = level + lift, slope + tilt
        if np.abs(tilt).max(initial=0) < 1e-10 and np.abs(lift).max(initial=0) < 1e-10:
            break
    slopes[rows] = slope
    return slopes


def _ends(flags: npt.NDArray[np.bool_]) -> tuple[Indices, Indices]:
    """Where each row's first and last true flag stands: (B, U) to (B,), (B,)."""
    return flags.argmax(axis=1), flags.shape[1] - 1 - flags[:, ::-1].argmax(axis=1)


def _middle_ranks(values: npt.NDArray[np.generic], draws: Indices) -> Floats:
    """The rank of each of C values among as many as were drawn, equal ones in the middle of theirs: (B, C)."""
    order, starts = _runs(values)
    drawn = np.add.reduceat(draws[:, order], starts, axis=1)  # (B, U)
    middle = np.cumsum(drawn, axis=1) - drawn + (drawn + 1) / 2
    place = np.empty(len(values), dtype=np.int64)
    place[order] = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(values))))
    return np.asarray(middle[:, place])


def _runs(values: npt.NDArray[np.generic]) -> tuple[Indices, Indices]:
    """An order in which equal values stand side by side, ascending, and where each run begins."""
    order = np.argsort(values, kind="stable")
    return order, np.unique(values[order], return_index=True)[1]
