"""Pictures of a world on disk: a folder a species with a table, or shards; and the world's own backbone.

Each picture is drawn from its own seed, so workers may draw them in any order; each file is renamed
into place when it is whole, so a killed job can be resumed and ends in the same bytes.
"""

import csv
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from thuja.biosphere.draw import check_size
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.truth import QUALITY, jpeg_of, record_of
from thuja.biosphere.world import VERSION, World, WorldConfig
from thuja.errors import OutputExists, ThujaError, UsageError
from thuja.jobs import Progress, atomic_path, output_folder, write_json
from thuja.record import Record, Value
from thuja.shards import ShardWriter
from thuja.taxonomy import RANKS

T = TypeVar("T")

VERB = "biosphere"
_CHUNK = 32
"""Pictures that a worker draws at a time."""

Address = tuple[int, int]
"""A species' number, and the picture's number in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteConfig:
    """How a world is put on disk; `workers` changes the speed, never the bytes (0: one a core)."""

    size: int = 128
    shards: bool = False
    shard_images: int = 10_000
    workers: int = 0

    def __post_init__(self) -> None:
        check_size(self.size)
        if self.workers < 0:
            raise UsageError(f"cannot draw with {self.workers} workers", hint="--workers takes 0 (one a core) or more")
        if self.shard_images < 1:
            raise UsageError(f"a shard cannot hold {self.shard_images} pictures", hint="it holds at least one")


def write_world(world: World, out: Path, config: WriteConfig, *, force: bool = False, resume: bool = False) -> int:
    """Write all pictures of a world and their truth, `backbone.parquet`, `species.parquet` and `world.json`.

    Folders: `images/<Genus_epithet>/<uuid>.jpg` and `table.csv`, species by species. Shards:
    `shards/train-00000.tar`, ..., shuffled, each sample with its Record. Returns the number of
    pictures. Raises OutputExists as jobs.output_folder does, and when the run to resume had other
    knobs; ThujaError when the disk is full or a worker is killed.
    """
    out = Path(out)
    card = _card(world, config)
    if resume:
        _check_same_knobs(out / "world.json", card)
    try:
        with output_folder(out, verb=VERB, force=force, resume=resume):
            for leftover in out.rglob("*.tmp"):
                leftover.unlink()
            write_json(out / "world.json", card)
            _write_species(world, out)
            (_write_shards if config.shards else _write_folders)(world, out, config)
    except (BrokenProcessPool, OSError) as error:
        raise ThujaError(
            f"writing {out} stopped: {error}", hint="mend that, then run it again with --resume"
        ) from error
    return world.images


def addresses(world: World) -> list[Address]:
    """All pictures, species by species."""
    return [(species.number, number) for species in world.species for number in range(species.images)]


def _card(world: World, config: WriteConfig) -> dict[str, object]:
    return {
        "format": "thuja biosphere",
        "version": VERSION,
        "fingerprint": world.config.fingerprint,
        "world": asdict(world.config),
        "groups": dict(zip([rank.label for rank in RANKS], [*world.config.groups, world.config.species], strict=True)),
        "images": world.images,
        "size": config.size,
        "quality": QUALITY,
        "shards": config.shard_images if config.shards else 0,
    }


def _check_same_knobs(path: Path, card: dict[str, object]) -> None:
    if not path.exists():
        return
    found = json.loads(path.read_text(encoding="utf-8"))
    differing = [name for name in ("version", "world", "size", "shards") if found.get(name) != card[name]]
    if differing:
        raise OutputExists(
            f"{path.parent} holds a biosphere of other knobs ({', '.join(differing)})",
            hint="--resume takes the same knobs as the first run; world.json says which they were",
        )


def _write_species(world: World, out: Path) -> None:
    taxa = [species.taxon.to_columns() for species in world.species]
    truths = [asdict(species.traits) | {"images": species.images} for species in world.species]
    for name, rows in (
        ("backbone.parquet", taxa),
        ("species.parquet", [a | b for a, b in zip(taxa, truths, strict=True)]),
    ):
        with atomic_path(out / name) as temporary:
            pq.write_table(pa.Table.from_pylist(rows), temporary)


def _write_folders(world: World, out: Path, config: WriteConfig) -> None:
    for species in world.species:
        (out / "images" / f"{species.taxon.genus}_{species.taxon.species}").mkdir(parents=True, exist_ok=True)
    job = partial(_write_chunk, world.config, out, config.size)
    with atomic_path(out / "table.csv") as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table: csv.DictWriter[str] | None = None
        for rows in _spread(job, addresses(world), config.workers):
            if table is None:
                table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
                table.writeheader()
            table.writerows(rows)


def _write_shards(world: World, out: Path, config: WriteConfig) -> None:
    everything = addresses(world)
    order = np.random.default_rng([world.config.seed, VERSION]).permutation(len(everything))
    with ShardWriter(out / "shards", max_count=config.shard_images) as writer:
        # A shard has its name only once it is whole: those that are there need not be drawn again.
        writer.paths.extend(sorted((out / "shards").glob("train-*.tar")))
        done = len(writer.paths) * config.shard_images
        work = [everything[int(place)] for place in order[done:]]
        for samples in _spread(partial(_draw_chunk, world.config, config.size), work, config.workers):
            for record, jpeg in samples:
                shard = f"shards/train-{len(writer.paths):05d}.tar"
                writer.write(replace(record, path=f"{shard}#{record.uuid}.jpg"), jpeg)


def _spread(job: Callable[[Sequence[Address]], list[T]], work: Sequence[Address], workers: int) -> Iterator[list[T]]:
    """The job's answers for chunks of the work, in order, from that many processes."""
    chunks = [work[start : start + _CHUNK] for start in range(0, len(work), _CHUNK)]
    count = min(workers or os.cpu_count() or 1, len(chunks))
    # Spawned, not forked: a fork copies locked locks of whatever threads the caller has.
    pool = (
        ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_end_with_parent)
        if count > 1
        else nullcontext()
    )
    progress = Progress(total=len(work), label="biosphere")
    with pool as executor:
        for answers in (executor.map if executor else map)(job, chunks):
            progress.advance(len(answers))
            yield answers
    progress.close()


