"""The taxa of a label space at each rank, and a posterior over labels summed up to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from thuja.errors import UsageError
from thuja.labels import LabelSpace, Sorted
from thuja.taxonomy import RANKS, Rank, Taxon

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clades:
    """The taxa that a label space has at one rank, ready to gather its posterior.

    A clade is a whole lineage down to the rank: two genera of one name in different families stay
    apart, and so does a label that has no name at the rank.
    """

    taxa: Sequence[Taxon]
    order: Indices
    starts: Indices

    @classmethod
    def of(cls, labels: LabelSpace, rank: Rank) -> Self:
        """The clades of these labels; raises UsageError for labels without taxa."""
        _require_taxa(labels)
        taxa, place = labels.groups(rank)
        order = np.argsort(place, kind="stable")
        return cls(taxa=taxa, order=order, starts=np.searchsorted(place[order], np.arange(len(taxa))))

    def gather(self, probabilities: Floats) -> Floats:
        """Sum the labels of each clade: (N, L) to (N, G)."""
        if len(self.taxa) == len(self.order):
            return probabilities[:, self.order]
        sums = np.add.reduceat(probabilities[:, self.order], self.starts, axis=1)
        return np.minimum(sums, 1, out=sums)  # a sum of many rounds a little above


def roll_up(probabilities: Floats, labels: LabelSpace, rank: Rank) -> tuple[Floats, Sequence[Taxon]]:
    """The posterior marginalised up the tree: (N, L) to (N, G), with the G taxa at `rank`."""
    clades = Clades.of(labels, rank)
    return clades.gather(probabilities), clades.taxa


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The clades of L labels at all seven ranks at once.

    Taken in `order`, the labels of a clade stand side by side at every rank, and clades nest: `edges[rank]`
    (G + 1,) says where each of the G `taxa[rank]` (sorted, as those of `Clades`) begins and ends.
    """

    order: Indices
    taxa: Mapping[Rank, Sequence[Taxon]]
    edges: Mapping[Rank, Indices]

    @classmethod
    def of(cls, labels: LabelSpace) -> Self:
        """The clades of these labels; raises UsageError for labels without taxa."""
        _require_taxa(labels)
        found = Sorted.of(labels.columns)
        starts = {rank: found.starts(rank) for rank in RANKS}
        return cls(
            order=found.order,
            taxa={rank: labels.columns.take(found.order[starts[rank]]).at(rank) for rank in RANKS},
            edges={rank: np.append(starts[rank], len(labels)) for rank in RANKS},
        )

    def __len__(self) -> int:
        return len(self.order)

    @property
    def is_sorted(self) -> bool:
        """Whether the labels stand in the order of their lineages already."""
        return bool((self.order == np.arange(len(self))).all())

    def sizes(self, rank: Rank) -> Indices:
        """How many labels each clade holds: (G,)."""
        return np.diff(self.edges[rank])

    def members(self, rank: Rank) -> Indices:
        """Where each clade begins and ends among the clades of the rank below: (G + 1,)."""
        return np.searchsorted(self.edges[Rank(rank + 1)], self.edges[rank])


def _require_taxa(labels: LabelSpace) -> None:
    if not labels.taxa:
        raise UsageError("custom labels have no ranks", hint="leave out the rank, or use labels that are taxa")
