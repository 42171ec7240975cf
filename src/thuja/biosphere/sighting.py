"""One meeting with one living thing: which specimen it was, when, where, by whom, what it was called, and each picture.

Pictures belong to observations, and observations to individuals. Everything is drawn from the numbers (seed,
species, individual, observation, picture) alone, so that it depends on nothing that was drawn before it.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import numpy as np

from thuja.biosphere import evolution
from thuja.biosphere.config import VERSION
from thuja.biosphere.field import HABITS, INDOORS, Setting, next_frame, scene_of
from thuja.biosphere.identifying import Label, label_of
from thuja.biosphere.scene import SEASONS, SEXES, STAGES, Camera, Scene, Specimen
from thuja.biosphere.sites import CAMERAS, Site, by_zipf
from thuja.biosphere.traits import HABITATS
from thuja.biosphere.within import AILMENTS, Condition
from thuja.biosphere.world import Species, World
from thuja.errors import UsageError

_STAGE_SHARES: Final = (0.2, 0.2, 0.6)
_NEW_INDIVIDUAL: Final = 0.7
"""How often an observation is of an individual that nobody met before."""
_AGAIN: Final = 60
"""Days within which an individual is met again: it keeps its life stage over them."""
_LEFT: Final = 0.15
"""How often a specimen leaves before the next frame of a camera trap's burst."""
_FIRST_DAY, _DAYS = date(2031, 1, 1), 3 * 365
_DAYLIGHT: Final = (6 * 60, 19 * 60)
_BLOCK: Final = 64
"""Observations whose cameras are drawn together; a species of more pictures begins with the same ones."""
_LAYOUT, _INDIVIDUAL, _SEX, _OBSERVATION, _LABEL, _PICTURE, _BLANK = range(1, 8)
"""What a seed is for; swaps.py and telling.py go on from 10, writers from 30."""


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
    serial: int


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
        """The sighting of that number; species S, one beyond the last, is that of the blank frames.

        Raises UsageError for a number that the world does not have.
        """
        count = len(world.species)
        images = world.species[species].images if 0 <= species < count else world.blanks if species == count else 0
        if not 0 <= number < images:
            raise UsageError(f"the world has no picture {number} of species {species}", hint="see World.addresses")
        if species == count:
            return _blank(world, number)
        kind = world.species[species]
        place, frame = _place(world, kind, number)
        observation = _observation(world, kind, place)
        specimen = specimen_of(world, kind.number, observation.individual, condition=observation.condition)
        return cls(
            species=kind,
            number=number,
            frame=frame,
            observation=observation,
            specimen=specimen,
            scene=_scene(world, observation, frame, whose=(kind.number, specimen.looks.body_plan)),
        )


def _scene(world: World, observation: Observation, frame: int, *, whose: tuple[int, str]) -> Scene:
    """The scene of a frame: a fixed camera's burst is one scene in which the specimen moves, or leaves."""
    species, plan = whose
    setting = Setting(
        camera=observation.camera,
        site=observation.site,
        observer=world.observers[observation.observer],
        stamp=stamp_of(observation, observation.camera),
        is_dark=is_dark(observation),
    )
    scene = scene_of(setting, plan, _seeded(world, _PICTURE, species, observation.number, 0))
    for later in range(1, frame + 1):
        generator = _seeded(world, _PICTURE, species, observation.number, later)
        scene = next_frame(scene, setting, plan, generator=generator)
        has_left = observation.camera is Camera.CAMERA_TRAP and generator.random() < _LEFT
        scene = replace(scene, is_empty=scene.is_empty or has_left)
    return scene


def specimen_of(world: World, species: int, individual: int, *, condition: Condition) -> Specimen:
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


def _sex(world: World, species: int, individual: int) -> str:
    """An individual's sex, which it keeps."""
    return SEXES[int(_seeded(world, _SEX, species, individual).integers(2))]


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
    shares = tuple(world.camera_shares[species.number].tolist())
    places, starts = _layout(world.config.seed, species.number, species.images, shares=shares)
    observation = int(np.searchsorted(starts, number, side="right")) - 1
    return places[observation], number - starts[observation]


