"""What a captioner learns from and is asked about: pictures of a world, what is true of them, and words to go by."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from thuja.biosphere import Sighting, World, WorldConfig, draw
from thuja.biosphere.caption import facts, said_of
from thuja.biosphere.config import VERSION
from thuja.biosphere.describe import describe
from thuja.biosphere.telling import account_of
from thuja.biosphere.vocabulary import Fact, Wording
from thuja.experiments.sizes import EASY
from thuja.taxonomy import Rank
from thuja.train.captioning import Lesson, Pixels

PIXELS: Final = 48
_WAYS: Final = 4
"""Ways to describe a species that training draws from; a captioner at work is given the first."""
_EXAMPLES: Final = 12
_DESCRIPTION, _KIN = 40, 42
"""What a seed is for, beside those of the biosphere."""


def easy_world(seed: int, *, species: int, images: int) -> World:
    """A world of the ablation's knobs: all of a species alike but for stage, sex, season, view and pose."""
    return World.make(WorldConfig(seed=seed, species=species, images=images, **EASY))


def varied_world(seed: int, *, species: int, images: int) -> World:
    """The same but that kin are hardly alike, so that each species is a body of its own to learn from."""
    knobs = {**EASY, "signal": 0.2, "matched_signal": 0.2}
    return World.make(WorldConfig(seed=seed, species=species, images=images, **knobs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """N pictures of one world, by species: pixels (N, S, S, 3), all that each shows, its true caption, its species."""

    pixels: Pixels
    facts: Sequence[tuple[Fact, ...]]
    captions: Sequence[str]
    species: Sequence[int]


def description_of(world: World, species: int, way: int = 0) -> str:
    """The sentences on a species' looks that a picture could show, its names left out ("it", "this bird")."""
    account = replace(account_of(world, species), binomial="it", common_names=())
    generator = np.random.default_rng([world.config.seed, VERSION, _DESCRIPTION, species, way])
    return " ".join(sentence.text for sentence in describe(account, generator) if sentence.is_visible)


def pictures_of(world: World, each: int) -> Asked:
    """So many pictures of each species, evenly spread over those that it has."""
    rows = [
        (kind.number, int(number))
        for kind in world.species
        for number in np.linspace(0, kind.images - 1, min(each, kind.images)).astype(int)
    ]
    sightings = [Sighting.of(world, species, number) for species, number in rows]
    return Asked(
        pixels=np.stack([np.asarray(draw(one.specimen, one.scene, PIXELS)) for one in sightings]),
        facts=[facts(one.specimen, one.scene) for one in sightings],
        captions=[said_of(one.specimen, one.scene, Wording.TRAIN).text for one in sightings],
        species=[species for species, _ in rows],
    )


def lessons_of(world: World, each: int) -> list[Lesson]:
    """A lesson a species of the world."""
    asked = pictures_of(world, each)
    species = np.array(asked.species)
    return [
        Lesson(
            kind=kind.looks.body_plan,
            pixels=asked.pixels[species == kind.number],
            captions=[asked.captions[row] for row in np.flatnonzero(species == kind.number).tolist()],
            shown=[
                {fact.name: fact.value for fact in asked.facts[row]}
                for row in np.flatnonzero(species == kind.number).tolist()
            ],
            descriptions=[description_of(world, kind.number, way) for way in range(_WAYS)],
            examples=examples_of(world, kind.number, _EXAMPLES),
        )
        for kind in world.species
    ]


def examples_of(world: World, species: int, count: int) -> list[str]:
    """True captions of pictures of other species of its class, or of any where it is alone in it."""
    classes = world.clades[Rank.CLASS]
    kin = np.flatnonzero((classes == classes[species]) & (np.arange(len(classes)) != species))
    if not len(kin):
        kin = np.flatnonzero(np.arange(len(classes)) != species)
    generator = np.random.default_rng([world.config.seed, VERSION, _KIN, species])
    return [
        _caption(world, int(other), int(generator.integers(world.species[other].images)))
        for other in generator.choice(kin, size=count)
    ]


def _caption(world: World, species: int, number: int) -> str:
    sighting = Sighting.of(world, species, number)
    return said_of(sighting.specimen, sighting.scene, Wording.TRAIN).text
