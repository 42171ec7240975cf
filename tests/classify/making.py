"""Label spaces and vectors for tests of heads."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thuja.labels import LabelSpace
from thuja.taxonomy import Taxon


def space(vectors: npt.NDArray, taxa: Sequence[Taxon] = ()) -> LabelSpace:
    return LabelSpace(texts=[str(n) for n in range(len(vectors))], vectors=vectors, model="m", taxa=taxa)


def units(generator: np.random.Generator, count: int, dim: int = 8, dtype: type = np.float32) -> npt.NDArray:
    vectors = generator.normal(size=(count, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(dtype)


def random_taxa(generator: np.random.Generator, count: int, *, names: int = 2) -> list[Taxon]:
    """Lineages of few names, many of them missing: clades of all sizes, equal lineages, homonyms."""
    return [
        Taxon.from_names([str(number or "") for number in generator.integers(0, names + 1, 7)]) for _ in range(count)
    ]
