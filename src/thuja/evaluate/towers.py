"""What an evaluation asks of a model: its two towers, as functions of what they read."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from thuja.embeddings import Embeddings
from thuja.labels import LabelSpace
from thuja.taxonomy import Taxon

EncodeImages = Callable[[Iterable[tuple[str, bytes]]], Embeddings]
"""Uuids with encoded images to their embeddings; an image that cannot be read is left out."""
BuildLabels = Callable[[Sequence[Taxon]], LabelSpace]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoders:
    """The two towers of one model; `scale` is exp(logit scale).

    `imagenet_trunk` says that the image tower was trained on ImageNet's classes before.
    """

    model: str
    encode_images: EncodeImages
    build_labels: BuildLabels
    scale: float
    imagenet_trunk: bool = False
