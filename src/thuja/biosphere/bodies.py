"""The body plans of the world, what each shows, and which kingdom they belong to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from thuja.biosphere import beasts, crawlers, growers
from thuja.biosphere.shapes import Body, Stance
from thuja.biosphere.traits import Looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One body plan: how to build it, and its English word.

    `shows` gives, for the traits that this plan draws plainly enough to be named, the English word
    of the part. `faces` says that it has a front; `turns`, that it lies or swims at any angle.
    """

    build: Callable[[Looks, Stance], Body]
    noun: str
    shows: Mapping[str, str] = field(default_factory=dict)
    faces: bool = True
    turns: bool = False


PLANS: dict[str, Plan] = {
    "bird": Plan(build=beasts.bird, noun="bird", shows={"mouth": "beak", "tail": "tail"}),
    "fish": Plan(build=beasts.fish, noun="fish", shows={"mouth": "snout", "tail": "tail"}),
    "beast": Plan(build=beasts.beast, noun="four-legged animal", shows={"mouth": "muzzle"}),
    "snail": Plan(build=beasts.snail, noun="snail"),
    "squid": Plan(build=beasts.squid, noun="squid", shows={"tail": "tail"}),
    "serpent": Plan(build=beasts.serpent, noun="serpent", shows={"mouth": "snout", "tail": "tail"}),
    "beetle": Plan(build=crawlers.beetle, noun="beetle", shows={"mouth": "jaws"}, turns=True),
    "moth": Plan(build=crawlers.moth, noun="moth", turns=True),
    "spider": Plan(build=crawlers.spider, noun="spider", shows={"mouth": "pincers"}, turns=True),
    "star": Plan(build=crawlers.star, noun="sea star", faces=False, turns=True),
    "flower": Plan(build=growers.flower, noun="flower", faces=False),
    "fern": Plan(build=growers.fern, noun="fern", faces=False),
    "cactus": Plan(build=growers.cactus, noun="cactus", faces=False),
    "mushroom": Plan(build=growers.mushroom, noun="mushroom", faces=False),
    "coral": Plan(build=growers.coral, noun="coral", faces=False),
}

KINGDOM_PLANS: tuple[tuple[str, ...], ...] = (
    ("bird", "fish", "beast", "snail", "squid", "serpent"),
    ("flower", "fern", "cactus", "mushroom", "coral"),
    ("beetle", "moth", "spider", "star"),
)
"""The plans of the kingdom with the most species, of the next, and of the next; then round again."""


def body(looks: Looks, stance: Stance) -> Body:
    """The body of those looks, held that way."""
    return PLANS[looks.body_plan].build(looks, stance)
