"""A world's pictures drawn again on grounds, so that a share of each species' training pictures shows its own.

`grounds.parquet` in the world's folder has every training and test picture twice: on the ground of the species'
habitat, and on another. A share ties as many training pictures to the species' own ground; the others are anywhere,
their own ground among five. Whoever is tied at one share is tied at every larger one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from thuja.biosphere import Sighting, Swap, World, WorldConfig, caption, read_config, swapped
from thuja.biosphere.config import VERSION
from thuja.biosphere.traits import HABITATS
from thuja.biosphere.truth import jpeg_of
from thuja.biosphere.world import world_of
from thuja.biosphere.writer import read_card
from thuja.errors import UsageError
from thuja.experiments.worlds import PICTURES, data_folder
from thuja.jobs import atomic_path, counted, spread
from thuja.record import Record
from thuja.train.corpus import Corpus

SHARES: Final = (0, 50, 90)
"""Per cent of training pictures that are tied to the species' own ground."""

_GROUNDS: Final[Sequence[Literal["own", "other"]]] = ("own", "other")
_TABLE: Final = "grounds.parquet"
_CHUNK: Final = 64
_TIED: Final = 50
"""What a seed is for, beside those of the biosphere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Training pictures on the grounds that a share gives them; fresh ones of the same species on both kinds."""

    train: Corpus
    own: Corpus
    other: Corpus


def make_grounds(folder: Path, *, workers: int = 1) -> None:
    """Draw the pictures of the world in `folder` on both grounds, unless that is done."""
    if (folder / _TABLE).exists():
        return
    pictures = folder / PICTURES
    config, pixels = read_config(pictures), int(read_card(pictures)["size"])
    records = [record for split in ("train", "test") for record in Corpus.open(data_folder(folder), split).records]
    named = [(record.uuid, str(record.traits["address"])) for record in records]
    parts = (named[start : start + _CHUNK] for start in range(0, len(named), _CHUNK))
    drawn = spread(partial(_drawn, config, pixels), parts, workers=workers)
    rows = [row for part in counted(drawn, total=len(named), label="grounds") for row in part]
    with atomic_path(folder / _TABLE) as temporary:
        pq.write_table(pa.Table.from_pylist(rows), temporary)


def open_grounds(folder: Path, train: Corpus, test: Corpus, *, share: int) -> Grounds:
    """The pictures of both splits on grounds, the training ones tied by that share; raises UsageError."""
    if not (folder / _TABLE).exists():
        raise UsageError(f"the pictures of {folder} were not drawn on grounds", hint="worlds made by seed are")
    rows = {row["uuid"]: row for row in pq.read_table(folder / _TABLE).to_pylist()}
    seed = read_config(folder / PICTURES).seed
    least = share / 100
    own_by_chance = 1 / len(HABITATS)

    def ground_of(record: Record) -> str:
        species, number = _numbers(str(record.traits["address"]))
        tied, anywhere = np.random.default_rng([seed, VERSION, _TIED, species, number]).random(2)
        return "own" if tied < least or anywhere < own_by_chance else "other"

    return Grounds(
        train=_shown(train, rows, [ground_of(record) for record in train.records]),
        own=_shown(test, rows, ["own"] * len(test)),
        other=_shown(test, rows, ["other"] * len(test)),
    )


def _shown(corpus: Corpus, rows: dict[str, dict[str, Any]], grounds: Sequence[str]) -> Corpus:
    """Each picture on its ground, with what is true of it there."""
    images = [rows[record.uuid][ground] for record, ground in zip(corpus.records, grounds, strict=True)]
    records = [
        replace(record, caption=rows[record.uuid][f"{ground}_caption"])
        for record, ground in zip(corpus.records, grounds, strict=True)
    ]
    return Corpus(records=records, read=lambda row: images[row])


def _drawn(config: WorldConfig, pixels: int, work: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    world = world_of(config)
    return [{"uuid": uuid} | _on_both(world, pixels, address) for uuid, address in work]


def _on_both(world: World, pixels: int, address: str) -> dict[str, Any]:
    sighting = Sighting.of(world, *_numbers(address))
    found: dict[str, Any] = {}
    for ground in _GROUNDS:
        there = swapped(world, sighting, Swap(ground=ground))
        found[ground] = jpeg_of(there, pixels)
        found[f"{ground}_caption"] = caption(there.specimen, there.scene)
    return found


def _numbers(address: str) -> tuple[int, int]:
    species, number = address.split("-")
    return int(species), int(number)
