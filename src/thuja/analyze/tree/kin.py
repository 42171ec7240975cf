"""The species of a study, what the taxonomy says of them, and how each side sees them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.analyze.space import Prototypes, Space
from thuja.analyze.tree.clades import Clades, grow
from thuja.analyze.tree.distances import Depths, common_depths, means_by_species, pairwise_distances, tree_steps
from thuja.analyze.tree.redraws import FEWEST, Redraws, clade_numbers, unit_rank
from thuja.analyze.tree.settings import Metric, TreeSettings
from thuja.embeddings import Vectors
from thuja.taxonomy import Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """S species of a study, of `known` in all: taxa, the species of each image (N,) or -1, and the units redrawn.

    `depths` and `steps` (S, S) are the taxonomy's, as `common_depths` and `tree_steps` give them.
    """

    taxa: Sequence[Taxon]
    species: Indices
    known: int
    depths: Depths
    steps: Depths
    redraws: Redraws
    clades: Clades

    @classmethod
    def of(cls, space: Space, generator: np.random.Generator, settings: TreeSettings) -> "Kin":
        """The species of the images, or of whole units drawn at random where they are more than `settings.species`."""
        first = np.unique(space.species, return_index=True)
        everyone = [space.taxa[row] for number, row in zip(*first, strict=True) if number >= 0]
        kept = _drawn(everyone, generator, settings) if everyone else np.zeros(0, dtype=np.int64)
        place = np.full(len(everyone) + 1, -1)  # the last is that of -1
        place[kept] = np.arange(len(kept))
        taxa = [everyone[number] for number in kept.tolist()]
        return cls._of_taxa(
            taxa,
            place[space.species],
            known=len(everyone),
            redraws=Redraws.of(taxa, settings.unit, generator, replicates=settings.replicates)
            if taxa
            else Redraws(rank=settings.unit, numbers=kept, draws=np.zeros((settings.replicates, 0), dtype=np.int64)),
        )

    @classmethod
    def _of_taxa(cls, taxa: Sequence[Taxon], species: Indices, *, known: int, redraws: Redraws) -> "Kin":
        return cls(
            taxa=taxa,
            species=species,
            known=known,
            depths=common_depths(taxa),
            steps=tree_steps(taxa),
            redraws=redraws,
            clades=Clades.of(taxa),
        )

    def __len__(self) -> int:
        return len(self.taxa)

    def among(self, places: Indices) -> "Kin":
        """Some of the species, on the same redraws; images of the others are of none."""
        if len(places) == len(self):
            return self
        number = np.full(len(self) + 1, -1)
        number[places] = np.arange(len(places))
        taxa = [self.taxa[place] for place in places.tolist()]
        return self._of_taxa(taxa, number[self.species], known=self.known, redraws=self.redraws.among(places))


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One way to see the S species: their means (S, D), distances (S, S), and the tree built from these (S - 1, 4)."""

    name: str
    means: Floats
    distances: Floats
    tree: Floats

    @classmethod
    def of_images(cls, name: str, vectors: Vectors, *, kin: Kin, metric: Metric) -> "Side":
        """The images' side: a species is the mean of its images."""
        means, _ = means_by_species(vectors, kin.species, is_unit=metric != Metric.EUCLIDEAN)
        return cls.of_means(name, means, metric=metric)

    @classmethod
    def of_means(cls, name: str, means: Floats, *, metric: Metric) -> "Side":
        """The side of one vector a species."""
        apart = pairwise_distances(means, metric)
        return cls(name=name, means=means, distances=apart, tree=grow(apart))

    @property
    def is_constant(self) -> bool:
        """Whether all species are at one place, so that there is nothing to measure."""
        return not self.distances.any()

    def among(self, places: Indices, *, metric: Metric) -> "Side":
        """The same side of some of the species."""
        return self if len(places) == len(self.means) else Side.of_means(self.name, self.means[places], metric=metric)


def texts_of(taxa: Sequence[Taxon], prototypes: Prototypes) -> tuple[Indices, Floats]:
    """Which species have a text, (T,), and its vector (T, D): of the same lineage, or else the same binomial."""
    by_lineage = {taxon: row for row, taxon in enumerate(prototypes.taxa)}
    by_name: dict[str, int] = {}
    for row, taxon in enumerate(prototypes.taxa):
        if taxon.binomial:
            by_name.setdefault(taxon.binomial, row)
    rows = [by_lineage.get(taxon, by_name.get(taxon.binomial, -1)) for taxon in taxa]
    found = np.array(rows, dtype=np.int64)
    places = np.flatnonzero(found >= 0)
    return places, np.asarray(prototypes.vectors[found[places]], dtype=np.float64)


def _drawn(taxa: Sequence[Taxon], generator: np.random.Generator, settings: TreeSettings) -> Indices:
    """Which species a study takes: whole units in random order, none with more than an eighth of all."""
    if len(taxa) <= settings.species:
        return np.arange(len(taxa))
    units = clade_numbers(taxa, unit_rank(taxa, settings.unit))
    share = max(2, settings.species // FEWEST)
    shuffled = generator.permutation(len(taxa))
    members: dict[int, list[int]] = {}
    for place in shuffled.tolist():
        members.setdefault(int(units[place]), []).append(place)
    order = generator.permutation(len(members)).tolist()
    chosen = [place for unit in order for place in members[unit][:share]][: settings.species]
    return np.sort(np.array(chosen, dtype=np.int64))
