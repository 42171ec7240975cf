"""A model as the functions that an evaluation asks for."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from thuja.embeddings import Embeddings
from thuja.encode import EncodeOptions, build_labels, encode_images
from thuja.encode.cached import encode_cached
from thuja.evaluate.towers import Encoders
from thuja.labels import LabelSpace
from thuja.model import Model, TrunkConfig
from thuja.phrasing import TextType
from thuja.taxonomy import Taxon


def encoders_of(model: Model, *, cache: Path | None = None, text_type: TextType = "taxon_com") -> Encoders:
    """The model's two towers; a convolutional trunk's features are kept in `cache`.

    A taxon at a rank is phrased as `text_type`, its lineage cut there.
    """

    # A small tower's steps are short: threads that wait for each other cost less in larger batches.
    options = EncodeOptions(batch_size=128 if model.preparation.size <= 128 else 32)

    def images(pictures: Iterable[tuple[str, bytes]]) -> Embeddings:
        if cache is not None and isinstance(model.config.vision, TrunkConfig):
            return encode_cached(model, pictures, cache).embeddings
        return encode_images(model, pictures, options).embeddings

    def labels(taxa: Sequence[Taxon]) -> LabelSpace:
        return build_labels(model, taxa, text_type=text_type)

    return Encoders(
        model=model.id,
        encode_images=images,
        build_labels=labels,
        scale=model.scale().item(),
        imagenet_trunk=isinstance(model.config.vision, TrunkConfig),
    )
