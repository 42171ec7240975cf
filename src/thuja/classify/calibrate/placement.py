"""Where true taxa stand among the clades of a label space: at which ranks they can be answered rightly."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.classify.clades import Tree
from thuja.taxonomy import RANKS, Rank, Taxon

Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The clade that each of N true taxa is of, at each rank: (N, 7) indices into the tree's `taxa`.

    -1 where the truth is not named so deep, or its taxon is not among the labels. `is_outside` (N,) marks truths
    that go deeper than the labels do: those of species, genera, families that no label is of.
    """

    at_rank: Indices
    is_outside: Flags

    @property
    def deepest(self) -> Indices:
        """The deepest rank at which the truth is among the labels, -1 for none: (N,)."""
        return deepest_true(self.at_rank >= 0)

    def among(self, rows: npt.NDArray[np.generic]) -> "Places":
        """Those of some of the truths."""
        return Places(at_rank=self.at_rank[rows], is_outside=self.is_outside[rows])


def places_of(truth: Sequence[Taxon], tree: Tree) -> Places:
    """Where each truth stands in the tree. A clade is a whole lineage: what is named otherwise is not the same."""
    known: dict[Taxon, tuple[list[int], bool]] = {}
    for taxon in truth:
        if taxon not in known:
            known[taxon] = _place(taxon, tree)
    return Places(
        at_rank=np.array([known[taxon][0] for taxon in truth], dtype=np.int64).reshape(-1, len(RANKS)),
        is_outside=np.array([known[taxon][1] for taxon in truth], dtype=bool),
    )


def label_rank(tree: Tree) -> Rank:
    """The deepest rank that most labels have a name at: species, of a label space of genera the genus."""
    taxa = tree.taxa[Rank.SPECIES]
    looked_at = range(0, len(taxa), max(1, len(taxa) // 1000))
    deepest = [taxa[index].rank or Rank.KINGDOM for index in looked_at]
    return max(RANKS, key=lambda rank: (deepest.count(rank), rank))


def deepest_true(flags: Flags) -> Indices:
    """The last true column of each row, -1 where none is: (N, R) to (N,)."""
    last = flags.shape[1] - 1 - flags[:, ::-1].argmax(axis=1)
    return np.where(flags.any(axis=1), last, -1)


def _place(taxon: Taxon, tree: Tree) -> tuple[list[int], bool]:
    found = [-1] * len(RANKS)
    named = -1 if taxon.rank is None else int(taxon.rank)
    for rank in RANKS[: named + 1]:
        cut, taxa = taxon.at(rank), tree.taxa[rank]
        index = bisect_left(taxa, cut)
        if index == len(taxa) or taxa[index] != cut:
            return found, True
        found[rank] = index
    return found, False
