"""The experiment's table: a row a point, which a run that was stopped goes on with."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from thuja.biosphere import WorldConfig
from thuja.biosphere.world import World, world_of
from thuja.errors import BadFile
from thuja.experiments.emergence.arms import emergence_arms
from thuja.experiments.emergence.ceilings import CEILINGS, ceiling
from thuja.experiments.emergence.measure import measure
from thuja.experiments.emergence.seen import Seen
from thuja.experiments.emergence.trial import VECTORS
from thuja.experiments.emergence.views import Plan, held_out
from thuja.experiments.emergence.worlds import NOTE
from thuja.experiments.sizes import SIZES
from thuja.jobs import atomic_path

SEEDLESS: Final = ("emergence/pixels", "emergence/imagenet")
"""Arms that are the same from every seed, and are measured once a world."""
_KEYS = ("arm", "world", "seed", "config", "seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What one arm scored in one world from one seed; `config` is the hash of all that it was trained by."""

    arm: str
    world: str
    seed: int
    config: str
    seconds: float
    scores: Mapping[str, float]


def read_points(path: Path) -> list[Point]:
    """The points of a table that `write_points` wrote; none where there is none. Raises BadFile."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    try:
        return [
            Point(
                arm=row["arm"],
                world=row["world"],
                seed=int(row["seed"]),
                config=row["config"],
                seconds=float(row["seconds"]),
                scores={name: float(value) for name, value in row.items() if name not in _KEYS and value},
            )
            for row in rows
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise BadFile(f"{path} is not a table of points: {error}", hint="delete it, and it is made again") from error


def write_points(path: Path, points: Sequence[Point]) -> None:
    """Write the table, five digits a score."""
    names = list(dict.fromkeys(name for point in points for name in point.scores))
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([*_KEYS, *names])
        for one in points:
            scores = [f"{one.scores[name]:.5g}" if name in one.scores else "" for name in names]
            table.writerow([one.arm, one.world, one.seed, one.config, one.seconds, *scores])


def measure_points(out: Path, known: Sequence[Point]) -> Iterator[Point]:
    """A point for each cell of a grid's folder whose vectors are there and whose hash no known point has.

    A cell that arms of two groups share is a point of each.
    """
    seen = {point.config for point in known}
    seedless = {(point.arm, point.world): point.scores for point in known if point.arm in SEEDLESS}
    cells = sorted((out / "cells").glob("*.json"), key=lambda path: (_size(out / VECTORS / f"{path.stem}.npz"), path))
    for path in cells:  # the narrowest first: what takes longest comes last
        vectors = out / VECTORS / f"{path.stem}.npz"
        row: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if path.stem in seen or row["error"] or not vectors.exists():
            continue
        folder = _folder_of(out, row)
        world, plan = _world_in(folder)
        place = (row["arm"], _named(folder, row["world"]))
        scores = seedless.get(place) or {
            **row["scores"],
            **measure(Seen.load(vectors), world, held_out(world, plan.unseen)),
        }
        if row["arm"] in SEEDLESS:
            seedless[place] = scores
        for arm in same_as(row["arm"]):
            yield Point(
                arm=arm,
                world=_named(folder, row["world"]),
                seed=row["seed"],
                config=path.stem,
                seconds=row["seconds"],
                scores=scores,
            )


def ceiling_points(out: Path, known: Sequence[Point]) -> Iterator[Point]:
    """The ceilings of each world in a grid's folder, but for those that are known."""
    seen = {(point.arm, point.world) for point in known}
    for folder in sorted((out / "worlds").iterdir()):
        world, plan = _world_in(folder)
        name, is_held = _named(folder, folder.name.rpartition("-")[2]), held_out(world, plan.unseen)
        for kind in CEILINGS:
            if (f"ceiling/{kind}", name) not in seen:
                scores = ceiling(kind, world, is_held, pixels=plan.pixels)
                yield Point(arm=f"ceiling/{kind}", world=name, seed=0, config="", seconds=0.0, scores=scores)


def same_as(arm: str) -> list[str]:
    """The labels of all arms whose setup an arm has, itself among them."""
    setups = {one.label: one.setup for one in emergence_arms(SIZES["emergence"].recipe)}
    return [label for label, setup in setups.items() if setup == setups.get(arm)] or [arm]


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _folder_of(out: Path, row: Mapping[str, Any]) -> Path:
    """The folder of a cell's world; worlds of one seed and several sizes are told by who wrote the cell."""
    found = [folder for folder in (out / "worlds").iterdir() if folder.name.rpartition("-")[2] == row["world"]]
    if len(found) != 1:
        raise BadFile(f"{out} has {len(found)} worlds of seed {row['world']}", hint="one size a folder")
    return found[0]


def _world_in(folder: Path) -> tuple[World, Plan]:
    note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    return world_of(WorldConfig(**note["world"])), Plan(**note["plan"])


def _named(folder: Path, seed: str) -> str:
    """A world's seed, behind the name of its size where that is another than the experiment's own."""
    size = folder.name.rpartition("-")[0]
    return seed if size == "emergence" else f"{size}:{seed}"
