"""The pictures of an emergence world: those that arms learn from, and one fixed set that all of them are measured on.

Learnt from: each trained species' pictures in whole view, a share of them on the ground of the species' habitat and
the others anywhere. Looked at: fresh individuals of every species, in a balanced plan of stage, sex, season and health,
each drawn on its own ground, on another and on none, the same but for that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from thuja.biosphere import Sighting, Swap, WorldConfig, swapped
from thuja.biosphere.config import VERSION
from thuja.biosphere.scene import SEASONS, SEXES, STAGES
from thuja.biosphere.sighting import specimen_of
from thuja.biosphere.swaps import GROUNDS, Ground
from thuja.biosphere.traits import HABITATS
from thuja.biosphere.truth import jpeg_of
from thuja.biosphere.within import AILMENTS, Condition
from thuja.biosphere.world import World, world_of
from thuja.jobs import atomic_path, counted, spread

Flags = npt.NDArray[np.bool_]

TAUGHT, VIEWED = "taught.parquet", "viewed.parquet"
_SEVERITY: Final = 0.8
_APART: Final = 2_000_000
"""Individuals from this number on are in no picture that is learnt from."""
_GROUND, _HELD = 60, 61
"""What a seed is for, beside those of the biosphere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many pictures are drawn: `taught` of each trained species; `unseen` of the world's species are held out.

    A share `bare` of the pictures that are learnt from has no ground. Of the others, a share `home` is tied to the
    species' own ground, and the rest are anywhere, their own ground among five.
    """

    taught: int
    unseen: int
    pixels: int
    bare: float = 0.8
    home: float = 0.5


def conditions() -> list[Condition]:
    """The conditions that each species is looked at in: 4 young ones, 8 grown ones of each sex and season, half ill."""
    found: list[Condition] = []
    for stage in (STAGES[0], STAGES[-1]):
        for sex in SEXES:
            for season in SEASONS if stage == STAGES[-1] else SEASONS[:1]:
                for is_ill in (False, True):
                    ailment = AILMENTS[len(found) % len(AILMENTS)] if is_ill else ""
                    found.append(
                        Condition(
                            stage=stage, sex=sex, season=season, ailment=ailment, severity=_SEVERITY if is_ill else 0.0
                        )
                    )
    return found


def held_out(world: World, count: int) -> Flags:
    """Which species (S,) are never trained: so many, by chance from the world's seed."""
    is_held = np.zeros(len(world.species), dtype=np.bool_)
    order = np.random.default_rng([world.config.seed, VERSION, _HELD]).permutation(len(is_held))
    is_held[order[:count]] = True
    return is_held


def draw_taught(config: WorldConfig, plan: Plan, path: Path, *, workers: int = 1) -> None:
    """Draw what arms learn from, species by species, into a Parquet table, unless it is there."""
    world = World.make(config)
    numbers = np.flatnonzero(~held_out(world, plan.unseen)).tolist()
    _write(path, partial(_taught, config, plan), numbers, label="taught", workers=workers)


def draw_viewed(config: WorldConfig, plan: Plan, path: Path, *, workers: int = 1) -> None:
    """Draw what all arms are measured on, species by species, into a Parquet table, unless it is there."""
    _write(path, partial(_viewed, config, plan), list(range(config.species)), label="viewed", workers=workers)


def _write(path: Path, job: Any, numbers: Sequence[int], *, label: str, workers: int) -> None:
    if path.exists():
        return
    drawn = spread(job, numbers, workers=workers)
    rows = [row for part in counted(drawn, total=len(numbers), label=label) for row in part]
    with atomic_path(path) as temporary:
        pq.write_table(pa.Table.from_pylist(rows), temporary)


def _taught(config: WorldConfig, plan: Plan, species: int) -> list[dict[str, Any]]:
    world = world_of(config)
    rows = []
    for number in range(plan.taught):
        sighting = Sighting.of(world, species, number)
        generator = np.random.default_rng([config.seed, VERSION, _GROUND, species, number])
        is_bare, is_home, is_anywhere = generator.random(3) < (plan.bare, plan.home, 1 / len(HABITATS))
        ground: Ground = "neutral" if is_bare else "own" if is_home or is_anywhere else "other"
        there = swapped(world, sighting, Swap(ground=ground))
        rows.append(
            {"species": species, "number": number, "ground": there.scene.habitat, "image": jpeg_of(there, plan.pixels)}
        )
    return rows


def viewed_sightings(world: World, species: int) -> list[tuple[int, Ground, Sighting]]:
    """The pictures that a species is looked at in: the number of its condition, the kind of ground, the sighting."""
    found: list[tuple[int, Ground, Sighting]] = []
    for number, condition in enumerate(conditions()):
        first = Sighting.of(world, species, number)
        fresh = replace(first, specimen=specimen_of(world, species, _APART + number, condition=condition))
        for ground in GROUNDS:
            found.append((number, ground, swapped(world, fresh, Swap(ground=ground, pose=True))))
    return found


def _viewed(config: WorldConfig, plan: Plan, species: int) -> list[dict[str, Any]]:
    plans = conditions()
    return [
        {
            "species": species,
            "number": number,
            "life_stage": plans[number].stage,
            "sex": plans[number].sex,
            "season": plans[number].season,
            "health": plans[number].ailment or "healthy",
            "drawn_on": ground,
            "ground": sighting.scene.habitat,
            "image": jpeg_of(sighting, plan.pixels),
        }
        for number, ground, sighting in viewed_sightings(world_of(config), species)
    ]
