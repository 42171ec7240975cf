"""Worlds of the experiment on emergence: drawn once into a folder, and opened as what is taught and what is viewed."""

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from thuja.biosphere import World, WorldConfig
from thuja.biosphere.claims import open_seed
from thuja.biosphere.config import SEALED
from thuja.biosphere.world import world_of
from thuja.errors import OutputExists, UsageError
from thuja.experiments.emergence.views import TAUGHT, VIEWED, Plan, draw_taught, draw_viewed, held_out
from thuja.experiments.grid import Place
from thuja.experiments.sizes import Size
from thuja.images import Preparation
from thuja.jobs import write_json
from thuja.record import Record
from thuja.taxonomy import Taxon
from thuja.train.corpus import Corpus
from thuja.train.sources import MemorySource, Source

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]

NOTE: Final = "views.json"
"""What a folder of such a world is of: the knobs, the plan, and the claim that opened it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewedWorld:
    """A world with the pictures that arms learn from and the ones that all of them are measured on.

    `columns` are what is known of each viewed picture, `species` (N,) its species' number; `is_held` (S,) says which
    species no arm was trained on.
    """

    world: World
    is_held: Flags
    life: Source
    life_taxa: tuple[Taxon, ...]
    images: tuple[bytes, ...]
    species: Indices
    columns: dict[str, list[str]]

    @property
    def taxa(self) -> list[Taxon]:
        """The taxon of each of the S species."""
        return [species.taxon for species in self.world.species]


def make_views(folder: Path, size: Size, seed: int, *, claim: str = "", workers: int = 1) -> Path:
    """Draw the world of that seed and size into `folder`, unless that is done; what was begun goes on.

    A sealed seed needs a claim that opens it. Raises UsageError, OutputExists for a folder of another world.
    """
    claimed = check_views(folder, size, seed, claim=claim)
    config, plan = size.world(seed), _plan(size)
    if not (folder / NOTE).exists():
        write_json(folder / NOTE, {"world": asdict(config), "plan": asdict(plan), "claim": claimed})
    draw_taught(config, plan, folder / TAUGHT, workers=workers)
    draw_viewed(config, plan, folder / VIEWED, workers=workers)
    return folder


def check_views(folder: Path, size: Size, seed: int, *, claim: str = "") -> str:
    """Insist that `make_views` may make this world or go on with it; returns what to note of the claim.

    Raises UsageError for a sealed seed without its claim, OutputExists for a folder of another world.
    """
    if not (folder / NOTE).exists():
        return open_seed(seed, claim)
    note = _note(folder)
    if WorldConfig(**note["world"]) != size.world(seed) or Plan(**note["plan"]) != _plan(size):
        raise OutputExists(f"{folder} is another world than {size.name}'s of seed {seed}", hint="name another --out")
    opened = str(note["claim"]).partition(" ")[0]
    if seed >= SEALED and opened != claim.partition("#")[2]:
        raise UsageError(
            f"the world in {folder} was opened for the claim {opened}, not for {claim or 'none'}",
            hint="a sealed world serves one claim; give that one, or name another --out",
        )
    return opened


def place_of_views(name: str, folder: Path) -> Place:
    """A world in a folder that `make_views` made; its identity is its knobs and its plan."""
    note = _note(folder)
    said = json.dumps({part: note[part] for part in ("world", "plan")}, sort_keys=True)
    return Place(name=name, folder=Path(folder), identity=sha256(said.encode()).hexdigest())


@lru_cache(maxsize=1)
def open_views(folder: Path, kept: Preparation) -> ViewedWorld:
    """Decode a world's taught pictures for models of this preparation; the last one opened stays in memory."""
    note = _note(folder)
    world = world_of(WorldConfig(**note["world"]))
    taught = pq.read_table(folder / TAUGHT).to_pylist()
    records = [
        Record(
            uuid=f"{row['species']}-{row['number']}",
            path="",
            taxon=world.species[row["species"]].taxon,
            data_source=f"biosphere-{world.config.fingerprint}",
            source_id=f"{row['species']}-{row['number']}",
        )
        for row in taught
    ]
    viewed = pq.read_table(folder / VIEWED).to_pydict()
    return ViewedWorld(
        world=world,
        is_held=held_out(world, Plan(**note["plan"]).unseen),
        life=MemorySource(Corpus(records=records, read=lambda row: taught[row]["image"]), kept),
        life_taxa=tuple(record.taxon for record in records),
        images=tuple(viewed.pop("image")),
        species=np.array(viewed.pop("species"), dtype=np.int64),
        columns=viewed,
    )


def _plan(size: Size) -> Plan:
    if size.views is None:
        raise UsageError(
            f"the size {size.name} has no pictures for the experiment on emergence", hint="--size emergence"
        )
    return size.views


def _note(folder: Path) -> dict[str, Any]:
    note: dict[str, Any] = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    return note
