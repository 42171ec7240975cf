"""The body plans of the world, what each shows, and which kingdom they belong to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from thuja.biosphere import beasts, crawlers, growers
from thuja.biosphere.shapes import Part, Stance
from thuja.biosphere.traits import Traits


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One body plan: how to build it, its English word, and what its limbs are called.

    `shows` gives, for the traits that this plan draws plainly enough to be named, the English word
    of the part. `faces` says that it has a front; `turns`, that it lies or swims at any angle.
    """

    build: Callable[[Traits, Stance], list[Part]]
    noun: str
    limbs: str
    shows: Mapping[str, str] = field(default_factory=dict)
    faces: bool = True
    turns: bool = False


PLANS: dict[str, Plan] = {
    "bird": Plan(build=beasts.bird, noun="bird", limbs="legs", shows={"mouth": "beak", "tail": "tail"}),
    "fish": Plan(build=beasts.fish, noun="fish", limbs="back fins", shows={"mouth": "snout", "tail": "tail"}),
    "beast": Plan(build=beasts.beast, noun="four-legged animal", limbs="legs", shows={"mouth": "muzzle"}),
    "snail": Plan(build=beasts.snail, noun="snail", limbs="whorls"),
    "squid": Plan(build=beasts.squid, noun="squid", limbs="arms", shows={"tail": "tail"}),
    "serpent": Plan(build=beasts.serpent, noun="serpent", limbs="stub feet", shows={"mouth": "snout", "tail": "tail"}),
    "beetle": Plan(build=crawlers.beetle, noun="beetle", limbs="notches", shows={"mouth": "jaws"}, turns=True),
    "moth": Plan(build=crawlers.moth, noun="moth", limbs="lobes", turns=True),
    "spider": Plan(build=crawlers.spider, noun="spider", limbs="pairs of legs", shows={"mouth": "pincers"}, turns=True),
    "star": Plan(build=crawlers.star, noun="sea star", limbs="arms", faces=False, turns=True),
    "flower": Plan(build=growers.flower, noun="flower", limbs="petals", faces=False),
    "fern": Plan(build=growers.fern, noun="fern", limbs="pairs of leaflets", faces=False),
    "cactus": Plan(build=growers.cactus, noun="cactus", limbs="arms", faces=False),
    "mushroom": Plan(build=growers.mushroom, noun="mushroom", limbs="rings", faces=False),
    "coral": Plan(build=growers.coral, noun="coral", limbs="branches", faces=False),
}

KINGDOM_PLANS: tuple[tuple[str, ...], ...] = (
    ("bird", "fish", "beast", "snail", "squid", "serpent"),
    ("flower", "fern", "cactus", "mushroom", "coral"),
    ("beetle", "moth", "spider", "star"),
)
"""The plans of the kingdom with the most species, of the next, and of the next; then round again."""
