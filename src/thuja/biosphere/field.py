"""How each camera sees: the scenes that phones, camera traps, museums, laboratories and drones take."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from thuja.biosphere.bodies import PLANS
from thuja.biosphere.scene import Camera, Scene, Style
from thuja.biosphere.shapes import Stance
from thuja.biosphere.sites import Observer, Site
from thuja.biosphere.traits import NEUTRAL, View

_VIEWS: Final = tuple(View)
Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What pictures of a camera are like: shares of each view, and ranges that values are drawn from evenly.

    `tilt` is the standard deviation of the heading in degrees; what `turns` by its body plan lies anyhow
    instead, unless it `is_posed`. `frames` are the shares of one, two and three pictures a sighting.
    """

    views: tuple[float, float, float, float]
    fill: Range
    tilt: float = 26.0
    is_posed: bool = False
    haze: Range = (0.0, 0.4)
    light: Range = (0.5, 1.2)
    shake: float = 0.35
    grain: Range = (0.0, 0.06)
    occluders: tuple[float, ...] = (0.55, 0.2, 0.15, 0.1)
    frames: tuple[float, float, float] = (0.6, 0.3, 0.1)

    def frames_of(self, draw: float) -> int:
        """How many pictures an observation has, by an even draw from 0 to 1."""
        return 1 + (draw > self.frames[0]) + (draw > self.frames[0] + self.frames[1])


HABITS: Final[Mapping[Camera, Habit]] = {
    Camera.PHONE: Habit(views=(0.8, 0.08, 0.05, 0.07), fill=(0.65, 0.98)),
    Camera.CAMERA_TRAP: Habit(
        views=(0.75, 0.05, 0.05, 0.15), fill=(0.5, 0.95), tilt=10, grain=(0.02, 0.1), frames=(0.2, 0.0, 0.8)
    ),
    Camera.MUSEUM: Habit(
        views=(0.9, 0.06, 0.04, 0.0), fill=(0.65, 0.8), tilt=4, is_posed=True, haze=(0.0, 0.05), light=(0.8, 1.0),
        shake=0.05, grain=(0.0, 0.02), occluders=(1.0,), frames=(0.7, 0.3, 0.0),
    ),
    Camera.LABORATORY: Habit(
        views=(0.9, 0.05, 0.05, 0.0), fill=(0.7, 0.95), tilt=60, haze=(0.0, 0.05), light=(0.6, 1.0),
        shake=0.1, grain=(0.0, 0.03), occluders=(1.0,), frames=(0.9, 0.1, 0.0),
    ),
    Camera.DRONE: Habit(
        views=(0.5, 0.0, 0.0, 0.5), fill=(0.35, 0.6), tilt=60, haze=(0.1, 0.5), occluders=(0.8, 0.2),
        frames=(0.5, 0.3, 0.2),
    ),
}  # fmt: skip
_DISTANT_FILL: Final = (0.18, 0.3)
INDOORS: Final = (Camera.MUSEUM, Camera.LABORATORY)
"""What these take pictures of was brought in: no habitat is behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is given before a picture is taken: the camera, where, by whom, by night or day, what is written on it."""

    camera: Camera
    site: Site
    observer: Observer
    stamp: str = ""
    is_dark: bool = False