def _end_with_parent() -> None:
    """End this worker when the main process is killed; left alone it would wait for work for ever."""
    parent = parent_process()
    assert parent is not None, "only workers call this"

    def watch(parent: BaseProcess = parent) -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def _write_chunk(world_config: WorldConfig, out: Path, size: int, work: Sequence[Address]) -> list[dict[str, Value]]:
    """Draw what is not there yet; returns the table's rows."""
    world = _world(world_config)
    rows: list[dict[str, Value]] = []
    for species, number in work:
        sighting = Sighting.of(world, species, number)
        record = record_of(sighting, world_config, size)
        path = out / record.path
        if not path.exists():
            temporary = path.with_suffix(".jpg.tmp")
            temporary.write_bytes(jpeg_of(sighting, size))
            temporary.replace(path)
        rows.append(_row(record))
    return rows


def _draw_chunk(world_config: WorldConfig, size: int, work: Sequence[Address]) -> list[tuple[Record, bytes]]:
    world = _world(world_config)
    sightings = [Sighting.of(world, species, number) for species, number in work]
    return [(record_of(sighting, world_config, size), jpeg_of(sighting, size)) for sighting in sightings]


def _row(record: Record) -> dict[str, Value]:
    return {
        "file": record.path,
        "uuid": record.uuid,
        "scientific_name": record.taxon.scientific_name,
        "common_name": record.taxon.common,
        **{rank.label: record.taxon[rank] for rank in RANKS},
        "caption": record.caption,
        **dict(record.facts),
        **dict(record.traits),
    }


@lru_cache(maxsize=1)
def _world(config: WorldConfig) -> World:
    """The world, made once in each worker: it is cheaper to make than to send."""
    return World.make(config)
