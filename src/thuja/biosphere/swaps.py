"""The same specimen drawn again: on another ground, by another camera, in another pose, with one trait changed.

What a model says of a picture and of its swap differs by what was swapped alone, so it can be seen what
the answer hangs on.
"""

from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

import numpy as np

from thuja.biosphere.config import VERSION
from thuja.biosphere.field import INDOORS, Setting, posed_anew, scene_of
from thuja.biosphere.scene import Camera, Style
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.traits import HABITATS, NEUTRAL, TRAITS, Trait, View
from thuja.biosphere.world import World
from thuja.errors import UnknownName, UsageError

Ground = Literal["own", "other", "neutral"]
GROUNDS: Final = get_args(Ground)
_SWAP: Final = 4
"""What a swap's seed is for, beside those of sighting.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """What to draw otherwise; what is not named stays.

    `ground`: that of the species' own habitat, of another one, or none. `trait` is a name and the value to give it.
    `pose` draws place, heading and stance anew. A camera draws the whole scene anew, at the same site.
    """

    ground: Ground | None = None
    camera: Camera | None = None
    view: View | None = None
    style: Style | None = None
    trait: tuple[str, str | int | float] | None = None
    pose: bool = False

    def __post_init__(self) -> None:
        if self.ground not in (None, *GROUNDS):
            raise UnknownName.of("ground", str(self.ground), GROUNDS)
        if self.trait is not None:
            name, value = self.trait
            if name not in TRAITS:
                raise UnknownName.of("trait", name, TRAITS)
            TRAITS[name].check(value)
        if not any(self._named()):
            raise UsageError("nothing to swap", hint="a ground, a camera, a view, a style, a trait, or the pose")

    def _named(self) -> tuple[object, ...]:
        return (self.ground, self.camera, self.view, self.style, self.trait, self.pose)

    @property
    def label(self) -> str:
        """A short name, fit for a folder: `ground-neutral`, `trait-hue-0.1`, `camera-museum+pose`."""
        words = [
            f"{kind}-{value}"
            for kind, value in (
                ("ground", self.ground),
                ("camera", self.camera),
                ("view", self.view),
                ("style", self.style),
            )
            if value
        ]
        words += [f"trait-{self.trait[0]}-{self.trait[1]}"] if self.trait else []
        return "+".join([*words, *(["pose"] if self.pose else [])])


def swapped(world: World, sighting: Sighting, swap: Swap) -> Sighting:
    """The sighting with that swap made, the same whenever it is asked for; raises UsageError for a blank frame."""
    if sighting.species is None:
        raise UsageError("a blank frame has no specimen to draw again", hint="swap pictures of species")
    number = sighting.species.number
    generator = np.random.default_rng([world.config.seed, VERSION, _SWAP, number, sighting.number])
    scene, specimen = sighting.scene, sighting.specimen
    if swap.camera:
        observation = sighting.observation
        setting = Setting(
            camera=swap.camera, site=observation.site, observer=world.observers[observation.observer], stamp=scene.stamp
        )
        scene = scene_of(setting, specimen.looks.body_plan, generator)
    if swap.pose:
        scene = posed_anew(scene, specimen.looks.body_plan, generator)
    if swap.ground:
        others = [habitat for habitat in HABITATS if habitat != sighting.species.habitat]
        other = others[int(generator.integers(len(others)))]
        habitat = {"own": sighting.species.habitat, "other": other, "neutral": NEUTRAL}[swap.ground]
        # What was brought in has no ground but the museum's: to stand on one, it is seen by a phone.
        camera = Camera.PHONE if scene.camera in INDOORS else scene.camera
        scene = replace(scene, habitat=habitat, camera=camera)
    if swap.view:
        scene = replace(scene, view=swap.view)
    if swap.style:
        scene = replace(scene, style=swap.style)
    if swap.trait:
        name, value = swap.trait
        values: dict[str, Any] = {name: value}
        specimen = replace(specimen, looks=replace(specimen.looks, **values))
    return replace(sighting, scene=replace(scene, is_empty=False), specimen=specimen)


def swap_of(text: str) -> Swap:
    """A swap written as `ground=neutral`, `trait=hue:0.1`, or several joined by `+`, as in `pose+style=hatched`."""
    given: dict[str, Any] = {}
    for part in text.split("+"):
        kind, _, value = part.strip().partition("=")
        if kind == "pose" and not value:
            given["pose"] = True
        elif kind == "trait":
            name, _, wanted = value.partition(":")
            if name not in TRAITS:
                raise UnknownName.of("trait", name, TRAITS)
            given["trait"] = (name, _value(TRAITS[name], wanted))
        elif kind == "ground":
            given["ground"] = value
        elif kind in ("camera", "view", "style"):
            choices = {"camera": Camera, "view": View, "style": Style}[kind]
            if value not in list(choices):
                raise UnknownName.of(kind, value, list(choices))
            given[kind] = choices(value)
        else:
            raise UsageError(
                f'cannot swap "{part}"',
                hint="ground=own, other or neutral; camera=, view=, style=; trait=NAME:VALUE; pose; joined by +",
            )
    return Swap(**given)


def _value(trait: Trait, text: str) -> str | int | float:
    try:
        return text if trait.states else int(text) if trait.counts else float(text)
    except ValueError as error:
        raise UsageError(
            f'{trait.name} cannot be "{text}"', hint=f"one of {trait.counts}" if trait.counts else "from 0 to 1"
        ) from error
