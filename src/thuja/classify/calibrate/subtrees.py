"""Sets of subtrees that hold the truth as often as asked: what is covered at a price, and at which price the truth is.

A node v of the tree costs c(v) = (labels in v)^POWER. At a price mu the set is the antichain of nodes that
maximises the sum of P(v) - mu c(v), found from the leaves up: best(v) = max(0, P(v) - mu c(v), sum of best(children)).
What is covered only grows as mu falls, so that the greatest mu at which y is covered is a conformity score of (x, y):

1. best of a child is convex in mu (a maximum of lines), so D(mu) = P(v) - mu c(v) - sum of best(children) is concave;
2. D(0) = P(v) - sum of P(children) >= 0, so v is taken whole where mu lies in [0, mu_v], an interval from 0 on;
3. y is covered where some node above it is taken whole, which is for all mu <= max of mu_v. Any costs c > 0 and any
   choice of candidate nodes do, as long as both hang on the image alone.

With the score, split conformal prediction holds (Vovk et al. 2005; Angelopoulos and Bates 2021, arXiv:2107.07511): the
set at the calibrated price holds the truth of a new exchangeable observation as often as asked, or more by at most
1 / (n + 1) where no two scores are equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from thuja.classify.calibrate.placement import Places
from thuja.classify.clades import Tree
from thuja.classify.tiled import Marginals
from thuja.errors import ThujaError
from thuja.taxonomy import RANKS, Rank

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

DEPTH = 32
"""Of each rank so many best taxa are candidates, and all taxa above them."""

POWER = 0.5
"""Between 1, under which a clade costs as much as all its labels and sets are long lists of species, and 0, under which
a kingdom costs no more than a species. Measured in docs/benchmarks.md."""

_HALVINGS = 34
_LOWEST = -40.0
"""Prices lie between 2^-40 and 1: P <= 1 <= c."""

_ROUNDING = 1e-12
"""D(mu) >= -1e-12 holds in an interval from 0 on as D(mu) >= 0 does, and ties are no matter of rounding."""

_JITTER = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """A rank's candidates of B images, W at most: (B, W) each, ascending; -1 and no mass where there are fewer.

    `parents` is where a candidate's parent stands among those of the rank above.
    """

    indices: Indices
    masses: Floats
    costs: Floats
    parents: Indices


Candidates = Mapping[Rank, Nodes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtree:
    """A clade of a set: the rank and index of its taxon, and its probability."""

    rank: Rank
    index: int
    mass: float


def candidates_of(block: Marginals, tree: Tree, *, power: float = POWER) -> Candidates:
    """The nodes that an image's set is made of: the DEPTH best taxa of each rank, and their ancestors.

    Raises ThujaError for marginals of fewer: sets and their calibration must have the same candidates.
    """
    indices: dict[Rank, Indices] = {}
    below = np.zeros((len(block.peak), 0), dtype=np.int64)
    for rank in reversed(RANKS):
        count = len(tree.taxa[rank])
        top = block.clades[rank].indices[:, :DEPTH]
        if top.shape[1] < min(DEPTH, count):
            raise ThujaError(f"sets of subtrees need the {DEPTH} best taxa of each rank, got {top.shape[1]}")
        above = np.where(below >= 0, _parent(tree, rank, below), -1) if rank < Rank.SPECIES else below
        indices[rank] = below = _distinct(np.concatenate([top, above], axis=1))
    nodes = {rank: _nodes(block, tree, indices, rank, power) for rank in RANKS}
    for rank in reversed(RANKS[:-1]):
        # Sums of float32 round apart: a clade that fell behind its own children would not be taken at any price.
        children = nodes[Rank(rank + 1)]
        parts = _summed(children.masses, children.parents, nodes[rank].masses.shape)
        nodes[rank] = replace(nodes[rank], masses=np.maximum(nodes[rank].masses, parts))
    return nodes


def covering_prices(candidates: Candidates, places: Places) -> Floats:
    """The greatest price at which the set covers each image's true species (or other deepest taxon): (B,).

    0 where even a price of nothing does not: the truth is of a kingdom that is no candidate.
    """
    stand = _standing(candidates, places)
    low, high = np.full(len(places.is_outside), _LOWEST), np.zeros(len(places.is_outside))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_covered = _covers(_taken(candidates, np.exp2(middle)), stand)
        low, high = np.where(is_covered, middle, low), np.where(is_covered, high, middle)
    return np.where(low > _LOWEST, np.exp2(low), 0.0)


def subtrees_at(candidates: Candidates, prices: Floats, tree: Tree) -> list[list[Subtree]]:
    """The set of each image at its price, likeliest first.

    A clade with one taxon only among the labels is told as that taxon.
    """
    chosen = _chosen(candidates, prices)
    found: list[list[Subtree]] = [[] for _ in prices]
    for rank, flags in chosen.items():
        nodes = candidates[rank]
        for row, column in zip(*(each.tolist() for each in np.nonzero(flags)), strict=True):
            index, mass = int(nodes.indices[row, column]), float(nodes.masses[row, column])
            deepest, told = told_as(tree, rank, index)
            found[row].append(Subtree(rank=deepest, index=told, mass=min(mass, 1.0)))
    return [sorted(one, key=lambda subtree: (-subtree.mass, subtree.rank, subtree.index)) for one in found]


def told_as(tree: Tree, rank: Rank, index: int) -> tuple[Rank, int]:
    """The deepest named taxon with the same labels as this one."""
    first, last = int(tree.edges[rank][index]), int(tree.edges[rank][index + 1])
    best = (rank, index)
    for below in RANKS[rank + 1 :]:
        edges = tree.edges[below]
        place = int(np.searchsorted(edges, first))
        if int(edges[place + 1]) != last:
            break
        if tree.taxa[below][place][below]:
            best = (below, place)
    return best


def covers_wholly(subtrees: list[Subtree], place: Indices, tree: Tree) -> bool:
    """Whether a set holds the whole of a truth's deepest clade among the labels: (7,) places.

    For a truth outside the labels that is the only right way to hold it: of a genus that no label is of, the family
    must be in the set. Some of the family's species would say what is wrong.
    """
    return any(place[subtree.rank] == subtree.index for subtree in subtrees)


def touches(subtrees: list[Subtree], place: Indices, tree: Tree) -> bool:
    """Whether a set holds any label of a truth's deepest clade among the labels."""
    deepest = int((place >= 0).sum()) - 1
    if deepest < 0:
        return False
    edges = tree.edges[Rank(deepest)]
    first, last = edges[place[deepest]], edges[place[deepest] + 1]
    return any(
        tree.edges[subtree.rank][subtree.index] < last and tree.edges[subtree.rank][subtree.index + 1] > first
        for subtree in subtrees
    )


