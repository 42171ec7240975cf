"""A question put to a model: at this rank, which of these taxa is it? And the true answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from thuja.taxonomy import Rank, Taxon

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """C candidate taxa at one rank, and for each of N images the index of the true one, or -1.

    -1 stands for an image that has no name at the rank, or whose taxon is no candidate: it is not
    asked. A candidate is a whole lineage, so homonyms are two candidates.
    """

    rank: Rank
    candidates: tuple[Taxon, ...]
    truth: Indices

    @classmethod
    def put(cls, rank: Rank, candidates: Iterable[Taxon], images: Sequence[Taxon]) -> Self:
        """The question at `rank`, with the taxa of `candidates` cut there, about these images."""
        taxa = distinct_at(candidates, rank)
        place = {taxon: index for index, taxon in enumerate(taxa)}
        return cls(rank=rank, candidates=taxa, truth=places(images, rank, place))

    @property
    def asked(self) -> npt.NDArray[np.bool_]:
        """Which images are asked: (N,)."""
        return np.asarray(self.truth >= 0)

    def classes_of(self, taxa: Sequence[Taxon]) -> Indices:
        """The candidate that each of other images belongs to, or -1."""
        return places(taxa, self.rank, {taxon: index for index, taxon in enumerate(self.candidates)})


def distinct_at(taxa: Iterable[Taxon], rank: Rank) -> tuple[Taxon, ...]:
    """The distinct taxa at `rank`, sorted; those without a name there are left out.

    Of equal lineages the one with a common name stays: its sentence says more.
    """
    kept: dict[Taxon, Taxon] = {}
    for taxon in taxa:
        cut = taxon.at(rank)
        if cut[rank] and (cut not in kept or (cut.common and not kept[cut].common)):
            kept[cut] = cut
    return tuple(sorted(kept.values()))


def places(taxa: Sequence[Taxon], rank: Rank, place: dict[Taxon, int]) -> Indices:
    """Where each taxon, cut at `rank`, stands in `place`, or -1: (N,)."""
    # Images are many and their taxa few: each is cut once.
    found = {taxon: place.get(taxon.at(rank), -1) if taxon[rank] else -1 for taxon in set(taxa)}
    return np.array([found[taxon] for taxon in taxa], dtype=np.int64)
