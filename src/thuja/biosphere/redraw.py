"""Swaps on disk: pictures of a world drawn again with something exchanged, each beside the uuid of its first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from thuja.biosphere.config import VERSION, WorldConfig
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.swaps import Swap, swapped
from thuja.biosphere.truth import COLUMNS, record_of, row_of
from thuja.biosphere.world import World, world_of
from thuja.biosphere.writer import Address, put_image, write_table
from thuja.errors import EmptyInput, ThujaError, UsageError
from thuja.jobs import counted, output_folder, spread, write_json
from thuja.record import Value, uuid_of_source

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
        if not self.swaps:
            raise UsageError("nothing to swap", hint="--swap ground=neutral, say")
        labels = [swap.label for swap in self.swaps]
        if len(set(labels)) < len(labels):
            raise UsageError("a swap is named twice", hint="each once")
        if self.images < 0 or self.seed < 0 or self.workers < 0:
            raise UsageError("images, seed and workers are at least 0", hint="0 images are all, 0 workers one a core")


def write_swaps(world: World, out: Path, config: RedrawConfig, *, force: bool = False, resume: bool = False) -> int:
    """Write the chosen pictures as they are (`original`) and with each swap, and `table.csv`; returns how many.

    The originals are those in the world's own folder, byte for byte. A row's `swap_of` is its original's uuid.
    Pictures that nothing is on are left out. Raises as `write_world` does.
    """
    chosen = _chosen(world, config)
    parts = [chosen[start : start + _CHUNK] for start in range(0, len(chosen), _CHUNK)]
    try:
        with output_folder(Path(out), verb="biosphere", force=force, resume=resume):
            names = ["original", *(swap.label for swap in config.swaps)]
            for name in names:
                (out / "images" / name).mkdir(parents=True, exist_ok=True)
            write_json(out / "swaps.json", {"world": world.config.fingerprint, "version": VERSION, "swaps": names})
            job = partial(_draw, world.config, out, config)
            rows = counted(spread(job, parts, workers=config.workers), total=len(chosen) * len(names), label="swaps")
            write_table(out / "table.csv", _TABLE, rows)
    except OSError as error:
        raise ThujaError(
            f"writing {out} stopped: {error}", hint="mend that, then run it again with --resume"
        ) from error
    return len(chosen) * len(names)


def _chosen(world: World, config: RedrawConfig) -> list[Address]:
    """Addresses of pictures with a specimen on them, in order."""
    all_of_them = [(species.number, number) for species in world.species for number in range(species.images)]
    order = np.random.default_rng([config.seed, VERSION]).permutation(len(all_of_them)).tolist()
    chosen: list[Address] = []
    for place in order:
        if config.images and len(chosen) == config.images:
            break
        if not Sighting.of(world, *all_of_them[place]).scene.is_empty:
            chosen.append(all_of_them[place])
    if not chosen:
        raise EmptyInput("the world has no picture with a specimen on it", hint="make it with more images")
    return sorted(chosen)


def _draw(config: WorldConfig, out: Path, redraw: RedrawConfig, work: Sequence[Address]) -> list[dict[str, Value]]:
    world = world_of(config)
    rows: list[dict[str, Value]] = []
    for species, number in work:
        first = Sighting.of(world, species, number)
        record = record_of(first, config, redraw.size)
        for swap in (None, *redraw.swaps):
            sighting = swapped(world, first, swap) if swap else first
            name = swap.label if swap else "original"
            uuid = uuid_of_source(f"biosphere-{config.fingerprint}-{name}", record.source_id) if swap else record.uuid
            own = replace(record_of(sighting, config, redraw.size), uuid=uuid, path=f"images/{name}/{uuid}.jpg")
            put_image(out / own.path, sighting, redraw.size)
            rows.append({**row_of(sighting, own), "swap_of": record.uuid, "swap": name})
    return rows
