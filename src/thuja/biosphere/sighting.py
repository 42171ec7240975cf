"""One meeting with one living thing: which specimen it was, when, where, by whom, what it was called, and each picture.

Pictures belong to observations, and observations to individuals. Everything is drawn from the numbers (seed,
species, individual, observation, picture) alone, so that it depends on nothing that was drawn before it.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np

from thuja.biosphere import evolution
from thuja.biosphere.config import VERSION
from thuja.biosphere.field import HABITS, Setting, scene_of
from thuja.biosphere.identifying import Label, label_of
from thuja.biosphere.scene import SEASONS, SEXES, STAGES, Camera, Scene, Specimen
from thuja.biosphere.sites import CAMERAS, Site, by_zipf
from thuja.biosphere.traits import HABITATS
from thuja.biosphere.within import AILMENTS, Condition
from thuja.biosphere.world import Species, World

_STAGE_SHARES: Final = (0.2, 0.2, 0.6)
_NEW_INDIVIDUAL: Final = 0.7
"""How often an observation is of an individual that nobody met before."""
_LEFT: Final = 0.15
"""How often a specimen has left by the second or third frame of a camera trap's burst."""
_FIRST_DAY, _DAYS = date(2031, 1, 1), 3 * 365
_LAYOUT, _INDIVIDUAL, _OBSERVATION, _PICTURE = range(4)
"""What a seed is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Some pictures of one individual on one occasion. `number` and `individual` count within the species.

    `serial` is what a museum writes on its label: it tells nothing of the species.
    """

    number: int
    individual: int
    camera: Camera
    site: Site
    observer: int
    day: date
    minute: int
    condition: Condition
    label: Label
    serial: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Picture number `number` of a species, the `frame`-th of its observation.

    `species` is None for a blank frame: its `scene.is_empty`, so its specimen is never drawn.
    """

    species: Species | None
    number: int
    frame: int
    observation: Observation
    specimen: Specimen
    scene: Scene

    @classmethod
    def of(cls, world: World, species: int, number: int) -> "Sighting":
        """The sighting of that number; species S, one beyond the last, is that of the blank frames."""
        if species == len(world.species):
            return _blank(world, number)
        kind = world.species[species]
        place, frame = _place(world, kind, number)
        observation = _observation(world, kind, place)
        generator = _seeded(world, _PICTURE, species, number)
        specimen = specimen_of(world, kind.number, observation.individual, observation.condition)
        setting = Setting(
            camera=observation.camera,
            site=observation.site,
            observer=world.observers[observation.observer],
            stamp=_stamp(observation),
        )
        scene = scene_of(setting, specimen.looks.body_plan, generator)
        has_left = frame > 0 and observation.camera is Camera.CAMERA_TRAP and generator.random() < _LEFT
        return cls(
            species=kind,
            number=number,
            frame=frame,
            observation=observation,
            specimen=specimen,
            scene=replace(scene, is_empty=has_left),
        )


def specimen_of(world: World, species: int, individual: int, condition: Condition) -> Specimen:
    """An individual of a species in some condition; its own noise, form and marks stay with it."""
    generator = _seeded(world, _INDIVIDUAL, species, individual)
    own = generator.standard_normal(evolution.WIDTH) * world.variation.spread
    return Specimen(
        looks=evolution.looks_of(world.mean(species, condition) + own, world.species[species].looks.body_plan),
        stage=condition.stage,
        sex=condition.sex,
        season=condition.season,
        ailments=world.variation.ailments(condition),
        is_reversed=bool(generator.integers(2)),
        coat_seed=int(generator.integers(2**31)),
    )


def sex_of(world: World, species: int, individual: int) -> str:
    """An individual's sex, which it keeps."""
    return SEXES[int(_seeded(world, _INDIVIDUAL, species, individual, 1).integers(2))]


def _seeded(world: World, *numbers: int) -> np.random.Generator:
    return np.random.default_rng([world.config.seed, VERSION, *numbers])


@dataclass(frozen=True, slots=True)
class _Place:
    """An observation's number in its species, the camera that took it and the individual that was met."""

    number: int
    camera: Camera
    individual: int


