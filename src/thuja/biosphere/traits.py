"""The traits of living things, and how they change along the tree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thuja.biosphere.tree import Floats, Ints, Tree

HABITATS = ("water", "soil", "leaf", "sand", "night")
MOUTHS = ("blunt", "pointed", "hooked", "tubular")
TAILS = ("round", "forked", "pointed", "fan")
ORNAMENTS = ("none", "crest", "horns", "antennae", "spines")
PATTERNS = ("bands", "stripes", "spots", "blotches", "rings", "checks", "net", "chevrons")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a species, or one specimen of it, looks like. Fractions run from 0 to 1, hues in degrees.

    `limbs` counts what the body plan repeats: fins, pairs of legs, arms, petals, leaflets.
    Colour 1 is set by `hue`, `chroma` and `lightness` (-1 dark to 1 light); colour 2 is its opposite
    (see colours.py for why).
    """

    body_plan: str
    habitat: str
    mouth: str
    tail: str
    ornament: str
    pattern: str
    limbs: int
    size: float
    elongation: float
    head: float
    limb_length: float
    mouth_length: float
    tail_length: float
    ornament_length: float
    pattern_scale: float
    hue: float
    chroma: float
    lightness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A continuous trait: Brownian motion whose rate falls as exp(-decay * t), and a jump at each split.

    The fall is an early burst: families part far, and the species of one stay near each other.
    """

    decay: float = 1.5
    jump: float = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A discrete trait: a Markov chain (Mk) whose rate falls with time as exp(-decay * t)."""

    states: Sequence[str]
    rate: float
    decay: float


WALKS: dict[str, Walk] = {
    "limbs": Walk(jump=0.02),
    "size": Walk(),
    "elongation": Walk(),
    "head": Walk(),
    "limb_length": Walk(),
    "mouth_length": Walk(),
    "tail_length": Walk(),
    "ornament_length": Walk(),
    "pattern_scale": Walk(jump=0.3),
    "hue": Walk(decay=4.0, jump=0.03),
    "chroma": Walk(jump=0.2),
    "lightness": Walk(jump=0.35),
}
SWITCHES: dict[str, Switch] = {
    "habitat": Switch(states=HABITATS, rate=3.0, decay=0.5),
    "mouth": Switch(states=MOUTHS, rate=8.0, decay=3.0),
    "tail": Switch(states=TAILS, rate=8.0, decay=3.0),
    "ornament": Switch(states=ORNAMENTS, rate=8.0, decay=2.5),
    "pattern": Switch(states=PATTERNS, rate=10.0, decay=4.5),
}


def evolve(tree: Tree, plans: Sequence[str], generator: np.random.Generator) -> list[Traits]:
    """The traits of the S tips; `plans` gives each tip's body plan (an order has one)."""
    walks = {name: _walk(tree, walk, generator) for name, walk in WALKS.items()}
    switches = {name: _switch(tree, switch, generator) for name, switch in SWITCHES.items()}
    traits: list[Traits] = []
    for tip, plan in enumerate(plans):
        values: dict[str, Any] = {name: _squash(float(walk[tip])) for name, walk in walks.items()}
        values |= {name: SWITCHES[name].states[int(states[tip])] for name, states in switches.items()}
        values |= {
            "limbs": 3 + min(int(values["limbs"] * 4), 3),
            # Hue runs on a circle: the walk itself is the angle, so that no hue is an end.
            "hue": float(walks["hue"][tip] * 100 % 360),
            "lightness": values["lightness"] * 2 - 1,
        }
        traits.append(Traits(body_plan=plan, **values))
    return traits


def _squash(value: float) -> float:
    """The logistic curve that stands for the normal's: a walk's value to a fraction of its range."""
    return float(1 / (1 + np.exp(-1.7 * value)))


def _walk(tree: Tree, walk: Walk, generator: np.random.Generator) -> Floats:
    """Values at the tips (S,), standard normal over worlds but for the jumps."""
    spread = np.sqrt(_age(tree, walk.decay) / _age_of_all(walk.decay) + walk.jump**2)
    steps = generator.standard_normal(len(tree.parent)) * spread
    values = np.zeros(len(tree.parent))
    for branch, parent in enumerate(tree.parent):  # a parent is born, and so numbered, before its children
        values[branch] = steps[branch] + (values[parent] if parent >= 0 else 0.0)
    return values[tree.tips]


def _switch(tree: Tree, switch: Switch, generator: np.random.Generator) -> Ints:
    """States at the tips (S,)."""
    changes = generator.random(len(tree.parent)) < 1 - np.exp(-switch.rate * _age(tree, switch.decay))
    draws = generator.integers(len(switch.states), size=len(tree.parent))
    states = np.zeros(len(tree.parent), dtype=np.int64)
    for branch, parent in enumerate(tree.parent):
        states[branch] = draws[branch] if parent < 0 or changes[branch] else states[parent]
    return states[tree.tips]


def _age(tree: Tree, decay: float) -> Floats:
    """How much change each branch has time for (B,): the integral of exp(-decay * t) along it."""
    age: Floats = (np.exp(-decay * tree.birth) - np.exp(-decay * tree.death)) / decay
    return age


def _age_of_all(decay: float) -> float:
    return float((1 - np.exp(-decay)) / decay)
