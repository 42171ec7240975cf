"""Specimens and scenes drawn at random, for tests that need no world."""

from dataclasses import fields as fields_of
from dataclasses import replace
from typing import Any

import numpy as np

from thuja.biosphere.bodies import PLANS
from thuja.biosphere.scene import SEASONS, SEXES, STAGES, Ailments, Camera, Scene, Specimen, Style
from thuja.biosphere.shapes import Stance
from thuja.biosphere.traits import HABITATS, TRAITS, Looks, View

LOOKS = {field.name for field in fields_of(Looks)}


def specimen(generator: np.random.Generator, plan: str | None = None, **fields: Any) -> Specimen:
    """A healthy specimen with random looks; `fields` are set on it or, if so named, on its looks."""
    looks: dict[str, Any] = {"body_plan": plan or sorted(PLANS)[int(generator.integers(len(PLANS)))]}
    for name, trait in TRAITS.items():
        known = trait.states or trait.counts
        looks[name] = known[int(generator.integers(len(known)))] if known else float(generator.random())
    looks |= {name: value for name, value in fields.items() if name in LOOKS}
    drawn = Specimen(
        looks=Looks(**looks),
        stage=STAGES[int(generator.integers(3))],
        sex=SEXES[int(generator.integers(2))],
        season=SEASONS[int(generator.integers(2))],
        ailments=Ailments(),
        is_reversed=bool(generator.integers(2)),
        coat_seed=int(generator.integers(2**31)),
    )
    return replace(drawn, **{name: value for name, value in fields.items() if name not in LOOKS})


def scene(generator: np.random.Generator, **fields: Any) -> Scene:
    """A phone's picture of all of something, at a random place on a random ground; `fields` are set on it."""
    light = generator.uniform(0.15, 0.85)
    veil = np.clip(light + generator.uniform(-0.15, 0.15, 3), 0, 1)
    drawn = Scene(
        habitat=HABITATS[int(generator.integers(len(HABITATS)))],
        camera=Camera.PHONE,
        style=Style.SHADED,
        view=View.WHOLE,
        seed=int(generator.integers(2**31)),
        ground_seed=int(generator.integers(2**31)),
        place=(float(generator.random()), float(generator.random())),
        fill=float(generator.uniform(0.5, 0.92)),
        angle=float(generator.normal(0, 26)),
        is_mirrored=bool(generator.integers(2)),
        stance=Stance(gait=float(generator.uniform(0, 6.28)), curl=float(generator.uniform(-1, 1))),
        foreshortening=float(generator.uniform(0.72, 1.0)),
        light_heading=float(generator.uniform(0, 360)),
        light_strength=float(generator.uniform(0.5, 1.2)),
        veil=(float(veil[0]), float(veil[1]), float(veil[2])),
        haze=float(generator.uniform(0.0, 0.4)),
        ground_hue=float(generator.uniform(0, 360)),
        ground_saturation=float(generator.uniform(0.0, 0.6)),
        ground_value=float(generator.uniform(-0.26, 0.26)),
        ground_contrast=float(generator.uniform(0.08, 0.2)),
        occluders=int(generator.choice(4, p=(0.55, 0.2, 0.15, 0.1))),
        blur=float(max(0.0, generator.normal(0.2, 0.35))),
        noise=float(generator.uniform(0.0, 0.06)),
    )
    return replace(drawn, **fields)


def clear(scene: Scene, **fields: Any) -> Scene:
    """The scene in clear air with nothing in front, so that a pixel is what was drawn there."""
    return replace(scene, haze=0.0, noise=0.0, blur=0.0, occluders=0, **fields)
