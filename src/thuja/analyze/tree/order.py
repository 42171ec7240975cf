"""Whether nearer kin are nearer in the space: over all pairs, from each species, by rank, and by chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from thuja.analyze.tree.distances import condensed
from thuja.errors import ThujaError

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


def pair_ranks(tables: Sequence[npt.NDArray[Any]]) -> list[Floats]:
    """The rank of each pair of species among all, in each of K tables (S, S): K of (P,)."""
    return [np.asarray(rankdata(condensed(table)), dtype=np.float64) for table in tables]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mantel:
    """Spearman's correlation over pairs, and how often shuffled species come to as much.

    The p-value is descriptive: shuffling treats species as exchangeable, while kin are alike, so that it is too small
    where both tables follow the tree of life or the same museums (Guillot & Rousset 2013; Harmon & Glor 2010).
    """

    correlation: float
    p_value: float
    permutations: int


def mantel(
    first: Floats, second: npt.NDArray[np.generic], generator: np.random.Generator, *, permutations: int = 999
) -> Mantel:
    """Mantel's test (1967) of two tables of distances (S, S), one-sided, on ranks.

    p = (1 + shuffles that do as well) / (1 + shuffles); of a table that does not vary the correlation is NaN, p 1.
    """
    own, other = (ranks - ranks.mean() for ranks in pair_ranks([first, second]))
    size = np.sqrt(float(own @ own) * float(other @ other))
    if size <= 0 or not np.isfinite(size):
        return Mantel(correlation=float("nan"), p_value=1.0, permutations=permutations)
    table, flat = squareform(own), np.ascontiguousarray(squareform(other)).ravel()
    observed = float(table.ravel() @ flat)
    # What rounding in another order of summing may change is no difference.
    enough = observed - 1e-9 * size
    hits = 0
    for _ in range(permutations):
        order = generator.permutation(len(table))
        hits += float(table[order][:, order].ravel() @ flat) >= enough
    return Mantel(correlation=observed / (2 * size), p_value=(1 + hits) / (1 + permutations), permutations=permutations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Kendall's tau-b from each of A anchors, (A,), NaN where undefined, and what each species weighs in it, (A, S).

    `pulls` are the derivatives of tau by a species' weight among the others: by them the mean can be redrawn with
    species in both their parts, as the one who looks and as one who is seen.
    """

    taus: Floats
    pulls: Floats

    def influences(self, anchors: Sequence[int] | Indices, is_known: npt.NDArray[np.bool_]) -> tuple[float, Floats]:
        """The mean over the anchors that are known, and how much each of S species moves it: (S,), of sum nought."""
        taus, pulls = self.taus[is_known], self.pulls[is_known]
        mean = float(taus.mean())
        moved = pulls.sum(axis=0)
        np.add.at(moved, np.asarray(anchors)[is_known], taus - mean)
        return mean, moved / len(taus)


def anchor_order(distances: Floats, tree: npt.NDArray[np.generic], anchors: Sequence[int] | Indices) -> Order:
    """Hold a species' distances (S, S) to all others against its tree distances (S, S), for each anchor.

    Where nearer kin are always nearer tau is `tau_ceilings`: species that are equally near on the tree cost some. With
    c_j the pairs (j, k) in the same order less those in the other, tau_b = sum(c) / 2 / d for
    d = sqrt((pairs - ties here) (pairs - ties there)), and the pull of j is c_j / d - 2 tau_b / (S - 1): the change of
    d by ties is left out.
    """
    count = len(distances)
    taus, pulls = np.full(len(anchors), np.nan), np.zeros((len(anchors), count))
    for place, anchor in enumerate(anchors):
        others = np.flatnonzero(np.arange(count) != anchor)
        balance, size = _concordance(distances[anchor, others], np.asarray(tree[anchor, others]))
        if size > 0:
            taus[place] = balance.sum() / 2 / size
            pulls[place, others] = balance / size - 2 * taus[place] / len(others)
    return Order(taus=taus, pulls=pulls)


