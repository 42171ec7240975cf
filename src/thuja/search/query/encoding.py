"""A model's towers as functions: who knows a model hands them in, since this floor knows none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from thuja.embeddings import normalized
from thuja.errors import UsageError
from thuja.phrasing import TextType, phrase
from thuja.search.manifest import UNKNOWN, is_model_of
from thuja.taxonomy import Taxon

Floats = npt.NDArray[np.float32]

DESCRIBED: tuple[str, ...] = ("a photo of {}.",)
"""What a word or a name is put into: a model has hardly seen one that stands alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encode:
    """What makes vectors (N, D) of length one: `images` of the bytes of pictures, `texts` of sentences.

    `model` is whose space they are in; `label_text` is the text type that its taxa are put as. `texts` is None for a
    model that reads no text. `images` raises ImageError for bytes that are no picture.
    """

    model: str
    dim: int
    images: Callable[[Sequence[bytes]], npt.NDArray[Any]]
    texts: Callable[[Sequence[str]], npt.NDArray[Any]] | None = None
    label_text: TextType = "taxon_com"

    def require_space(self, model: str, dim: int) -> None:
        """Raise UsageError where an index holds vectors of another model."""
        require_model(model, self.model)
        if self.dim != dim:
            raise UsageError(f"the vectors of the index have {dim} numbers, and those of {self.model} {self.dim}")

    def sentences(self, texts: Sequence[str]) -> Floats:
        """Sentences as vectors (N, D); raises UsageError for a model that reads no text."""
        if self.texts is None:
            raise UsageError(
                f"the model {self.model} reads no text: it has an image tower alone",
                hint="search by a picture, or by the id of one in the index",
            )
        return np.asarray(self.texts(list(texts)), dtype=np.float32)

    def described(self, text: str) -> Floats:
        """A description as a vector (D,): words as they may stand in a caption, a sentence as it is."""
        return unit(self.sentences(worded(text)).mean(axis=0))

    def taxon(self, taxon: Taxon) -> Floats:
        """A taxon as a vector (D,), in the words that label spaces are made of."""
        return unit(self.sentences([phrase(taxon, self.label_text)]).mean(axis=0))


def require_model(index: str, model: str) -> None:
    """Raise UsageError unless an index of one model's vectors is searched with that model."""
    if index == UNKNOWN:
        raise UsageError(
            "nothing says whose vectors this index holds: pictures and words cannot be compared to them",
            hint="build it again with thuja index build ... --model NAME --force",
        )
    if not is_model_of(index, model):
        raise UsageError(
            f"the index was made with {index}, and the model is {model}: their vectors can not be compared",
            hint="name the model that the index was made with: --model NAME",
        )


def worded(text: str) -> list[str]:
    """The sentences that a description is read as: itself where it ends like one, else what it is the object of."""
    if text.rstrip().endswith((".", "!", "?")):
        return [text.strip()]
    return [prompt.format(text.strip()) for prompt in DESCRIBED]


def unit(vectors: npt.NDArray[Any]) -> Floats:
    """Vectors (..., D) at length one; zeros stay zeros."""
    return normalized(np.asarray(vectors, dtype=np.float32))
