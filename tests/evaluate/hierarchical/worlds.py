"""Small trees whose texts and images are made of the names they stand for."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thuja.evaluate.hierarchical import Ladder
from thuja.evaluate.towers import BuildLabels
from thuja.labels import LabelSpace
from thuja.taxonomy import Taxon


def lineage(text: str) -> Taxon:
    """`kingdom phylum class order family genus species` in single letters, `-` for a missing name."""
    return Taxon.from_names(["" if name == "-" else name for name in text.split()])


def random_builder(generator: np.random.Generator, dim: int = 6) -> BuildLabels:
    """Texts that mean nothing: a random vector of length one for each taxon."""

    def build(taxa: Sequence[Taxon]) -> LabelSpace:
        vectors = generator.normal(size=(len(taxa), dim))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return space(taxa, vectors.astype(np.float32))

    return build


def space(taxa: Sequence[Taxon], vectors: npt.NDArray[np.float32]) -> LabelSpace:
    return LabelSpace(texts=[taxon.scientific_name for taxon in taxa], vectors=vectors, model="m", taxa=tuple(taxa))


def ladder_of(taxa: Sequence[Taxon], likeness: dict[str, Sequence[float]] | None = None, dim: int = 2) -> Ladder:
    """Each taxon's text has the vector given for its name at its rank; nought where none is given."""

    def build(found: Sequence[Taxon]) -> LabelSpace:
        given = likeness or {}
        rows = [given.get(taxon[taxon.rank] if taxon.rank is not None else "", [0.0] * dim) for taxon in found]
        return space(found, np.array(rows, dtype=np.float32))

    return Ladder.build(taxa, build)
