"""Asks a captioner for captions: of pictures at hand, or of all training pictures of a world in a folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from thuja.biosphere import World, read_config
from thuja.errors import UnknownName
from thuja.experiments.captioner.lessons import PIXELS, description_of, examples_of
from thuja.experiments.worlds import PICTURES, data_folder
from thuja.images import Preparation, decode
from thuja.jobs import atomic_path
from thuja.model.captioner import ImageCaptioner
from thuja.train.captioning import CONDITIONS, Pixels, Told, write_all
from thuja.train.corpus import Corpus

Condition = Literal["bare", "examples", "guided"]
SHOWN: Final = 2
"""Example captions that a captioner is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """What may be told of each of a world's species: a description of its looks, and captions of its kin's pictures."""

    descriptions: Sequence[str]
    examples: Sequence[Sequence[str]]

    @classmethod
    def of(cls, world: World) -> "Guide":
        """The first way to describe each species, and its first examples."""
        species = range(len(world.species))
        return cls(
            descriptions=[description_of(world, number) for number in species],
            examples=[examples_of(world, number, SHOWN) for number in species],
        )

    def told(self, condition: Condition) -> Told:
        """What a captioner is given in that condition, a row a species."""
        if condition not in CONDITIONS:
            raise UnknownName.of("condition", condition, CONDITIONS)
        nothing = [""] * len(self.descriptions)
        none: list[Sequence[str]] = [()] * len(self.descriptions)
        return Told(
            descriptions=self.descriptions if condition == "guided" else nothing,
            examples=none if condition == "bare" else self.examples,
        )


def write_captions(model: ImageCaptioner, folder: Path, out: Path, *, condition: Condition, seed: int = 0) -> int:
    """Write `captions-<condition>.parquet` (uuid, caption) of a world's training pictures; returns how many.

    `folder` is a world that `experiments.making` made. Raises UnknownName for another condition.
    """
    world = World.make(read_config(Path(folder) / PICTURES))
    told = Guide.of(world).told(condition)
    numbers = {kind.taxon.binomial: kind.number for kind in world.species}
    corpus = Corpus.open(data_folder(Path(folder)), "train")
    preparation = Preparation(size=PIXELS)
    pixels: Pixels = np.stack([preparation.pixels(decode(corpus.read(row))) for row in range(len(corpus))])
    species = [numbers[record.taxon.binomial] for record in corpus.records]
    captions = write_all(model, pixels, species=species, told=told, seed=seed)
    table = pa.table({"uuid": [record.uuid for record in corpus.records], "caption": captions})
    with atomic_path(Path(out) / f"captions-{condition}.parquet") as temporary:
        pq.write_table(table, temporary)
    return len(captions)
