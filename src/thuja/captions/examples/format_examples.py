"""Which examples a taxon is shown: its own group's, or those of the nearest group that has some."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

from thuja.captions.examples.example import BUILT_IN, Example, Status
from thuja.taxonomy import RANKS, Rank, Taxon, common_ancestor

MOST: Final = 3
"""A prompt of BioCAP's shows three."""


class Nearness(StrEnum):
    """Whose examples a taxon got."""

    OWN = "own"
    """of its class, or of a group within that it belongs to"""
    ABOVE = "above"
    """of its phylum or kingdom"""
    NEAR = "near"
    """of the group that shares the deepest rank with it"""
    BUILT_IN = "built-in"
    """of nothing near"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a taxon is shown: sentences, the group that they are of (None for thuja's own), and how near that is."""

    sentences: tuple[str, ...]
    group: Taxon | None = None
    nearness: Nearness = Nearness.BUILT_IN


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a group stands: its whole lineage, as far as that is known, and how many species are known in it."""

    lineage: Taxon
    weight: int = 0


class FormatExamples:
    """Examples by group, found by lineage. The same table and known taxa always give the same answers."""

    def __init__(self, groups: Mapping[Taxon, tuple[str, ...]], places: Mapping[Taxon, Place] | None = None) -> None:
        """`places` say where groups stand of which a table gives no more than the class."""
        self.groups = {group: groups[group] for group in sorted(groups)}
        self._places = places or {}
        self._by_name: dict[tuple[Rank, str], list[Taxon]] = {}
        for group in self.groups:
            assert group.rank is not None, "a group has a name"
            self._by_name.setdefault((group.rank, group[group.rank]), []).append(group)
        self._deepest = max((rank for rank, _ in self._by_name), default=Rank.KINGDOM)
        self._answers: dict[Taxon, Shown] = {}

    @classmethod
    def from_examples(cls, examples: Iterable[Example], *, known: Mapping[Taxon, int] | None = None) -> Self:
        """The accepted ones, in their order. `known` taxa place groups; each has the number of its species."""
        found: dict[Taxon, list[str]] = {}
        for example in examples:
            if example.status is Status.ACCEPTED:
                found.setdefault(example.taxon, []).append(example.sentence)
        groups = {group: tuple(dict.fromkeys(sentences)) for group, sentences in found.items()}
        return cls(groups, _placed(groups, known or {}))

    def of(self, taxon: Taxon, most: int = MOST) -> Shown:
        """Up to `most` sentences: of the taxon's own group, of one above it, of the nearest, or thuja's own."""
        key = taxon.at(self._deepest)
        if key not in self._answers:
            self._answers[key] = self._own(key) or self._nearest(key) or Shown(sentences=BUILT_IN)
        found = self._answers[key]
        return replace(found, sentences=found.sentences[:most])

    def lacking(self, taxa: Iterable[Taxon], rank: Rank = Rank.CLASS) -> list[Taxon]:
        """The groups at `rank` that these taxa are in and that have no examples of their own, sorted."""
        groups = {taxon.at(rank) for taxon in taxa if taxon[rank]}
        return sorted(group for group in groups if self.of(group).nearness is not Nearness.OWN)

    def _own(self, taxon: Taxon) -> Shown | None:
        for rank in reversed(RANKS):
            for group in self._by_name.get((rank, taxon[rank]), ()):
                if group.agrees_with(taxon):
                    nearness = Nearness.OWN if rank >= Rank.CLASS else Nearness.ABOVE
                    return Shown(sentences=self.groups[group], group=group, nearness=nearness)
        return None

    def _nearest(self, taxon: Taxon) -> Shown | None:
        """Of those that share as deep a rank, the one that most species are in; then by name."""
        best: tuple[int, int] = (-1, 0)
        found: Taxon | None = None
        for group in self.groups:
            place = self._places.get(group) or Place(lineage=group)
            shared = common_ancestor(place.lineage, taxon).rank
            if shared is not None and (int(shared), place.weight) > best:
                best, found = (int(shared), place.weight), group
        return None if found is None else Shown(sentences=self.groups[found], group=found, nearness=Nearness.NEAR)


def _placed(groups: Iterable[Taxon], known: Mapping[Taxon, int]) -> dict[Taxon, Place]:
    """The lineage that most species of the `known` taxa give each group."""
    by_name: dict[tuple[Rank, str], list[Taxon]] = {}
    for group in groups:
        if group.rank is not None:
            by_name.setdefault((group.rank, group[group.rank]), []).append(group)
    ranks = sorted({rank for rank, _ in by_name})
    lineages: dict[Taxon, Counter[Taxon]] = {}
    for taxon, species in known.items():
        for rank in ranks:
            for group in by_name.get((rank, taxon[rank]), ()):
                if group.agrees_with(taxon):
                    lineages.setdefault(group, Counter())[taxon.at(rank)] += species
    return {group: Place(lineage=_commonest(counts), weight=counts.total()) for group, counts in lineages.items()}


def _commonest(counts: Counter[Taxon]) -> Taxon:
    """Of the most frequent ones the first by name."""
    return min(counts.items(), key=lambda item: (-item[1], item[0]))[0]
