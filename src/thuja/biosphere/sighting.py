"""One meeting with one living thing: which specimen it was, and the scene it was seen in."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thuja.biosphere.bodies import PLANS
from thuja.biosphere.shapes import Stance
from thuja.biosphere.traits import HABITATS, Traits
from thuja.biosphere.world import VERSION, Species, World

STAGES = ("juvenile", "subadult", "adult")
SEXES = ("female", "male")
_STAGE_SHARES = (0.2, 0.2, 0.6)
_HOME_SHARE = 0.5
"""How often a specimen is seen in its species' own habitat; otherwise it may be anywhere."""
_VARIED = ("elongation", "head", "limb_length", "mouth_length", "tail_length", "ornament_length", "pattern_scale")


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One individual: its own traits, after stage and sex and chance, and what its coat is drawn from.

    `is_reversed` says that it is of the form that wears colour 2 where others wear colour 1.
    """

    traits: Traits
    stage: str
    sex: str
    is_reversed: bool
    coat_seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that is in a picture but the specimen. Lengths are shares of the frame, angles degrees.

    `place` is where in the free room the specimen stands, (0, 0) upper left to (1, 1) lower right;
    `fill` is the length of its longer side; `view` foreshortens it along its own axis. The light and
    the air between lay a `veil` of one colour over everything, with the weight `haze`.
    """

    habitat: str
    seed: int
    place: tuple[float, float]
    fill: float
    angle: float
    is_mirrored: bool
    stance: Stance
    view: float
    light_heading: float
    light_strength: float
    veil: tuple[float, float, float]
    haze: float
    ground_hue: float
    ground_saturation: float
    ground_value: float
    ground_contrast: float
    occluders: int
    blur: float
    noise: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Picture number `number` of a species."""

    species: Species
    number: int
    specimen: Specimen
    scene: Scene

    @classmethod
    def of(cls, world: World, species: int, number: int) -> "Sighting":
        """The sighting of that number; it depends on nothing else that was drawn before it."""
        kind = world.species[species]
        generator = np.random.default_rng([world.config.seed, VERSION, species, number])
        specimen = _specimen(kind, generator)
        return cls(species=kind, number=number, specimen=specimen, scene=_scene(specimen, generator))


def _specimen(species: Species, generator: np.random.Generator) -> Specimen:
    stage = STAGES[int(generator.choice(3, p=_STAGE_SHARES))]
    sex = SEXES[int(generator.integers(2))]
    is_reversed = bool(generator.integers(2))
    growth = {"juvenile": -1.0, "subadult": -0.4, "adult": 0.0}[stage]
    manhood = 0.15 * (1 if sex == "male" else -1) * (1 + growth)
    shifts = dict(zip(_VARIED, generator.normal(0, 0.06, len(_VARIED)), strict=True))
    shifts["head"] -= 0.3 * growth
    shifts["limb_length"] += 0.15 * growth
    shifts["tail_length"] += 0.2 * growth + 0.5 * manhood
    shifts["ornament_length"] += 0.25 * growth + manhood
    base = species.traits
    own: dict[str, Any] = {
        "hue": float((base.hue + generator.normal(0, 7)) % 360),
        "chroma": float(np.clip(base.chroma + generator.normal(0, 0.08) + 0.2 * growth, 0, 1)),
        "lightness": float(np.clip(base.lightness + generator.normal(0, 0.12), -1, 1)),
    }
    own |= {name: float(np.clip(getattr(base, name) + shift, 0, 1)) for name, shift in shifts.items()}
    return Specimen(
        traits=replace(base, **own),
        stage=stage,
        sex=sex,
        is_reversed=is_reversed,
        coat_seed=int(generator.integers(2**31)),
    )


def _scene(specimen: Specimen, generator: np.random.Generator) -> Scene:
    traits = specimen.traits
    turns = PLANS[traits.body_plan].turns
    at_home = generator.random() < _HOME_SHARE
    light = generator.uniform(0.15, 0.85)
    veil = np.clip(light + generator.uniform(-0.15, 0.15, 3), 0, 1)
    return Scene(
        habitat=traits.habitat if at_home else HABITATS[int(generator.integers(len(HABITATS)))],
        seed=int(generator.integers(2**31)),
        place=(float(generator.random()), float(generator.random())),
        fill=float(generator.uniform(0.5, 0.92) + 0.06 * (traits.size - 0.5)),
        angle=float(generator.uniform(-80, 80) if turns else generator.normal(0, 26)),
        is_mirrored=bool(generator.integers(2)),
        stance=Stance(gait=float(generator.uniform(0, 2 * np.pi)), curl=float(generator.uniform(-1, 1))),
        view=float(generator.uniform(0.72, 1.0)),
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
