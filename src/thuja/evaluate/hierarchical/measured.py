"""The whole comparison for one model's vectors: all ways of naming, their scores, and their bias by clade size."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.embeddings import Vectors
from thuja.evaluate.data import species_of
from thuja.evaluate.hierarchical.clade_size import (
    CladeShares,
    SizeBias,
    shares_of_answers,
    shares_of_mass,
    size_bias,
)
from thuja.evaluate.hierarchical.compared import Row, compare
from thuja.evaluate.hierarchical.ladder import Ladder
from thuja.evaluate.hierarchical.size_prior import fit_powers
from thuja.evaluate.hierarchical.ways import (
    Naming,
    Paths,
    name_by_species,
    name_by_sums,
    name_by_text,
    name_top_down,
)
from thuja.evaluate.protocols.lengths import unit
from thuja.evaluate.task import Measure, Texts, View, Way
from thuja.evaluate.towers import BuildLabels
from thuja.labels import LabelSpace
from thuja.phrasing import TextType, phrase
from thuja.taxonomy import Rank, Taxon

MASS = "posterior mass"
"""What a clade is given where it is given shares and not answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    """The bias by clade size at a rank, in the answers of a way of naming or in the posterior's mass."""

    rank: Rank
    given: str
    bias: SizeBias
    images: int

    def to_measures(self) -> list[Measure]:
        """Elasticity and Spearman's correlation of what strays to a clade from images of others."""
        found = {"stray elasticity": self.bias.elasticity, "stray correlation": self.bias.correlation}
        return [
            Measure(
                part=f"{self.rank.label}, {self.given}",
                way=Way.CORRECTED,
                name=f"{name} by clade size",
                value=interval.value,
                low=interval.low,
                high=interval.high,
                units=self.images,
                clusters=self.bias.clades,
                note="clusters are clades",
            )
            for name, interval in found.items()
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchical:
    """Scores of the ways of naming, biases by clade size, and each rank's powers for either half of the species."""

    rows: Sequence[Row]
    biases: Sequence[Bias]
    powers: Mapping[Rank, tuple[float, float]]
    paths: Mapping[Naming, Paths]

    def to_measures(self) -> list[Measure]:
        """For a suite's table."""
        return [row.to_measure() for row in self.rows] + [one for bias in self.biases for one in bias.to_measures()]


def measure_view(
    view: View,
    taxa: Sequence[Taxon],
    *,
    candidates: Iterable[Taxon] | None = None,
    text_type: TextType = "taxon",
    seed: int = 0,
) -> Hierarchical:
    """As `measure_ways`, for a suite's view of N images, the taxa of which are the candidates where none are given."""
    build = text_builder(view.require_texts("naming at every rank"), text_type)
    ladder = Ladder.build(taxa if candidates is None else candidates, build)
    return measure_ways(unit(view.vectors), taxa, ladder, scale=view.scale, seed=seed)


def measure_ways(
    vectors: Vectors, taxa: Sequence[Taxon], ladder: Ladder, *, scale: float, seed: int = 0
) -> Hierarchical:
    """Name N images, (N, D) of length one, in every way, and hold the answers against their taxa."""
    generator = np.random.default_rng(seed)
    sized, powers = name_by_fitted_sizes(vectors, taxa, ladder, scale=scale, generator=generator)
    paths = {
        Naming.TEXT: name_by_text(vectors, ladder, scale=scale),
        Naming.SUMMED: name_by_sums(vectors, ladder, scale=scale),
        Naming.SIZED: sized,
        Naming.TOP_DOWN: name_top_down(vectors, ladder, scale=scale),
        Naming.LINEAGE: name_by_species(vectors, ladder, scale=scale),
    }
    rows = compare(paths, taxa, ladder, generator=generator)
    masses = shares_of_mass(vectors, taxa, ladder, scale=scale)
    shares: list[tuple[Rank, str, CladeShares]] = []
    for rank in powers:
        shares.append((rank, MASS, masses[rank]))
        shares += [(rank, way, shares_of_answers(path, taxa, ladder, rank=rank)) for way, path in paths.items()]
    biases = [
        Bias(rank=rank, given=given, bias=size_bias(share, generator), images=int(share.images.sum()))
        for rank, given, share in shares
        if len(np.unique(share.sizes)) > 1 and share.images.any()
    ]
    return Hierarchical(rows=rows, biases=biases, powers=powers, paths=paths)


def name_by_fitted_sizes(
    vectors: Vectors, taxa: Sequence[Taxon], ladder: Ladder, *, scale: float, generator: np.random.Generator
) -> tuple[Paths, dict[Rank, tuple[float, float]]]:
    """The greatest size-corrected sum, either half of the species named by powers fitted on the other half."""
    half = _halves(taxa, generator)
    paths = Paths.empty(len(vectors))
    fitted = []
    for number in (0, 1):
        fit, asked = np.flatnonzero(half != number), np.flatnonzero(half == number)
        powers = fit_powers(vectors[fit], [taxa[row] for row in fit.tolist()], ladder, scale=scale)
        named = name_by_sums(vectors[asked], ladder, scale=scale, powers=powers)
        paths.indices[asked], paths.scores[asked] = named.indices, named.scores
        fitted.append(powers)
    return paths, {rank: (fitted[0][rank], fitted[1][rank]) for rank in fitted[0]}


def text_builder(texts: Texts, text_type: TextType = "taxon") -> BuildLabels:
    """A taxon's text vector by a model's text encoder, as a ladder wants it."""

    def build(taxa: Sequence[Taxon]) -> LabelSpace:
        sentences = [phrase(taxon, text_type) for taxon in taxa]
        return LabelSpace(texts=sentences, vectors=texts(sentences), model="", taxa=tuple(taxa))

    return build


def _halves(taxa: Sequence[Taxon], generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """0 or 1 for each image, the same for all of a species: (N,)."""
    species = species_of(taxa)
    count = int(species.max(initial=-1)) + 1
    return np.asarray(generator.permutation(count)[species] % 2)
