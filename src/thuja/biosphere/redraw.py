"""Swaps on disk: pictures of a world drawn again with something exchanged, each beside the uuid of its first."""

from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from thuja.biosphere.addressing import addresses_at, shuffled
from thuja.biosphere.config import VERSION, WorldConfig
from thuja.biosphere.draw import check_size
from thuja.biosphere.rows import write_table
from thuja.biosphere.settings import Note, check_count
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.swaps import Swap, swapped
from thuja.biosphere.tree import Ints
from thuja.biosphere.truth import COLUMNS, jpeg_of, record_of, row_of
from thuja.biosphere.world import World, world_of
from thuja.errors import EmptyInput, UsageError
from thuja.jobs import atomic_path, check_workers, counted, put_file, spread
from thuja.record import Value, uuid_of_source

NOTE: Final = Note(
    file="swaps.json",
    verb="biosphere swap",
    what="swaps",
    compared=("version", "world", "redraw"),
)
_CHOICE: Final = 31
"""What a seed is for, beside those of sighting.py: which pictures are swapped. No other file has this number."""
_CHUNK: Final = 16
_TABLE: Final = ("file", "uuid", "swap_of", "swap", *COLUMNS[2:])


@dataclass(frozen=True, slots=True, kw_only=True)
class RedrawConfig:
    """Which pictures are drawn again: `images` of a world's, at random from `seed` (0: all), with each of `swaps`."""

    swaps: tuple[Swap, ...]
    images: int = 0
    seed: int = 0
    size: int = 128
    workers: int = 0

    def __post_init__(self) -> None:
        check_size(self.size)
        check_workers(self.workers)
        if not self.swaps:
            raise UsageError("nothing to swap", hint="--swap ground=neutral, say")
        labels = [swap.label for swap in self.swaps]
        if len(set(labels)) < len(labels):
            raise UsageError("a swap is named twice", hint="each once")
        for name, value in (("images", self.images), ("seed", self.seed)):
            if value < 0:
                raise UsageError(f"{name} cannot be {value}", hint=f"--{name} is at least 0; 0 images are all")


def write_swaps(world: World, out: Path, config: RedrawConfig, *, force: bool = False, resume: bool = False) -> int:
    """Write the chosen pictures as they are (`original`) and with each swap, and `table.csv`; returns how many.

    The originals are those in the world's own folder, byte for byte. A row's `swap_of` is its original's uuid.
    Pictures that nothing is on are left out. Raises as `write_world` does.
    """
    out, names = Path(out), ["original", *(swap.label for swap in config.swaps)]
    pictures = min(config.images or world.images, world.images) * len(names)
    check_count(pictures, is_sharded=False)
    chosen = _chosen(world, config)
    parts = (chosen[start : start + _CHUNK] for start in range(0, len(chosen), _CHUNK))
    with NOTE.folder(out, _settings(world, config), force=force, resume=resume):
        job = partial(_draw, config=world.config, out=out, redraw=config)
        drawn = spread(job, parts, workers=config.workers)
        with atomic_path(out / "table.csv") as temporary:
            return write_table(temporary, _TABLE, counted(drawn, total=pictures, label="swaps"))


def _settings(world: World, config: RedrawConfig) -> dict[str, Any]:
    redraw = asdict(config)
    del redraw["workers"]  # they change no byte
    return {"version": VERSION, "world": world.config.fingerprint, "size": config.size, "redraw": redraw}


def _chosen(world: World, config: RedrawConfig) -> Ints:
    """Addresses (N, 2) in order of pictures with a specimen on them; of all pictures where all are asked for."""
    count = world.images - world.blanks
    chosen: list[int] = []
    wanted = config.images or 1
    for place in shuffled(count, np.random.default_rng([config.seed, VERSION, _CHOICE])):
        if len(chosen) == wanted:
            break
        species, number = addresses_at(world, np.array([place]))[0].tolist()
        if not Sighting.of(world, species, number).scene.is_empty:
            chosen.append(int(place))
    if not chosen:
        raise EmptyInput("the world has no picture with a specimen on it", hint="make it with more images")
    return addresses_at(world, np.sort(chosen) if config.images else np.arange(count))


def _draw(work: Ints, *, config: WorldConfig, out: Path, redraw: RedrawConfig) -> list[dict[str, Value]]:
    world = world_of(config)
    rows: list[dict[str, Value]] = []
    for species, number in work.tolist():
        first = Sighting.of(world, species, number)
        if first.scene.is_empty:
            continue
        record = record_of(first, config, redraw.size)
        for swap in (None, *redraw.swaps):
            sighting = swapped(world, first, swap) if swap else first
            name = swap.label if swap else "original"
            uuid = uuid_of_source(f"biosphere-{config.fingerprint}-{name}", record.source_id) if swap else record.uuid
            own = replace(record_of(sighting, config, redraw.size), uuid=uuid, path=f"images/{name}/{uuid}.jpg")
            put_file(out / own.path, partial(jpeg_of, sighting, redraw.size))
            rows.append({**row_of(sighting, own), "swap_of": record.uuid, "swap": name})
    return rows
