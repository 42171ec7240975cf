"""Worlds in which species are tied to a ground, and their test pictures drawn again on their own and on others.

Each lies within the folder of the world whose seed it shares: `grounds-90` is the one in which 90 % of the
individuals live on their species' own ground, and the others anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.biosphere import Sighting, Swap, World, read_config, swapped
from thuja.biosphere.truth import jpeg_of
from thuja.biosphere.writer import read_card
from thuja.experiments.making import make_world
from thuja.experiments.sizes import Size
from thuja.experiments.worlds import DATA, PICTURES
from thuja.jobs import atomic_path
from thuja.record import Record
from thuja.train.corpus import Corpus

SHARES: Final = (0, 50, 90)
"""Per cent of training pictures on the species' own ground."""
GROUNDS: Final[Sequence[Literal["own", "other"]]] = ("own", "other")
_SWAPPED: Final = "grounds.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """The same fresh pictures of trained species on their own grounds and on others, in one order."""

    own: Corpus
    other: Corpus


def grounds_folder(folder: Path, share: int | None) -> Path:
    """Where the world of that share lies; the world itself for None."""
    return Path(folder) if share is None else Path(folder) / f"grounds-{share}"


def make_grounds(folder: Path, size: Size, seed: int, *, share: int, claim: str = "", workers: int = 1) -> None:
    """Make the world of that share within `folder`, and draw its test pictures twice, unless that is done."""
    place = grounds_folder(folder, share)
    make_world(place, tied(size, share), seed, claim=claim, workers=workers)
    if not (place / _SWAPPED).exists():
        _draw_again(place)


def tied(size: Size, share: int) -> Size:
    """The size's worlds seen by phones, which meet that share of the individuals on their species' own ground.

    Half the species, as pictures on any ground are harder; few held out, as none of them is asked for.
    """
    knobs = {**size.knobs, "cameras": ("phone",), "home": share / 100}
    return replace(
        size, species=size.species // 2, unseen=max(1, size.species // 30), images=size.images, things=0, knobs=knobs
    )


def open_grounds(place: Path, test: Corpus) -> Grounds:
    """The test pictures on both grounds."""
    rows = {row["uuid"]: row for row in pq.read_table(place / _SWAPPED).to_pylist()}
    records = [record for record in test.records if record.uuid in rows]
    own, other = (_corpus(records, [rows[record.uuid][ground] for record in records]) for ground in GROUNDS)
    return Grounds(own=own, other=other)


def _corpus(records: Sequence[Record], images: Sequence[bytes]) -> Corpus:
    return Corpus(records=records, read=lambda row: images[row])


def _draw_again(place: Path) -> None:
    world, pixels = World.make(read_config(place / PICTURES)), int(read_card(place / PICTURES)["size"])
    rows = []
    for record in Corpus.open(place / DATA, "test").records:
        species, number = map(int, str(record.traits["address"]).split("-"))
        sighting = Sighting.of(world, species, number)
        rows.append(
            {"uuid": record.uuid}
            | {ground: jpeg_of(swapped(world, sighting, Swap(ground=ground)), pixels) for ground in GROUNDS}
        )
    with atomic_path(place / _SWAPPED) as temporary:
        pq.write_table(pa.Table.from_pylist(rows), temporary)
