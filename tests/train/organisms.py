"""Small streams for tests: pictures of noise with a lineage and a caption, and pictures with a caption alone."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from PIL import Image

from thuja.images import Preparation
from thuja.record import Record
from thuja.taxonomy import Taxon
from thuja.train.corpus import Corpus
from thuja.train.pictures import kept_preparation
from thuja.train.recipe import Recipe
from thuja.train.sources import MemorySource


def picture(seed: int, size: int = 24) -> bytes:
    """A coarse random picture as PNG bytes."""
    pixels = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), dtype=np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).resize((size, size)).save(buffer, "PNG")
    return buffer.getvalue()


def taxon(number: int) -> Taxon:
    """One of any number of species: two to a genus, two genera to a family."""
    return Taxon.from_names(
        [
            "Animalia",
            "Chordata",
            "Aves",
            "Passeriformes",
            f"Fam{number // 4}idae",
            f"Genus{number // 2}",
            f"species{number}",
        ],
        common=f"bird {number}",
    )


def living(count: int, species: int = 6, *, captions: bool = True) -> Corpus:
    """`count` organisms of some species in turn."""
    records = [
        Record(
            uuid=f"life-{number}",
            path="",
            taxon=taxon(number % species),
            caption=f"a bird of colour {number % 5}" if captions else "",
        )
        for number in range(count)
    ]
    return Corpus(records=records, read=picture)


def captioned(count: int) -> Corpus:
    """`count` pictures without a taxon, each with its own caption."""
    records = [Record(uuid=f"thing-{number}", path="", caption=f"thing number {number}") for number in range(count)]
    return Corpus(records=records, read=lambda row: picture(1000 + row))


def sources_of(recipe: Recipe, corpora: Sequence[Corpus]) -> dict[str, MemorySource]:
    """In-memory sources for the recipe's streams in their order."""
    kept = kept_preparation(Preparation(size=recipe.image.image_size), recipe.augmentation)
    return {stream.name: MemorySource(corpus, kept) for stream, corpus in zip(recipe.streams, corpora, strict=True)}
