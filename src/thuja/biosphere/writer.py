"""Pictures of a world on disk: a folder a species with a table, or shards; and the world's own backbone.

Each picture is drawn from its own seed, so workers may draw them in any order; each file is renamed
into place when it is whole, so a killed job can be resumed and ends in the same bytes.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from thuja.biosphere.config import VERSION, WorldConfig
from thuja.biosphere.draw import check_size
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.tables import write_species
from thuja.biosphere.tree import Ints
from thuja.biosphere.truth import COLUMNS, QUALITY, jpeg_of, record_of, row_of
from thuja.biosphere.world import World, world_of
from thuja.errors import BadFile, OutputExists, ThujaError, UsageError
from thuja.jobs import atomic_path, counted, output_folder, spread, write_json
from thuja.record import Record, Value
from thuja.shards import ShardWriter, write_manifest
from thuja.taxonomy import RANKS

VERB: Final = "biosphere"
CARD: Final = "world.json"
_ORDER: Final = 30
"""What a seed is for, beside those of sighting.py."""
_CHUNK: Final = 32
"""Pictures that a worker draws at a time."""

Address = tuple[int, int]
"""A species' number (S for blank frames), and the picture's number in it."""


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
        if self.workers < 0:
            raise UsageError(f"cannot draw with {self.workers} workers", hint="--workers takes 0 (one a core) or more")
        if self.shard_images < 1:
            raise UsageError(f"a shard cannot hold {self.shard_images} pictures", hint="it holds at least one")


def write_world(world: World, out: Path, config: WriteConfig, *, force: bool = False, resume: bool = False) -> int:
    """Write all pictures of a world and their truth, its backbone and other tables, and `world.json`.

    Folders: `images/<Genus_epithet>/<uuid>.jpg` and `table.csv`, species by species. Shards:
    `shards/train-00000.tar`, ..., shuffled, each sample with its Record. Returns the number of
    pictures. Raises OutputExists as jobs.output_folder does, and when the run to resume had other
    knobs; ThujaError when the disk is full or a worker is killed.
    """
    out = Path(out)
    card = _card(world, config)
    if resume:
        _check_same_knobs(out / CARD, card)
    try:
        with output_folder(out, verb=VERB, force=force, resume=resume):
            for leftover in out.rglob("*.tmp"):
                leftover.unlink()
            write_json(out / CARD, card)
            write_species(world, out)
            (_write_shards if config.shards else _write_folders)(world, out, config)
    except OSError as error:
        raise ThujaError(
            f"writing {out} stopped: {error}", hint="mend that, then run it again with --resume"
        ) from error
    return world.images


def read_config(folder: Path) -> WorldConfig:
    """The knobs of the world in a folder that `write_world` wrote; raises BadFile or UsageError."""
    card = read_card(folder)
    if card.get("version") != VERSION:
        raise BadFile(
            f"the biosphere in {folder} is of version {card.get('version')}, this thuja draws version {VERSION}",
            hint="make it anew, or use the thuja that made it",
        )
    try:
        return WorldConfig(**card["world"])
    except TypeError as error:
        raise BadFile(f"{Path(folder) / CARD} has knobs that no world has: {error}", hint="make it anew") from error


def read_card(folder: Path) -> dict[str, Any]:
    """What `world.json` says; raises UsageError where there is none, BadFile where it says something else."""
    path = Path(folder) / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(
            f"{folder} is no biosphere: it has no {CARD}", hint="thuja biosphere make writes one"
        ) from error
    except (OSError, ValueError) as error:
        raise BadFile(f"{path} cannot be read: {error}", hint="make the biosphere anew") from error
    if not isinstance(card, dict) or card.get("format") != "thuja biosphere" or not isinstance(card.get("world"), dict):
        raise BadFile(f"{path} is not of a biosphere", hint="thuja biosphere make writes one")
    return card


def _card(world: World, config: WriteConfig) -> dict[str, Any]:
    return {
        "format": "thuja biosphere",
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


def _check_same_knobs(path: Path, card: dict[str, Any]) -> None:
    if not path.exists():
        return
    found, wanted = read_card(path.parent), json.loads(json.dumps(card))  # tuples are lists there
    differing = [name for name in ("version", "world", "size", "shards") if found.get(name) != wanted[name]]
    if differing:
        raise OutputExists(
            f"{path.parent} holds a biosphere of other knobs ({', '.join(differing)})",
            hint="--resume takes the same knobs as the first run; world.json says which they were",
        )


def _write_folders(world: World, out: Path, config: WriteConfig) -> None:
    # In no order of species: the order of rows would betray a wrong label.
    everything = world.addresses()
    order = np.random.default_rng([world.config.seed, VERSION, _ORDER]).permutation(len(everything))
    job = partial(_write_chunk, world.config, out, config.size)
    drawn = spread(job, _chunks(everything[order]), workers=config.workers)
    rows = counted(drawn, total=world.images, label="biosphere")
    with atomic_path(out / "table.csv") as temporary:
        write_table(temporary, COLUMNS, rows)


def write_table(path: Path, columns: Sequence[str], parts: Iterable[Sequence[dict[str, Value]]]) -> None:
    """A CSV of rows that come in parts."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        for rows in parts:
            table.writerows(rows)


def _write_shards(world: World, out: Path, config: WriteConfig) -> None:
    everything = world.addresses()
    order = np.random.default_rng([world.config.seed, VERSION, _ORDER]).permutation(len(everything))
    with ShardWriter(out / "shards", max_count=config.shard_images) as writer:
        # A shard has its name only once it is whole: those that are there need not be drawn again.
        writer.paths.extend(sorted((out / "shards").glob("train-*.tar")))
        done = len(writer.paths) * config.shard_images
        work = _chunks(everything[order[done:]])
        job = partial(_draw_chunk, world.config, config.size)
        drawn = spread(job, work, workers=config.workers)
        for samples in counted(drawn, total=max(0, len(everything) - done), label="biosphere"):
            for record, jpeg in samples:
                shard = f"shards/train-{len(writer.paths):05d}.tar"
                writer.write(replace(record, path=f"{shard}#{record.uuid}.jpg"), jpeg)
        resumed = done > 0
    write_manifest(out / "shards", None if resumed else writer.facts)


def _chunks(work: Ints) -> Iterator[list[Address]]:
    for start in range(0, len(work), _CHUNK):
        yield [(int(species), int(number)) for species, number in work[start : start + _CHUNK]]


def _write_chunk(config: WorldConfig, out: Path, size: int, work: Sequence[Address]) -> list[dict[str, Value]]:
    """Draw what is not there yet; returns the table's rows."""
    world = world_of(config)
    rows: list[dict[str, Value]] = []
    for species, number in work:
        sighting = Sighting.of(world, species, number)
        record = record_of(sighting, config, size)
        put_image(out / record.path, sighting, size)
        rows.append(row_of(sighting, record))
    return rows


def put_image(path: Path, sighting: Sighting, size: int) -> None:
    """Draw a picture into a file, unless it is there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".jpg.tmp")
        temporary.write_bytes(jpeg_of(sighting, size))
        temporary.replace(path)


def _draw_chunk(config: WorldConfig, size: int, work: Sequence[Address]) -> list[tuple[Record, bytes]]:
    world = world_of(config)
    sightings = [Sighting.of(world, species, number) for species, number in work]
    return [(record_of(sighting, config, size), jpeg_of(sighting, size)) for sighting in sightings]