def jitter(block: Marginals) -> Floats:
    """A factor a little above 1 of each image, which breaks ties between scores: (B,).

    Of sure images many have one and the same probability, 1, and so one score. The factor hangs on the image alone
    (on digits of its energy far behind the point), so that scores stay exchangeable.
    """
    return 1 + _JITTER * np.modf(np.abs(block.energy.astype(np.float64)) * 4096.37)[0]


def _taken(candidates: Candidates, prices: Floats) -> dict[Rank, Flags]:
    """Which nodes are taken whole in the best set of their own subtree: (B, W) at each rank."""
    taken: dict[Rank, Flags] = {}
    best = np.zeros((len(prices), 0))
    parents = np.zeros((len(prices), 0), dtype=np.int64)
    for rank in reversed(RANKS):
        nodes = candidates[rank]
        whole = nodes.masses - prices[:, None] * nodes.costs
        parts = _summed(best, parents, nodes.indices.shape)
        taken[rank] = (whole >= parts - _ROUNDING) & (whole >= 0) & (nodes.indices >= 0)
        best = np.maximum(np.maximum(whole, parts), 0)
        parents = nodes.parents
    return taken


def _chosen(candidates: Candidates, prices: Floats) -> dict[Rank, Flags]:
    """The nodes of the set: taken whole, and below none that is."""
    taken, chosen = _taken(candidates, prices), {}
    held = np.zeros((len(prices), 1), dtype=bool)
    for rank in RANKS:
        nodes = candidates[rank]
        is_below = np.take_along_axis(held, nodes.parents, axis=1)
        chosen[rank] = taken[rank] & ~is_below
        held = taken[rank] | is_below
    return chosen


