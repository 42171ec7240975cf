"""Back-off: the chain of best taxa from the kingdom down, and how deep it can be trusted."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.classify.calibrate.placement import deepest_true
from thuja.classify.clades import Tree
from thuja.classify.tiled import Marginals
from thuja.taxonomy import RANKS, Rank

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The best taxon at each rank within the best taxon of the rank above, of B images.

    `indices` (B, 7) point into the tree's `taxa`, `probabilities` (B, 7) never rise from kingdom to species. Where
    none of the best species at hand lies in the best genus, the path ends there: index -1, probability 0.
    """

    indices: Indices
    probabilities: Floats


def paths_of(block: Marginals, tree: Tree) -> Paths:
    """Walk down from the best kingdom, each time to the best taxon within.

    A taxon of more than one half is the best of its rank and all above it are of more than one half, so that the
    walk meets every such taxon: above one half the path is what the ranks say one by one. Below, the best of two
    ranks may lie in different clades, and the walk holds to the one that it has entered.
    """
    count = len(block.peak)
    images = np.arange(count)
    indices = np.full((count, len(RANKS)), -1, dtype=np.int64)
    probabilities = np.zeros((count, len(RANKS)), dtype=np.float32)
    indices[:, 0] = block.clades[Rank.KINGDOM].indices[:, 0]
    probabilities[:, 0] = block.clades[Rank.KINGDOM].scores[:, 0]
    for rank in RANKS[1 : Rank.SPECIES]:
        posterior, members = block.posterior[rank], tree.members(Rank(rank - 1))
        order = np.argsort(indices[:, rank - 1], kind="stable")
        parents, starts = np.unique(indices[order, rank - 1], return_index=True)
        for parent, rows in zip(parents.tolist(), np.split(order, starts[1:]), strict=True):
            first, last = int(members[parent]), int(members[parent + 1])
            indices[rows, rank] = first + posterior[first:last, rows].argmax(axis=0)
        probabilities[:, rank] = posterior[indices[:, rank], images]
    _add_species(block, tree, indices, probabilities)
    # The sums of a clade and of its only member are made apart, and round apart.
    np.minimum.accumulate(probabilities, axis=1, out=probabilities)
    return Paths(indices=indices, probabilities=probabilities)


def _add_species(block: Marginals, tree: Tree, indices: Indices, probabilities: Floats) -> None:
    """The best species at hand within each path's genus; the species are best first."""
    top = block.clades[Rank.SPECIES]
    members, genus = tree.members(Rank.GENUS), indices[:, Rank.GENUS, None]
    is_within = (top.indices >= members[genus]) & (top.indices < members[genus + 1])  # (B, k)
    place, found = is_within.argmax(axis=1), is_within.any(axis=1)
    images = np.arange(len(place))
    indices[found, Rank.SPECIES] = top.indices[images, place][found]
    probabilities[found, Rank.SPECIES] = top.scores[images, place][found]


def settled_ranks(paths: Paths, probabilities: Floats, tree: Tree, *, confidence: float) -> Indices:
    """The deepest rank at which each path has a named taxon whose probability reaches `confidence`: (B,), -1 for none.

    `probabilities` (B, 7) are those of the paths, calibrated where a calibration is at hand.
    """
    reaches = (probabilities >= confidence) & (paths.indices >= 0)
    settled = deepest_true(reaches)
    for row in np.flatnonzero(settled >= 0).tolist():
        # A lineage may skip a rank, and a label may be a genus: what has no name there is not said.
        while settled[row] >= 0 and not _is_named(tree, paths.indices[row], int(settled[row])):
            reaches[row, settled[row]] = False
            settled[row] = deepest_true(reaches[row : row + 1])[0]
    return settled


def _is_named(tree: Tree, path: Indices, rank: int) -> bool:
    return bool(tree.taxa[Rank(rank)][int(path[rank])][Rank(rank)])
