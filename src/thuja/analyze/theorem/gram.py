"""Whether the Gram matrix of text prototypes follows the tree: nearness of texts against rank steps between taxa.

A Mantel test's p-value is descriptive: taxa of one clade are no independent draws, and its null permutes them as if
they were. What decides is the difference between kinds of text (taxonomic, reversed, names alone, shuffled).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import average, cophenet
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from thuja.analyze.space import Prototypes
from thuja.analyze.theorem.expansion import Floats, Indices
from thuja.embeddings import normalized
from thuja.errors import UsageError
from thuja.metrics.bootstrap import Interval, interval_of
from thuja.metrics.hierarchy import codes_of
from thuja.taxonomy import Taxon

PERMUTATIONS: Final = 199
MOST: Final = 1000
"""Taxa that are drawn from a larger set: their pairs are half a million."""
_GENUS: Final = 2
_FLAT: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Pairs of taxa so many rank steps apart (2 in a genus, 4 in a family): how many, and their mean cosine."""

    steps: int
    pairs: int
    cosine: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GramFit:
    """One kind of text: 1 - cosine of two prototypes against the rank steps between their taxa.

    `spearman` is over all pairs, with its interval over redrawn taxa; `p_value` Mantel's, descriptive. `beyond_genus`
    is over pairs of different genera, which share no word of their names: what names alone cannot give.
    `cophenetic` correlates the heights of the prototypes' average-linkage tree with the rank steps. `agreement` is the
    share of triples (a taxon, a nearer and a farther one by the tree) that the texts order alike, as a mean over taxa;
    one half is chance. None where a measure has nothing to compare; `note` says why.
    """

    kind: str
    taxa: int
    spearman: Interval | None = None
    p_value: float | None = None
    beyond_genus: float | None = None
    cophenetic: float | None = None
    agreement: float | None = None
    by_step: Sequence[Step] = ()
    note: str = ""


def rank_steps(taxa: Sequence[Taxon]) -> Indices:
    """The rank steps between each two taxa (S, S), as `tree_distance` counts them: up to what both share, and down.

    Lineages are shared down to a rank where all their names to that rank are equal, missing ones included.
    """
    codes = codes_of(taxa)  # (S, 7)
    named = codes >= 0
    depths = np.where(named, np.arange(1, codes.shape[1] + 1), 0).max(axis=1, initial=0)
    shared = np.zeros((len(taxa), len(taxa)), dtype=np.int64)
    for rank in range(codes.shape[1]):
        is_shared = (codes[:, None, rank] == codes[None, :, rank]) & named[:, None, rank]
        shared[is_shared] = rank + 1
    return np.asarray(depths[:, None] + depths[None, :] - 2 * shared)


def cosine_distances(vectors: npt.ArrayLike) -> Floats:
    """1 - cosine of each two of S vectors: (S, S), 0 on the diagonal; a zero vector is at right angles to all."""
    rows = np.asarray(vectors, dtype=np.float64)
    units = normalized(rows)
    distances = np.clip(1 - units @ units.T, 0, 2)
    np.fill_diagonal(distances, 0)
    return np.asarray((distances + distances.T) / 2)


def gram_fits(
    kinds: Mapping[str, Prototypes],
    generator: np.random.Generator,
    *,
    permutations: int = PERMUTATIONS,
    most: int = MOST,
) -> list[GramFit]:
    """The fit of each kind of text to the tree; of more than `most` taxa, as many drawn at random."""
    if permutations < 1 or most < 3:
        raise UsageError(f"a fit takes a permutation and 3 taxa at least, got {permutations} and {most}")
    fits = []
    for kind, prototypes in kinds.items():
        rows = np.arange(len(prototypes.taxa))
        if len(rows) > most:
            rows = np.sort(generator.choice(rows, most, replace=False))
        taxa = [prototypes.taxa[row] for row in rows.tolist()]
        fits.append(_fit(kind, taxa, prototypes.vectors[rows], generator=generator, permutations=permutations))
    return fits