def _covers(taken: Mapping[Rank, Flags], stand: Indices) -> Flags:
    found = np.zeros(len(stand), dtype=bool)
    for rank, flags in taken.items():
        at = stand[:, rank]
        found |= (at >= 0) & np.take_along_axis(flags, np.maximum(at, 0)[:, None], axis=1)[:, 0]
    return found


def _standing(candidates: Candidates, places: Places) -> Indices:
    """Where the truth's clade at each rank stands among the candidates: (B, 7), -1 where it is none of them."""
    found = np.full(places.at_rank.shape, -1, dtype=np.int64)
    for rank in RANKS:
        is_true = candidates[rank].indices == places.at_rank[:, rank, None]
        is_true &= places.at_rank[:, rank, None] >= 0
        found[:, rank] = np.where(is_true.any(axis=1), is_true.argmax(axis=1), -1)
    return found


def _summed(values: Floats, parents: Indices, shape: tuple[int, ...]) -> Floats:
    """The sum of each node's children: (B, V) values and their parents' columns to (B, W)."""
    flat = (parents + np.arange(len(parents))[:, None] * shape[1]).ravel()
    sums = np.bincount(flat, values.ravel(), minlength=shape[0] * shape[1]).reshape(shape)
    return sums.astype(np.float64, copy=False)


def _parent(tree: Tree, rank: Rank, children: Indices) -> Indices:
    """The clades at `rank` of clades at the rank below."""
    return np.searchsorted(tree.members(rank), children, side="right") - 1


def _distinct(indices: Indices) -> Indices:
    """Each row's distinct numbers, ascending, and -1 behind them: -1 in the rows is no number."""
    last = np.iinfo(np.int64).max
    rows = np.sort(np.where(indices < 0, last, indices), axis=1)
    rows[:, 1:][rows[:, 1:] == rows[:, :-1]] = last
    rows.sort(axis=1)
    width = max(1, int((rows != last).sum(axis=1).max(initial=0)))
    return np.where(rows == last, -1, rows)[:, :width]


def _nodes(block: Marginals, tree: Tree, indices: Mapping[Rank, Indices], rank: Rank, power: float) -> Nodes:
    own = indices[rank]
    is_there = own >= 0
    safe = np.where(is_there, own, 0)
    if rank == Rank.SPECIES:
        top = block.clades[rank]
        order = np.argsort(top.indices[:, :DEPTH], axis=1)
        masses = np.take_along_axis(top.scores[:, :DEPTH], order, axis=1).astype(np.float64)
    else:
        masses = block.posterior[rank][safe, np.arange(len(own))[:, None]].astype(np.float64)
    parents = np.zeros_like(own)
    if rank > Rank.KINGDOM:
        above = indices[Rank(rank - 1)]
        width, span = above.shape[1], len(tree.taxa[Rank(rank - 1)]) + 1
        offsets = np.arange(len(own))[:, None] * span
        rows = (np.where(above < 0, span - 1, above) + offsets).ravel()
        wanted = _parent(tree, Rank(rank - 1), safe) + offsets
        parents = np.searchsorted(rows, wanted.ravel()).reshape(own.shape) - np.arange(len(own))[:, None] * width
        parents = np.where(is_there, parents, 0)
    return Nodes(
        indices=own,
        masses=np.where(is_there, masses, 0.0),
        costs=tree.sizes(rank)[safe].astype(np.float64) ** power,
        parents=parents,
    )