@lru_cache(maxsize=4096)
def _layout(seed: int, species: int, images: int, *, shares: tuple[float, ...]) -> tuple[list[_Place], list[int]]:
    """A species' observations up to so many pictures, and the number of each one's first picture."""
    ends = np.cumsum(shares)
    places: list[_Place] = []
    starts: list[int] = []
    alive: list[int] = []  # individuals that may be met again: not those that were brought in
    filled = individuals = 0
    while filled < images:
        draws = np.random.default_rng([seed, VERSION, _LAYOUT, species, len(places) // _BLOCK]).random((_BLOCK, 4))
        for of_camera, of_frames, of_new, of_met in draws.tolist():
            camera = CAMERAS[min(int(np.searchsorted(ends, of_camera * ends[-1], side="right")), len(CAMERAS) - 1)]
            again = camera not in INDOORS and alive and of_new >= _NEW_INDIVIDUAL
            individual = alive[int(of_met * len(alive))] if again else individuals
            individuals += not again
            if not again and camera not in INDOORS:
                alive.append(individual)
            places.append(_Place(len(places), camera, individual))
            starts.append(filled)
            filled += HABITS[camera].frames_of(of_frames)
    return places, starts


def _observation(world: World, species: Species, place: _Place) -> Observation:
    life = _life(world, species, place.individual)
    generator = _seeded(world, _OBSERVATION, species.number, place.number)
    day = life.day + timedelta(days=int(generator.integers(_AGAIN)))
    minute = int(generator.integers(24 * 60))
    if place.camera is not Camera.CAMERA_TRAP:  # people go out by day
        minute = _DAYLIGHT[0] + minute * (_DAYLIGHT[1] - _DAYLIGHT[0]) // (24 * 60)
    is_ill = generator.random() < world.config.ill
    ailment, severity = AILMENTS[int(generator.integers(len(AILMENTS)))], float(generator.uniform(0.4, 1.0))
    return Observation(
        number=place.number,
        individual=place.individual,
        camera=place.camera,
        site=life.site,
        observer=int(generator.choice(len(world.observers), p=by_zipf(len(world.observers)))),
        day=day,
        minute=minute,
        condition=Condition(
            stage=life.stage,
            sex=_sex(world, species.number, place.individual),
            season=_season(day),
            ailment=ailment if is_ill else "",
            severity=severity if is_ill else 0.0,
        ),
        label=label_of(world, species, _seeded(world, _LABEL, species.number, place.number)),
        serial=int(generator.integers(10**6)),
    )


@dataclass(frozen=True, slots=True)
class _Life:
    """Where an individual lives, from which day on it was met, and in which stage it was then."""

    site: Site
    day: date
    stage: str


def _life(world: World, species: Species, individual: int) -> _Life:
    generator = _seeded(world, _INDIVIDUAL, species.number, individual, 1)
    is_home = generator.random() < world.config.home
    habitat = HABITATS[int(generator.integers(len(HABITATS)))]
    site = _site(world, species, species.habitat if is_home else habitat, generator=generator)
    day = _FIRST_DAY + timedelta(days=int(generator.integers(_DAYS)))
    return _Life(site, day, STAGES[int(generator.choice(len(STAGES), p=_STAGE_SHARES))])


def _site(world: World, species: Species, habitat: str, *, generator: np.random.Generator) -> Site:
    """A site of that habitat, by the species' range."""
    weights = world.ranges[species.number] * [site.habitat == habitat for site in world.sites]
    return world.sites[int(generator.choice(len(world.sites), p=weights / weights.sum()))]


def _season(day: date) -> str:
    """North of the equator and south of it alike: the world's sun is not the point."""
    return SEASONS[0] if 4 <= day.month <= 9 else SEASONS[1]


def is_dark(observation: Observation) -> bool:
    """Whether it was night: a camera trap flashes in infrared then."""
    return not _DAYLIGHT[0] <= observation.minute < _DAYLIGHT[1]


def stamp_of(observation: Observation, camera: Camera) -> str:
    """What that camera writes into its pictures: a time, or a serial number; the place or species could be read off."""
    if camera is Camera.CAMERA_TRAP:
        return f"{observation.day.isoformat()} {observation.minute // 60:02}:{observation.minute % 60:02}"
    if camera is Camera.MUSEUM:
        return f"No {observation.serial:06d}"
    return ""


def _blank(world: World, number: int) -> Sighting:
    """A camera trap's frame that nothing is on."""
    generator = _seeded(world, _BLANK, number)
    observation = Observation(
        number=number,
        individual=-1,
        camera=Camera.CAMERA_TRAP,
        site=world.sites[int(generator.integers(len(world.sites)))],
        observer=int(generator.integers(len(world.observers))),
        day=_FIRST_DAY + timedelta(days=int(generator.integers(_DAYS))),
        minute=int(generator.integers(24 * 60)),
        condition=Condition(),
        label=Label(),
        serial=0,
    )
    nobody = specimen_of(world, 0, 0, condition=Condition())
    scene = _scene(world, observation, 0, whose=(len(world.species), nobody.looks.body_plan))
    return Sighting(
        species=None,
        number=number,
        frame=0,
        observation=observation,
        specimen=nobody,
        scene=replace(scene, is_empty=True),
    )