def _fit(
    kind: str, taxa: Sequence[Taxon], vectors: npt.ArrayLike, *, generator: np.random.Generator, permutations: int
) -> GramFit:
    if len(taxa) < 3:
        return GramFit(kind=kind, taxa=len(taxa), note=f"{len(taxa)} taxa have no tree to follow; it takes 3")
    steps, distances = rank_steps(taxa), cosine_distances(vectors)
    upper = np.triu_indices(len(taxa), 1)
    by_step = [
        Step(steps=int(step), pairs=int(which.sum()), cosine=float(1 - distances[upper][which].mean()))
        for step in np.unique(steps[upper])
        for which in [steps[upper] == step]
    ]
    if len(by_step) < 2:
        return GramFit(kind=kind, taxa=len(taxa), by_step=by_step, note="all taxa are equally far apart on the tree")
    if float(np.ptp(distances[upper])) < _FLAT:
        return GramFit(kind=kind, taxa=len(taxa), by_step=by_step, note="all texts are equally far apart")
    far = steps[upper] > _GENUS
    tree = average(squareform(distances, checks=False))
    spearman, p_value = _spearman(distances, steps, generator=generator, permutations=permutations)
    return GramFit(
        kind=kind,
        taxa=len(taxa),
        spearman=spearman,
        p_value=p_value,
        beyond_genus=_correlation(rankdata(distances[upper][far]), rankdata(steps[upper][far])),
        cophenetic=_correlation(cophenet(tree), steps[upper].astype(np.float64)),
        agreement=_agreement(distances, steps),
        by_step=by_step,
    )


def _spearman(
    distances: Floats, steps: Indices, *, generator: np.random.Generator, permutations: int
) -> tuple[Interval, float]:
    """Spearman's correlation over pairs, its interval over redrawn taxa, and Mantel's p-value.

    Ranks are given once. A taxon drawn twice is no pair with itself.
    """
    count = len(steps)
    upper = np.triu_indices(count, 1)
    first, second = (squareform(rankdata(each[upper])) for each in (distances, steps))  # (S, S) of ranks
    found = _correlation(first[upper], second[upper]) or 0.0
    as_far = 1
    for _ in range(permutations):
        order = generator.permutation(count)
        as_far += (_correlation(first[upper], second[np.ix_(order, order)][upper]) or 0.0) >= found
    redrawn = []
    for _ in range(permutations):
        drawn = generator.integers(count, size=count)
        rows, columns = drawn[upper[0]], drawn[upper[1]]
        is_pair = rows != columns
        value = _correlation(first[rows, columns][is_pair], second[rows, columns][is_pair])
        redrawn.append(np.nan if value is None else value)
    return interval_of(found, np.array(redrawn)), as_far / (permutations + 1)


def _correlation(first: Floats, second: Floats) -> float | None:
    """Pearson's correlation; None where either does not vary, or of fewer than 3 values."""
    if len(first) < 3 or float(np.ptp(first)) < _FLAT or float(np.ptp(second)) < _FLAT:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def _agreement(distances: Floats, steps: Indices) -> float | None:
    """The mean over taxa of how often the nearer of two others by the tree is the nearer by text too, ties half."""
    found = []
    for row in range(len(steps)):
        others = np.arange(len(steps)) != row
        level, near = steps[row, others], distances[row, others]
        right, pairs = 0.0, 0
        for step in np.unique(level)[:-1]:
            here, beyond = near[level == step], np.sort(near[level > step])
            below, upto = (np.searchsorted(beyond, here, side=side).sum() for side in ("left", "right"))
            right += len(here) * len(beyond) - (float(below) + float(upto)) / 2
            pairs += len(here) * len(beyond)
        if pairs:
            found.append(right / pairs)
    return float(np.mean(found)) if found else None