def scene_of(setting: Setting, body_plan: str, generator: np.random.Generator) -> Scene:
    """A scene as that camera takes it there; the ground is the site's, and a fixed camera's always the same."""
    camera, site = setting.camera, setting.site
    habit = HABITS[camera]
    view = _VIEWS[int(generator.choice(len(_VIEWS), p=habit.views))]
    fill = generator.uniform(*fills(camera, view))
    is_fixed = camera is Camera.CAMERA_TRAP
    # Drawn in any case: a camera changes nothing of what comes after.
    ground = (generator.integers(2**31), *generator.uniform((0, 0, -0.26, 0.08), (360, 0.6, 0.26, 0.2)))
    if is_fixed:
        ground = (
            site.ground_seed, site.ground_hue, site.ground_saturation, site.ground_value, site.ground_contrast
        )  # fmt: skip
    pose = _pose(habit, body_plan, generator)
    light = generator.uniform(0.15, 0.85)
    veil = np.clip(light + generator.uniform(-0.15, 0.15, 3), 0, 1)
    return Scene(
        habitat=NEUTRAL if camera in INDOORS else site.habitat,
        camera=camera,
        style=Style.SHADED,
        view=view,
        seed=int(generator.integers(2**31)),
        ground_seed=int(ground[0]),
        place=pose.place,
        fill=float(fill),
        angle=pose.angle,
        is_mirrored=pose.is_mirrored,
        stance=pose.stance,
        foreshortening=pose.foreshortening,
        light_heading=float(generator.uniform(0, 360)),
        light_strength=float(generator.uniform(*habit.light)),
        veil=(float(veil[0]), float(veil[1]), float(veil[2])),
        haze=float(generator.uniform(*habit.haze)),
        ground_hue=float(ground[1]),
        ground_saturation=float(ground[2]),
        ground_value=float(ground[3]),
        ground_contrast=float(ground[4]),
        occluders=int(generator.choice(len(habit.occluders), p=habit.occluders)),
        blur=float(max(0.0, generator.normal(0.2, habit.shake) * setting.observer.shake)),
        noise=float(min(0.15, generator.uniform(*habit.grain) * setting.observer.grain)),
        stamp=setting.stamp,
        is_dark=is_fixed and setting.is_dark,
    )


def fills(camera: Camera, view: View) -> Range:
    """How large a camera's specimens are in that view, in parts of the frame."""
    return _DISTANT_FILL if view is View.DISTANT else HABITS[camera].fill


def next_frame(scene: Scene, setting: Setting, body_plan: str, *, generator: np.random.Generator) -> Scene:
    """The next picture of one observation: a fixed camera's shows the specimen a step on, others are taken anew."""
    if setting.camera is not Camera.CAMERA_TRAP:
        again = scene_of(setting, body_plan, generator)
        return replace(
            again,
            ground_seed=scene.ground_seed,
            ground_hue=scene.ground_hue,
            ground_saturation=scene.ground_saturation,
            ground_value=scene.ground_value,
            ground_contrast=scene.ground_contrast,
        )
    steps = generator.normal(0, 0.06, 2)
    return replace(
        scene,
        seed=int(generator.integers(2**31)),
        place=(float(np.clip(scene.place[0] + steps[0], 0, 1)), float(np.clip(scene.place[1] + steps[1], 0, 1))),
        stance=Stance(gait=float(generator.uniform(0, 2 * np.pi)), curl=scene.stance.curl),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """How a specimen stands in the frame, and holds itself."""

    place: tuple[float, float]
    angle: float
    is_mirrored: bool
    stance: Stance
    foreshortening: float


def posed_anew(scene: Scene, body_plan: str, generator: np.random.Generator) -> Scene:
    """The same scene with the specimen in another pose and place."""
    pose = _pose(HABITS[scene.camera], body_plan, generator)
    return replace(
        scene,
        place=pose.place,
        angle=pose.angle,
        is_mirrored=pose.is_mirrored,
        stance=pose.stance,
        foreshortening=pose.foreshortening,
    )


def _pose(habit: Habit, body_plan: str, generator: np.random.Generator) -> Pose:
    is_free = PLANS[body_plan].turns and not habit.is_posed
    places = generator.random(2)
    if habit.is_posed:
        places = 0.4 + 0.2 * places
    return Pose(
        place=(float(places[0]), float(places[1])),
        angle=float(generator.uniform(-80, 80) if is_free else generator.normal(0, habit.tilt)),
        is_mirrored=bool(generator.integers(2)) and not habit.is_posed,
        stance=Stance(gait=float(generator.uniform(0, 2 * np.pi)), curl=float(generator.uniform(-1, 1))),
        foreshortening=float(generator.uniform(0.95 if habit.is_posed else 0.72, 1.0)),
    )