def _concordance(near: Floats, steps: npt.NDArray[np.generic]) -> tuple[Floats, float]:
    """Of each of n species the others in the same order less those in the other, (n,), and tau-b's denominator.

    Along rising distance, counts of each tree distance so far say how many lie before with less and with more.
    """
    count = len(near)
    levels, level = np.unique(steps, return_inverse=True)
    order = np.argsort(near, kind="stable")
    starts = np.searchsorted(near[order], near, side="left")
    ends = np.searchsorted(near[order], near, side="right")
    so_far = np.zeros((count + 1, len(levels) + 1), dtype=np.int64)
    so_far[np.arange(1, count + 1), 1 + level[order]] = 1
    so_far = so_far.cumsum(axis=0).cumsum(axis=1)  # (n + 1, levels + 1)
    less, more = so_far[:, :-1], so_far[:, -1:] - so_far[:, 1:]  # [i, l]: of the nearest i, below and above level l
    balance = less[starts, level] - more[starts, level]
    balance += (more[-1, level] - more[ends, level]) - (less[-1, level] - less[ends, level])
    pairs = count * (count - 1) / 2
    here, there = (
        float((sizes * (sizes - 1) / 2).sum()) for sizes in (np.unique(near, return_counts=True)[1], np.bincount(level))
    )
    return np.asarray(balance, dtype=np.float64), float(np.sqrt((pairs - here) * (pairs - there)))


def anchor_taus(distances: Floats, tree: npt.NDArray[np.generic], anchors: Sequence[int] | Indices) -> Floats:
    """Kendall's tau-b of a species' distances to all others with its tree distances, for each anchor: (A,).

    NaN where one of the two does not vary.
    """
    return anchor_order(distances, tree, anchors).taus


def tau_ceilings(tree: npt.NDArray[np.generic], anchors: Sequence[int] | Indices) -> Floats:
    """The most that tau-b can be for each anchor, whose distances in the space have no ties: (A,); NaN for no order.

    sqrt(1 - t / p), of p pairs of other species of which t are equally near on the tree.
    """
    found = np.full(len(anchors), np.nan)
    for place, anchor in enumerate(anchors):
        counts = np.unique(np.delete(tree[anchor], anchor), return_counts=True)[1]
        pairs, ties = counts.sum() * (counts.sum() - 1), (counts * (counts - 1)).sum()
        if pairs > ties:
            found[place] = np.sqrt(1 - ties / pairs)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """The pairs of species that meet at one depth: how many, how far they are apart, and told from the next depth up.

    `closer` is the chance that a pair of these is nearer than a pair that meets at the next depth up which has pairs;
    `overlap` is 1 where that is even and 0 where the two are apart. Both are None at the top.
    """

    depth: int
    pairs: int
    distances: Floats
    closer: float | None

    @property
    def overlap(self) -> float | None:
        """2 min(closer, 1 - closer)."""
        return None if self.closer is None else 2 * min(self.closer, 1 - self.closer)


def strata(distances: Floats, depths: npt.NDArray[np.generic]) -> list[Stratum]:
    """The pairs by the depth of their common ancestor, the root first: tables (S, S), (S, S)."""
    near, met = condensed(distances), condensed(depths).astype(np.int64)
    levels = np.unique(met).tolist()
    parts = {level: near[met == level] for level in levels}
    above = {low: high for high, low in pairwise(levels)}
    return [
        Stratum(
            depth=level,
            pairs=len(parts[level]),
            distances=parts[level],
            closer=closer_share(parts[level], parts[above[level]]) if level in above else None,
        )
        for level in levels
    ]


def closer_share(near: Floats, far: Floats) -> float:
    """The chance that one of `near` (P,) is less than one of `far` (Q,), equals counting half (Mann-Whitney's U)."""
    if not len(near) or not len(far):
        raise ThujaError("two sets of distances are compared, and one of them is empty")
    ranks = rankdata(np.concatenate([near, far]))[len(near) :]
    return float((ranks.sum() - len(far) * (len(far) + 1) / 2) / (len(near) * len(far)))
