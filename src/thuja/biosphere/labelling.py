"""Where the label taxonomy parts from the phylogeny: misplaced species, and groups that leave descendants out."""

from dataclasses import dataclass

import numpy as np

from thuja.biosphere.tree import Ints, Tree
from thuja.taxonomy import Rank

_GENUS, _FAMILY, _ORDER = Rank.GENUS, Rank.FAMILY, Rank.ORDER


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelling:
    """The groups (6, S), kingdom to genus, by which species are named, and why each is where it is.

    `reasons` (S,) is "" where labels and phylogeny agree, "misplaced" for a species that stands in a genus
    of strangers, "split" for one of a clade that was taken out of its genus or family, so that what is
    left of that one is paraphyletic.
    """

    groups: Ints
    reasons: tuple[str, ...]

    @classmethod
    def of(cls, clades: Ints, tree: Tree, share: float, generator: np.random.Generator) -> "Labelling":
        """Move `share` of the species (rounded): half by splitting groups, the rest one by one, where there is room."""
        draft = _Draft(clades.copy(), [""] * clades.shape[1], generator)
        wanted = round(share * clades.shape[1])
        draft.split(tree, wanted // 2)
        draft.misplace(wanted)
        return cls(groups=draft.groups, reasons=tuple(draft.reasons))


@dataclass(frozen=True, slots=True)
class _Draft:
    groups: Ints
    reasons: list[str]
    generator: np.random.Generator

    @property
    def moved(self) -> int:
        return sum(1 for reason in self.reasons if reason)

    def split(self, tree: Tree, wanted: int) -> None:
        """Give nested clades a genus of their own, or nested genera a family of their own."""
        members = tree.members() if wanted else {}
        for branch in self.generator.permutation(len(tree.parent)).tolist():
            if self.moved >= wanted:
                return
            inside = members.get(branch, [])
            rank = self._splittable(tree, branch, inside, members=members)
            if rank is None or self.moved + len(inside) > max(wanted, 1):
                continue
            # What lies below the new group is new too: a genus of the new family is the old genus, whole.
            self.groups[rank, inside] = self.groups[rank].max() + 1
            for species in inside:
                self.reasons[species] = "split"

    def _splittable(self, tree: Tree, branch: int, inside: list[int], *, members: dict[int, list[int]]) -> Rank | None:
        """The rank at which this clade lies two splits inside a group, so that taking it out leaves no clade."""
        above = int(tree.parent[branch])
        outer = int(tree.parent[above]) if above >= 0 else -1
        if outer < 0 or any(self.reasons[species] for species in members[outer]):
            return None
        for rank in (_GENUS, _FAMILY):
            is_whole = rank == _GENUS or self._holds_whole_genera(inside)
            if is_whole and len(set(self.groups[rank, members[outer]].tolist())) == 1:
                return rank
        return None

    def _holds_whole_genera(self, inside: list[int]) -> bool:
        genera = np.unique(self.groups[_GENUS, inside])
        return int(np.isin(self.groups[_GENUS], genera).sum()) == len(inside)

    def misplace(self, wanted: int) -> None:
        """Put species into genera of other families of their order, one by one."""
        for species in self.generator.permutation(len(self.reasons)).tolist():
            if self.moved >= wanted:
                return
            own = self.groups[:, species]
            if self.reasons[species] or int((self.groups[_GENUS] == own[_GENUS]).sum()) < 2:
                continue
            strangers = (self.groups[_FAMILY] != own[_FAMILY]) & (self.groups[_ORDER] == own[_ORDER])
            strangers &= np.array([reason == "" for reason in self.reasons])
            if strangers.any():
                host = int(self.generator.choice(np.flatnonzero(strangers)))
                self.groups[:, species] = self.groups[:, host]
                self.reasons[species] = "misplaced"