def _place(world: World, species: Species, number: int) -> tuple[_Place, int]:
    """Which observation a picture belongs to, and which of its frames it is."""
    generator = _seeded(world, _LAYOUT, species.number)
    most = species.images
    cameras = generator.choice(len(CAMERAS), p=world.camera_shares[species.number], size=most)
    draws = generator.random((most, 3))
    ends = np.cumsum(np.array([habit.frames for habit in HABITS.values()]), axis=1)  # (5, 3)
    frames = 1 + (draws[:, :1] > ends[cameras][:, :2]).sum(axis=1)
    starts = np.cumsum(frames) - frames
    observation = int(np.searchsorted(starts, number, side="right")) - 1
    is_new = draws[:, 1] < _NEW_INDIVIDUAL
    is_new[0] = True
    met = int(np.count_nonzero(is_new[: observation + 1]))
    # One met before: any of those so far.
    individual = met - 1 if is_new[observation] else int(draws[observation, 2] * met)
    return _Place(observation, CAMERAS[cameras[observation]], individual), number - int(starts[observation])


def _observation(world: World, species: Species, place: _Place) -> Observation:
    generator = _seeded(world, _OBSERVATION, species.number, place.number)
    day, minute = _when(generator)
    stage = STAGES[int(generator.choice(len(STAGES), p=_STAGE_SHARES))]
    is_ill = generator.random() < world.config.ill
    ailment, severity = AILMENTS[int(generator.integers(len(AILMENTS)))], float(generator.uniform(0.4, 1.0))
    is_home = generator.random() < world.config.home
    habitat = species.habitat if is_home else HABITATS[int(generator.integers(len(HABITATS)))]
    return Observation(
        number=place.number,
        individual=place.individual,
        camera=place.camera,
        site=_site(world, species, habitat, generator),
        observer=int(generator.choice(len(world.observers), p=by_zipf(len(world.observers)))),
        day=day,
        minute=minute,
        condition=Condition(
            stage=stage,
            sex=sex_of(world, species.number, place.individual),
            season=_season(day),
            ailment=ailment if is_ill else "",
            severity=severity if is_ill else 0.0,
        ),
        label=label_of(world, species, generator),
        serial=int(generator.integers(10**6)),
    )


def _site(world: World, species: Species, habitat: str, generator: np.random.Generator) -> Site:
    """A site of that habitat, by the species' range."""
    weights = world.ranges[species.number] * [site.habitat == habitat for site in world.sites]
    return world.sites[int(generator.choice(len(world.sites), p=weights / weights.sum()))]


def _when(generator: np.random.Generator) -> tuple[date, int]:
    return _FIRST_DAY + timedelta(days=int(generator.integers(_DAYS))), int(generator.integers(24 * 60))


def _season(day: date) -> str:
    """North of the equator and south of it alike: the world's sun is not the point."""
    return SEASONS[0] if 4 <= day.month <= 9 else SEASONS[1]


def _stamp(observation: Observation) -> str:
    """What a camera trap or a museum writes into its pictures; neither tells the species, or it would be read off."""
    clock = f"{observation.minute // 60:02}:{observation.minute % 60:02}"
    if observation.camera is Camera.CAMERA_TRAP:
        return f"{observation.day.isoformat()} {clock} {observation.site.code}"
    if observation.camera is Camera.MUSEUM:
        return f"{observation.site.code} {observation.serial:06d}"
    return ""


def _blank(world: World, number: int) -> Sighting:
    """A camera trap's frame that nothing is on."""
    generator = _seeded(world, _OBSERVATION, len(world.species), number)
    site = world.sites[int(generator.integers(len(world.sites)))]
    day, minute = _when(generator)
    observation = Observation(
        number=number,
        individual=-1,
        camera=Camera.CAMERA_TRAP,
        site=site,
        observer=int(generator.integers(len(world.observers))),
        day=day,
        minute=minute,
        condition=Condition(),
        label=Label(),
    )
    observer = world.observers[observation.observer]
    setting = Setting(camera=Camera.CAMERA_TRAP, site=site, observer=observer, stamp=_stamp(observation))
    nobody = specimen_of(world, 0, 0, Condition())
    scene = replace(scene_of(setting, nobody.looks.body_plan, generator), is_empty=True)
    return Sighting(species=None, number=number, frame=0, observation=observation, specimen=nobody, scene=scene)
