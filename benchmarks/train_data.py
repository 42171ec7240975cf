"""Shards to train on by any tool, jpg + txt: pictures of noise, texts of real species in BioCLIP's five types.

Taxa are drawn as in collections, a few often and most once (Zipf), so that texts repeat in a batch.
"""

import io
import json
import tarfile
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from thuja.phrasing import BIOCLIP_MIXTURE, phrase
from thuja.taxonomy import RANKS, Taxon

SHARD = 256
"""Samples of a shard."""

COLOURS = ("black", "brown", "golden", "grey", "pale", "red", "spotted", "striped", "western", "white")
PLACES = ("bog", "cliff", "dune", "forest", "garden", "marsh", "mountain", "river", "shore", "meadow")
KINDS = ("beetle", "moth", "sedge", "warbler", "goby", "orchid", "spider", "lichen", "snail", "fly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How many samples, of how many species drawn with the Zipf exponent `skew`."""

    samples: int = 1024
    taxa: int = 2000
    skew: float = 1.0
    seed: int = 0

    @property
    def name(self) -> str:
        """The folder's name."""
        return f"shards-{self.samples}-{self.taxa}-{self.skew:g}-{self.seed}"


def make_shards(work: Path, made: Made) -> Path:
    """The folder of shards, made once."""
    folder = work / made.name
    if (folder / "done").is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(made.seed)
    texts = draw_texts(made, generator)
    for first in range(0, made.samples, SHARD):
        with tarfile.open(folder / f"{first // SHARD:06d}.tar", "w") as tar:
            for place in range(first, min(first + SHARD, made.samples)):
                key = str(uuid.UUID(bytes=generator.bytes(16), version=4))
                add(tar, f"{key}.jpg", picture(generator))
                add(tar, f"{key}.txt", texts[place].encode())
                add(tar, f"{key}.json", json.dumps({"uid": key}).encode())
    (folder / "done").touch()
    return folder


def draw_texts(made: Made, generator: np.random.Generator) -> list[str]:
    """A text for each sample, its species by rank of frequency and its type as likely as any."""
    species = draw_species(made.taxa, generator)
    share = np.arange(1, made.taxa + 1) ** -made.skew
    drawn = generator.choice(made.taxa, made.samples, p=share / share.sum())
    kinds = generator.choice(list(BIOCLIP_MIXTURE.weights), made.samples)
    return [phrase(species[place], str(kind)) for place, kind in zip(drawn, kinds, strict=True)]


def draw_species(count: int, generator: np.random.Generator) -> list[Taxon]:
    """Species of the embedded backbone with all seven ranks; every second has a made English name."""
    from thuja.encode.label_sources import find_labels

    table = find_labels(["backbone"])
    whole = np.flatnonzero((table.table.select(rank.label for rank in RANKS).to_numpy() != "").all(axis=1))
    found = [table.taxa(row, row + 1)[0] for row in generator.choice(whole, count, replace=False).tolist()]
    words = [" ".join(str(generator.choice(part)) for part in (COLOURS, PLACES, KINDS)) for _ in found]
    return [
        replace(taxon, common=name if place % 2 else "")
        for place, (taxon, name) in enumerate(zip(found, words, strict=True))
    ]


def picture(generator: np.random.Generator) -> bytes:
    """A JPEG of 256 to 400 pixels a side: clouds of colour with fine grain."""
    width, height = (int(side) for side in generator.integers(256, 401, size=2))
    clouds = Image.fromarray(generator.integers(0, 256, (12, 12, 3), dtype=np.uint8))
    base = np.asarray(clouds.resize((width, height), Image.Resampling.BICUBIC)).astype(np.int16)
    grain = generator.integers(-12, 13, (height, width, 1), dtype=np.int16)
    file = io.BytesIO()
    Image.fromarray((base + grain).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


def add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
