"""The body plans of the world, what each shows, and which kingdom they belong to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from thuja.biosphere import beasts, crawlers, growers, strangers
from thuja.biosphere.marks import dress
from thuja.biosphere.shapes import Body, Stance
from thuja.biosphere.traits import Looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One body plan: how to build it, and its English word.

    `shows` gives the English word of what a trait describes on this plan: the mouth, the tail, and, by
    the key "limb_count", its limbs in the plural. `faces` says that it has a left and a right to face;
    `turns`, that it lies or swims at any angle.
    """

    build: Callable[[Looks, Stance], Body]
    noun: str
    shows: Mapping[str, str]
    faces: bool = True
    turns: bool = False


def _words(mouth: str, tail: str, limbs: str) -> dict[str, str]:
    return {"mouth": mouth, "tail": tail, "limb_count": limbs}


PLANS: Final[Mapping[str, Plan]] = {
    "bird": Plan(build=beasts.bird, noun="bird", shows=_words("beak", "tail", "wing feathers")),
    "fish": Plan(build=beasts.fish, noun="fish", shows=_words("snout", "tail", "back fins")),
    "beast": Plan(build=beasts.beast, noun="beast", shows=_words("muzzle", "tail", "pairs of legs")),
    "snail": Plan(build=beasts.snail, noun="snail", shows=_words("snout", "tail", "shell spines")),
    "squid": Plan(build=beasts.squid, noun="squid", shows=_words("beak", "tail", "arms")),
    "serpent": Plan(build=beasts.serpent, noun="serpent", shows=_words("snout", "tail", "pairs of feet")),
    "beetle": Plan(build=crawlers.beetle, noun="beetle", shows=_words("snout", "tail", "pairs of legs"), turns=True),
    "moth": Plan(
        build=crawlers.moth, noun="moth", shows=_words("proboscis", "tail", "streamers on a wing"), turns=True
    ),
    "spider": Plan(build=crawlers.spider, noun="spider", shows=_words("jaw", "tail", "pairs of legs"), turns=True),
    "star": Plan(
        build=crawlers.star, noun="sea star", shows=_words("spout", "tail", "pairs of arms"), faces=False, turns=True
    ),
    "flower": Plan(build=growers.flower, noun="flower", shows=_words("style", "root", "petals"), faces=False),
    "fern": Plan(build=growers.fern, noun="fern", shows=_words("bud", "root", "pairs of leaflets"), faces=False),
    "cactus": Plan(build=growers.cactus, noun="cactus", shows=_words("bloom", "root", "arms"), faces=False),
    "mushroom": Plan(build=growers.mushroom, noun="mushroom", shows=_words("umbo", "root", "veil rags"), faces=False),
    "coral": Plan(build=growers.coral, noun="coral", shows=_words("spout", "holdfast", "branches"), faces=False),
    "jellyfish": Plan(
        build=strangers.jellyfish, noun="jellyfish", shows=_words("spout", "tail", "tentacles"), faces=False
    ),
    "centipede": Plan(
        build=strangers.centipede, noun="centipede", shows=_words("jaw", "tail", "pairs of legs"), turns=True
    ),
    "palm": Plan(build=strangers.palm, noun="palm", shows=_words("bud", "root", "pairs of fronds"), faces=False),
}

KINGDOM_PLANS: Final[tuple[tuple[str, ...], ...]] = (
    ("bird", "fish", "beast", "snail", "squid", "serpent"),
    ("flower", "fern", "cactus", "mushroom", "coral"),
    ("beetle", "moth", "spider", "star"),
)
"""The plans of the kingdom with the most species, of the next, and of the next; then round again."""

HELD_OUT: Final = ("jellyfish", "centipede", "palm")
"""The plans that no kingdom has unless it is asked for: for tests of transfer."""


def body(looks: Looks, stance: Stance) -> Body:
    """The body of those looks, held that way."""
    return dress(looks, PLANS[looks.body_plan].build(looks, stance))
