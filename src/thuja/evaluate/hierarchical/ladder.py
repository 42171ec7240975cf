"""The candidates of a hierarchical question: at each rank the clades of the species that may be answered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput, ThujaError
from thuja.evaluate.question import distinct_at, places
from thuja.evaluate.towers import BuildLabels
from thuja.labels import LabelSpace
from thuja.metrics.hierarchy import codes_of
from thuja.taxonomy import RANKS, Rank, Taxon

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Siblings:
    """Candidates of one rank that share the nearest ancestor with a name: number `parent` at the rank `above`.

    `above` is None for those that have no name at any rank above.
    """

    above: Rank | None
    parent: int
    members: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """At each rank the candidates with their texts, sorted; those above species are the clades of the species.

    A rank at which no species has a name is absent. Raises ThujaError where the taxa at a rank are others.
    """

    texts: Mapping[Rank, LabelSpace]

    def __post_init__(self) -> None:
        if Rank.SPECIES not in self.texts:
            raise EmptyInput("there is no species to choose from", hint="candidates need a genus and an epithet")
        for rank in RANKS:
            wanted = distinct_at(self.texts[Rank.SPECIES].taxa, rank)
            given = tuple(self.texts[rank].taxa) if rank in self.texts else ()
            if given != wanted:
                raise ThujaError(
                    f"the labels at rank {rank.label} are {len(given)} taxa, not the {len(wanted)} above the species",
                    hint="build them with Ladder.build",
                )

    @classmethod
    def build(cls, taxa: Iterable[Taxon], build: BuildLabels) -> Self:
        """The species among these taxa, with all that stands above them; `build` makes the texts' vectors."""
        species = distinct_at(taxa, Rank.SPECIES)
        at_rank = {rank: distinct_at(species, rank) for rank in RANKS}
        return cls(texts={rank: build(found) for rank, found in at_rank.items() if found})

    @property
    def ranks(self) -> tuple[Rank, ...]:
        """The ranks that have candidates, from the top."""
        return tuple(rank for rank in RANKS if rank in self.texts)

    def sizes(self, rank: Rank) -> Indices:
        """How many species each candidate holds: (C,)."""
        place = places(self.texts[Rank.SPECIES].taxa, rank, self._numbers(rank))
        return np.bincount(place[place >= 0], minlength=len(self.texts[rank]))

    def places(self, taxa: Sequence[Taxon]) -> Indices:
        """The candidate that each taxon belongs to at each rank, or -1: (N, 7)."""
        found = np.full((len(taxa), len(RANKS)), -1, dtype=np.int64)
        for rank in self.ranks:
            found[:, rank] = places(taxa, rank, self._numbers(rank))
        return found

    def codes(self, answers: Indices) -> Indices:
        """Candidates by number at each rank, -1 for none, as codes of `metrics.hierarchy`: (N, 7) to (N, 7)."""
        told = np.full(answers.shape, -1, dtype=np.int64)
        for rank in self.ranks:
            of_candidates = codes_of(self.texts[rank].taxa)[:, rank]
            told[:, rank] = np.where(answers[:, rank] >= 0, of_candidates[answers[:, rank]], -1)
        return told

    def siblings(self, rank: Rank) -> list[Siblings]:
        """The candidates of a rank by the ancestor that was chosen before them."""
        groups: dict[tuple[Rank | None, Taxon], list[int]] = {}
        for number, taxon in enumerate(self.texts[rank].taxa):
            above = max((level for level in RANKS[:rank] if taxon[level]), default=None)
            ancestor = Taxon() if above is None else taxon.at(above)
            groups.setdefault((above, ancestor), []).append(number)
        numbers = {level: self._numbers(level) for level in self.ranks if level < rank}
        return [
            Siblings(
                above=above,
                parent=-1 if above is None else numbers[above][ancestor],
                members=np.array(members, dtype=np.int64),
            )
            for (above, ancestor), members in groups.items()
        ]

    def _numbers(self, rank: Rank) -> dict[Taxon, int]:
        return {taxon: number for number, taxon in enumerate(self.texts[rank].taxa)}
