"""A tree built from species' means, and how many of the taxonomy's clades it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import cophenet, linkage

from thuja.analyze.tree.distances import condensed
from thuja.taxonomy import RANKS, Rank, Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def grow(distances: Floats) -> Floats:
    """The average-linkage tree (UPGMA; Sokal & Michener 1958) of distances (S, S), as SciPy's linkage (S - 1, 4)."""
    return np.asarray(linkage(condensed(distances), method="average"), dtype=np.float64)


def cophenetic(tree: Floats) -> Floats:
    """The height at which each two leaves of a tree (S - 1, 4) meet, condensed: (P,)."""
    return np.asarray(cophenet(tree), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clades:
    """The K clades of a taxonomy that hold some but not all of S species: their taxa and members (S, K).

    They stand by rank, from the kingdom down. A clade is a whole lineage down to its rank.
    """

    taxa: Sequence[Taxon]
    ranks: Sequence[Rank]
    members: Flags

    @classmethod
    def of(cls, taxa: Sequence[Taxon]) -> "Clades":
        """All clades above the species of two members or more."""
        found: dict[tuple[Rank, Taxon], list[int]] = {}
        for rank in RANKS[:-1]:
            for place, taxon in enumerate(taxa):
                if taxon[rank]:
                    found.setdefault((rank, taxon.at(rank)), []).append(place)
        kept = {key: places for key, places in found.items() if 2 <= len(places) < len(taxa)}
        members = np.zeros((len(taxa), len(kept)), dtype=np.bool_)
        for column, places in enumerate(kept.values()):
            members[places, column] = True
        return cls(taxa=[taxon for _, taxon in kept], ranks=[rank for rank, _ in kept], members=members)

    @property
    def sizes(self) -> Indices:
        """How many species each has: (K,)."""
        return np.asarray(self.members.sum(axis=0), dtype=np.int64)

    @property
    def distinct(self) -> Indices:
        """The columns of clades that differ as sets of species, and are so as parts of an unrooted tree: (R,).

        A clade and all the rest are one split; a split with a single species on one side is in every tree.
        """
        sides = self.members ^ self.members[:1]  # the side without the first species, or the other way round
        _, first = np.unique(sides, axis=1, return_index=True)
        sizes = sides[:, first].sum(axis=0)
        return np.sort(first[(sizes > 1) & (sizes < len(sides) - 1)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How a tree of S leaves has each of K clades.

    `is_found`: some node holds the clade's species and no other. `best`: Jaccard's index of the clade with the node
    that is most like it, 1 where it is found. `is_split`: the clade or all the rest is a node, which is what counts in
    an unrooted tree. (K,) each.
    """

    is_found: Flags
    best: Floats
    is_split: Flags


def find_clades(tree: Floats, members: Flags) -> Found:
    """Look for clades (S, K) among the nodes of a tree (S - 1, 4)."""
    leaves, count = members.shape
    sizes = members.sum(axis=0)
    shared: list[Any] = [row.astype(np.int64) for row in members]
    best = 1 / np.maximum(sizes, 1)
    is_found, is_split = np.zeros((2, count), dtype=np.bool_)
    for left, right, size in zip(*tree[:, :2].T.astype(int).tolist(), tree[:, 3].astype(int).tolist(), strict=True):
        inside = shared[left] + shared[right]
        shared[left] = shared[right] = None  # each is asked once: a tree of thousands stays small
        shared.append(inside)
        if size < leaves:  # the root is like every large clade
            np.maximum(best, inside / (size + sizes - inside), out=best)
        is_whole = (inside == sizes) & (size == sizes)
        is_found |= is_whole
        is_split |= is_whole | ((inside == 0) & (size == leaves - sizes))
    return Found(is_found=is_found, best=best, is_split=is_split)


@dataclass(frozen=True, slots=True, kw_only=True)
class RobinsonFoulds:
    """The distance of Robinson & Foulds (1981) between a taxonomy, which has few splits, and a binary tree.

    `missed` is the share of the taxonomy's splits that the tree has not: what is to be read. `distance` counts the
    splits that only one of the two has, `normalised` divides by all, and `least` is the least that this can be, since
    the tree resolves what the taxonomy leaves open.
    """

    reference: int
    built: int
    common: int

    @property
    def missed(self) -> float:
        """1 - common / reference; NaN where the taxonomy has no split."""
        return 1 - self.common / self.reference if self.reference else float("nan")

    @property
    def distance(self) -> int:
        """reference + built - 2 common."""
        return self.reference + self.built - 2 * self.common

    @property
    def normalised(self) -> float:
        """distance / (reference + built); NaN where neither has a split."""
        total = self.reference + self.built
        return self.distance / total if total else float("nan")

    @property
    def least(self) -> float:
        """What `normalised` is where every split of the taxonomy is in the tree."""
        total = self.reference + self.built
        return (self.built - self.reference) / total if total else float("nan")


def robinson_foulds(clades: Clades, found: Found) -> RobinsonFoulds:
    """Of the clades of a taxonomy as a binary tree has them, both as unrooted trees."""
    columns = clades.distinct
    return RobinsonFoulds(
        reference=len(columns),
        built=max(0, len(clades.members) - 3),
        common=int(found.is_split[columns].sum()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shuffled:
    """What the same tree has of the clades when species change places at random, in each of B shuffles.

    `found` (B, K), `best` (B, K) as in Found.
    """

    found: Flags
    best: Floats

    def p_value(self, value: float, of: Flags | None = None) -> float:
        """(1 + shuffles whose mean `best` over some clades is at least `value`) / (1 + B)."""
        means = (self.best if of is None else self.best[:, of]).mean(axis=1)
        return float((1 + (means >= value - 1e-12).sum()) / (1 + len(means)))


def shuffle_labels(tree: Floats, clades: Clades, generator: np.random.Generator, *, shuffles: int) -> Shuffled:
    """Look for the clades in the tree with its leaves' labels permuted."""
    drawn = [find_clades(tree, clades.members[generator.permutation(len(clades.members))]) for _ in range(shuffles)]
    return Shuffled(found=np.array([one.is_found for one in drawn]), best=np.array([one.best for one in drawn]))
