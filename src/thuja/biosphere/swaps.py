"""The same specimen drawn again: on another ground, by another camera, in another pose, with one trait changed.

What a model says of a picture and of its swap differs by what was swapped alone, so it can be seen what
the answer hangs on.
"""

from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

import numpy as np

from thuja.biosphere.config import VERSION
from thuja.biosphere.field import INDOORS, Setting, fills, posed_anew, scene_of
from thuja.biosphere.scene import Camera, Scene, Style
from thuja.biosphere.sighting import Sighting, is_dark, stamp_of
from thuja.biosphere.traits import HABITATS, NEUTRAL, TRAITS, Trait, View
from thuja.biosphere.world import World
from thuja.errors import UnknownName, UsageError

Ground = Literal["own", "other", "neutral"]
GROUNDS: Final = get_args(Ground)
_SWAP: Final = 10
"""What a swap's seed is for, beside those of sighting.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """What to draw otherwise.

    `ground`: that of the species' own habitat, of another one, or none; nothing stands before the organism then,
    as occluders are the habitat's: compare these three among each other. What was brought indoors is seen by a
    phone for it. `camera` takes light, ground and stamp of another camera at the same site, and leaves view, pose
    and place. `trait` is a name and the value to give it. `pose` draws place, heading and stance anew.
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
        if self.camera in INDOORS and self.ground not in (None, "neutral"):
            raise UsageError(f"a {self.camera} has no ground of a habitat", hint="swap ground or camera, not both")
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
        scene = _taken_by(swap.camera, world, sighting, generator=generator)
    if swap.pose:
        scene = posed_anew(scene, specimen.looks.body_plan, generator)
    if swap.ground:
        others = [habitat for habitat in HABITATS if habitat != sighting.species.habitat]
        other = others[int(generator.integers(len(others)))]
        habitat = {"own": sighting.species.habitat, "other": other, "neutral": NEUTRAL}[swap.ground]
        # What was brought in has no ground but the museum's: to stand on one, it is seen by a phone.
        camera = Camera.PHONE if scene.camera in INDOORS else scene.camera
        scene = replace(scene, habitat=habitat, camera=camera, occluders=0)
    if swap.view:
        # Far is how small it is in the frame: that goes with the view.
        crosses = (swap.view is View.DISTANT) != (scene.view is View.DISTANT)
        fill = float(generator.uniform(*fills(scene.camera, swap.view))) if crosses else scene.fill
        scene = replace(scene, view=swap.view, fill=fill)
    if swap.style:
        scene = replace(scene, style=swap.style)
    if swap.trait:
        name, value = swap.trait
        values: dict[str, Any] = {name: value}
        specimen = replace(specimen, looks=replace(specimen.looks, **values))
    return replace(sighting, scene=replace(scene, is_empty=False), specimen=specimen)


def _taken_by(camera: Camera, world: World, sighting: Sighting, *, generator: np.random.Generator) -> Scene:
    """The scene as another camera takes it: same site, view, size and pose."""
    observation, scene = sighting.observation, sighting.scene
    setting = Setting(
        camera=camera,
        site=observation.site,
        observer=world.observers[observation.observer],
        stamp=stamp_of(observation, camera),
        is_dark=is_dark(observation),
    )
    taken = scene_of(setting, sighting.specimen.looks.body_plan, generator)
    return replace(
        taken,
        view=scene.view,
        place=scene.place,
        fill=scene.fill,
        angle=scene.angle,
        is_mirrored=scene.is_mirrored,
        stance=scene.stance,
        foreshortening=scene.foreshortening,
    )


def swap_of(text: str) -> Swap:
    """A swap written as `ground=neutral`, `trait=hue:0.1`, or several joined by `+`, as in `pose+style=hatched`."""
    given: dict[str, Any] = {}
    for part in text.split("+"):
        kind, _, value = part.strip().partition("=")
        if kind in given:
            raise UsageError(f'"{text}" swaps the {kind} twice', hint="each once")
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
