"""Pictures of a world on disk: a folder a label with a table, or shards; and the tables of the world.

Each picture is drawn from its own seed, so workers may draw them in any order; each file is renamed
into place when it is whole, so a killed job can be resumed and ends in the same bytes.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, get_type_hints

import numpy as np
import numpy.typing as npt

from thuja.biosphere.addressing import addresses_at, shuffled
from thuja.biosphere.config import VERSION, WorldConfig
from thuja.biosphere.draw import check_size
from thuja.biosphere.rows import write_table
from thuja.biosphere.settings import Note, check_count, check_layout
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.tables import write_species
from thuja.biosphere.tree import Ints
from thuja.biosphere.truth import COLUMNS, QUALITY, jpeg_of, record_of, row_of
from thuja.biosphere.world import World, world_of
from thuja.errors import BadFile, UsageError
from thuja.jobs import atomic_path, counted, put_file, spread
from thuja.record import Record, Value
from thuja.shards import ShardWriter, write_manifest
from thuja.taxonomy import RANKS

Number = TypeVar("Number", bound=np.integer[Any])

NOTE: Final = Note(
    file="world.json",
    verb="biosphere",
    what="biosphere",
    compared=("version", "world", "size", "shards", "claim"),
)
_ORDER: Final = 30
"""What a seed is for, beside those of sighting.py: the order of pictures on disk. No other file has this number."""
_MOST_SPECIES: Final = 100_000
"""A world of so many takes 2 GB, in each worker."""
_MOST_EACH: Final = 1_000_000
"""Pictures a species on average: each picture is found by a look through all of its species' observations."""
_CHUNK: Final = 32
"""Pictures that a worker draws at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteConfig:
    """How a world is put on disk; `workers` changes the speed, never the bytes (0: one a core).

    `claim` names the claim of docs/claims.md that a sealed world is opened for.
    """

    size: int = 128
    shards: bool = False
    shard_images: int = 10_000
    workers: int = 0
    claim: str = ""

    def __post_init__(self) -> None:
        check_size(self.size)
        check_layout(shard_images=self.shard_images, workers=self.workers)


def write_world(world: World, out: Path, config: WriteConfig, *, force: bool = False, resume: bool = False) -> int:
    """Write all pictures of a world and their truth, its backbone and other tables, and `world.json`.

    Folders: `images/<label>/<uuid>.jpg` and `table.csv`, in no order. Shards:
    `shards/train-00000.tar`, ..., shuffled, each sample with its Record. Returns the number of
    pictures. Raises OutputExists as jobs.output_folder does, and when the run to resume had other
    knobs; ThujaError when the disk is full or a worker is killed.
    """
    out = Path(out)
    check_world(world.config, config)
    with NOTE.folder(out, _settings(world, config), force=force, resume=resume):
        write_species(world, out)
        (_write_shards if config.shards else _write_folders)(world, out, config)
    return world.images


def check_world(world: WorldConfig, config: WriteConfig) -> None:
    """Raise UsageError for a world that is too large to make or to write."""
    for name, count, most in (("species", world.species, _MOST_SPECIES), ("images", world.images, _MOST_EACH)):
        if count > most:
            raise UsageError(f"cannot write a world of {name} {count:,}", hint=f"--{name} takes at most {most:,}")
    check_count(world.species * world.images, is_sharded=config.shards)


def read_config(folder: Path) -> WorldConfig:
    """The knobs of the world in a folder that `write_world` wrote; raises BadFile or UsageError."""
    card = read_card(folder)
    if card["version"] != VERSION:
        raise BadFile(
            f"the biosphere in {folder} is of version {card['version']}, this thuja draws version {VERSION}",
            hint="make it anew, or use the thuja that made it",
        )
    path, kinds = Path(folder) / NOTE.file, get_type_hints(WorldConfig)
    for name, value in card["world"].items():
        fitting = {int: (int,), float: (int, float), tuple[float, ...]: (list,), tuple[str, ...]: (list,)}
        if name not in kinds or type(value) not in fitting.get(kinds[name], (str,)):
            raise BadFile(f"{path} has a knob that no world has: {name} {value}", hint="make it anew")
    try:
        return WorldConfig(**card["world"])
    except TypeError as error:
        raise BadFile(f"{path} has knobs that no world has: {error}", hint="make it anew") from error


def read_card(folder: Path) -> dict[str, Any]:
    """What `world.json` says; raises UsageError where there is none, BadFile where it says something else."""
    card = NOTE.read(folder)
    if not isinstance(card.get("world"), dict):
        raise BadFile(f"{Path(folder) / NOTE.file} says no knobs", hint="make the biosphere anew")
    try:
        check_size(card["size"])
    except UsageError as error:
        raise BadFile(f"{Path(folder) / NOTE.file}: {error.message}", hint="make the biosphere anew") from error
    return card


def _settings(world: World, config: WriteConfig) -> dict[str, Any]:
    return {
        "version": VERSION,
        "fingerprint": world.config.fingerprint,
        "world": asdict(world.config),
        "roles": {name: role.value for name, role in world.roles.items()},
        "groups": dict(zip([rank.label for rank in RANKS], [*world.config.groups, world.config.species], strict=True)),
        "images": world.images,
        "blanks": world.blanks,
        "size": config.size,
        "quality": QUALITY,
        "shards": config.shard_images if config.shards else 0,
        "claim": config.claim,
    }


def _write_folders(world: World, out: Path, config: WriteConfig) -> None:
    # In no order of species: the order of rows would betray a wrong label.
    order = _order(world)
    work = (addresses_at(world, part) for part in _chunks(order))
    drawn = spread(partial(_write_chunk, config=world.config, out=out, size=config.size), work, workers=config.workers)
    rows = counted(drawn, total=world.images, label="biosphere")
    with atomic_path(out / "table.csv") as temporary:
        write_table(temporary, COLUMNS, rows)


def _write_shards(world: World, out: Path, config: WriteConfig) -> None:
    order = _order(world)
    with ShardWriter(out / "shards", max_count=config.shard_images) as writer:
        # A shard has its name only once it is whole: those that are there need not be drawn again.
        writer.paths.extend(sorted((out / "shards").glob("train-*.tar")))
        done = len(writer.paths) * config.shard_images
        work = (addresses_at(world, part) for part in _chunks(order[done:]))
        job = partial(_draw_chunk, world.config, config.size)
        drawn = spread(job, work, workers=config.workers)
        with closing(counted(drawn, total=max(0, len(order) - done), label="biosphere")) as parts:
            for record, jpeg in (sample for samples in parts for sample in samples):
                shard = f"shards/train-{len(writer.paths):05d}.tar"
                writer.write(replace(record, path=f"{shard}#{record.uuid}.jpg"), jpeg)
        resumed = done > 0
    write_manifest(out / "shards", None if resumed else writer.facts)


def _order(world: World) -> npt.NDArray[np.int32]:
    return shuffled(world.images, np.random.default_rng([world.config.seed, VERSION, _ORDER]))


def _chunks(work: npt.NDArray[Number]) -> Iterator[npt.NDArray[Number]]:
    return (work[start : start + _CHUNK] for start in range(0, len(work), _CHUNK))


def _write_chunk(work: Ints, *, config: WorldConfig, out: Path, size: int) -> list[dict[str, Value]]:
    """Draw what is not there yet; returns the table's rows."""
    world = world_of(config)
    rows: list[dict[str, Value]] = []
    for species, number in work.tolist():
        sighting = Sighting.of(world, species, number)
        record = record_of(sighting, config, size)
        put_file(out / record.path, partial(jpeg_of, sighting, size))
        rows.append(row_of(sighting, record))
    return rows


def _draw_chunk(config: WorldConfig, size: int, work: Ints) -> list[tuple[Record, bytes]]:
    world = world_of(config)
    sightings = [Sighting.of(world, species, number) for species, number in work.tolist()]
    return [(record_of(sighting, config, size), jpeg_of(sighting, size)) for sighting in sightings]
