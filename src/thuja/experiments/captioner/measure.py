"""How much of what captions state their pictures show: against the truth, beside chance and controls."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from thuja.biosphere import World
from thuja.biosphere.reading import heard_in
from thuja.biosphere.vocabulary import COLOUR_NAMES, HIGH, LOW, Fact, Wording, word
from thuja.experiments.captioner.asking import Guide
from thuja.experiments.captioner.lessons import Asked, pictures_of
from thuja.model.captioner import ImageCaptioner
from thuja.train.captioning import Told, write_all

Stated = tuple[str, str]
"""A fact's name and value."""
COAT: Final = frozenset(("colour", "mark_colour", "pattern"))
_ELSE: Final = frozenset(("plan", "heading", "camera", "view", "ground", "light", "style", "emptiness"))
"""Facts that are no detail of a body and no coat."""
CHANCE, OWN, BLIND, WRONG = "chance", "own", "blind", "wrong"
"""Beside the conditions: another picture's true caption; the picture's own; guided without pixels; guided by the
description of another species, of the same body plan where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What N captions state, pooled: numbers of facts, and of captions.

    `copied` are untrue facts that stand in the description of the species; `mistold` untrue ones that stand in the
    description that was handed over, which in the control `wrong` is another one. `shown` are all facts that the
    pictures show, `unread` words that state nothing known.
    """

    captions: int
    stated: int
    untrue: int
    contradicted: int
    copied: int
    mistold: int
    coat: tuple[int, int]
    detail: tuple[int, int]
    wrong_plans: int
    shown: int
    unread: int

    @property
    def scores(self) -> dict[str, float]:
        """Shares of 1, and facts a caption.

        `hallucination` is the share of stated facts that the picture does not show or shows otherwise (`contradicted`);
        `coat` and `detail` are the same of colours and pattern, and of parts, sizes and counts alone; `omission` is the
        share of what the picture shows that is not said.
        """
        return {
            "hallucination": self.untrue / max(1, self.stated),
            "contradicted": self.contradicted / max(1, self.stated),
            "copied": self.copied / max(1, self.stated),
            "mistold": self.mistold / max(1, self.stated),
            "coat": self.coat[0] / max(1, self.coat[1]),
            "detail": self.detail[0] / max(1, self.detail[1]),
            "wrong_plan": self.wrong_plans / self.captions,
            "omission": 1 - (self.stated - self.untrue) / max(1, self.shown),
            "stated": self.stated / self.captions,
            "true_stated": (self.stated - self.untrue) / self.captions,
            "unread": self.unread / self.captions,
        }


def tally(captions: Sequence[str], asked: Asked, *, described: Sequence[str], handed: Sequence[str]) -> Tally:
    """Hold captions against their pictures; `described` and `handed` are descriptions, one a species."""
    known, given = ([told_in(text) for text in texts] for texts in (described, handed))
    counts = np.zeros(11, dtype=int)
    for caption, facts, species in zip(captions, asked.facts, asked.species, strict=True):
        heard = heard_in(caption)
        true = {(fact.name, fact.value) for fact in facts}
        names = {fact.name for fact in facts}
        stated = {(fact.name, fact.value) for fact in heard.facts}
        untrue = stated - true
        counts += [
            len(stated),
            len(untrue),
            sum(name in names for name, _ in untrue),
            len(untrue & known[species]),
            len(untrue & given[species]),
            *_of(COAT.__contains__, untrue, stated),
            *_of(lambda name: name not in COAT | _ELSE, untrue, stated),
            ("plan", heard.plan) not in true,
            len(heard.unread),
        ]
    stated_all, untrue_all, contradicted, copied, mistold, *kinds, plans, unread = (int(count) for count in counts)
    return Tally(
        captions=len(captions),
        stated=stated_all,
        untrue=untrue_all,
        contradicted=contradicted,
        copied=copied,
        mistold=mistold,
        coat=(kinds[0], kinds[1]),
        detail=(kinds[2], kinds[3]),
        wrong_plans=plans,
        shown=sum(map(len, asked.facts)),
        unread=unread,
    )


def told_in(description: str) -> frozenset[Stated]:
    """What a description states of a species; its two colours may each be the ground's or the marks'.

    Who reads "dark blue" may say "blue": that counts as told, too.
    """
    heard = heard_in(description)
    found = {(fact.name, fact.value) for fact in heard.facts if fact.name not in COAT or fact.name == "pattern"}
    said = f" {description.lower()} ".replace(",", " ").replace(".", " ")
    colours = [name for name in COLOUR_NAMES if f" {name} " in said]
    found |= {(name, colour) for colour in colours for name in ("colour", "mark_colour")}
    ends = {word(Fact("chroma", end), Wording.TRAIN): end for end in (LOW, HIGH)}
    found |= {("chroma", end) for said_word, end in ends.items() if f" {said_word} " in said}
    return frozenset(found)


def measure(model: ImageCaptioner, world: World, *, each: int, seed: int) -> dict[str, dict[str, float]]:
    """The scores in every condition and control, by name, on so many pictures of each species of a world."""
    asked = pictures_of(world, each)
    guide = Guide.of(world)
    wrong = replace(guide, descriptions=[guide.descriptions[other] for other in others_of(world)])

    def said(told: Told, *, is_blank: bool = False) -> list[str]:
        return write_all(model, asked.pixels, species=asked.species, told=told, seed=seed, is_blank=is_blank)

    captions: Mapping[str, list[str]] = {
        "bare": said(guide.told("bare")),
        "examples": said(guide.told("examples")),
        "guided": said(guide.told("guided")),
        WRONG: said(wrong.told("guided")),
        BLIND: said(guide.told("guided"), is_blank=True),
        CHANCE: [asked.captions[row] for row in _elsewhere(asked.species, world.config.seed)],
        OWN: list(asked.captions),
    }
    return {
        name: tally(
            own,
            asked,
            described=guide.descriptions,
            handed=wrong.descriptions if name == WRONG else guide.descriptions,
        ).scores
        for name, own in captions.items()
    }


def others_of(world: World) -> list[int]:
    """For each species another, of the same body plan where there is one."""
    plans = [kind.looks.body_plan for kind in world.species]
    found = []
    for number, plan in enumerate(plans):
        alike = [other for other, its in enumerate(plans) if its == plan]
        others = alike if len(alike) > 1 else list(range(len(plans)))
        found.append(others[(others.index(number) + len(others) // 2) % len(others)])
    return found


def _of(is_meant: Callable[[str], bool], untrue: Collection[Stated], stated: Collection[Stated]) -> tuple[int, int]:
    return sum(is_meant(name) for name, _ in untrue), sum(is_meant(name) for name, _ in stated)


def _elsewhere(species: Sequence[int], seed: int) -> list[int]:
    """For each picture the row of one of another species."""
    generator = np.random.default_rng([seed, 43])
    own = np.array(species)
    return [int(generator.choice(np.flatnonzero(own != each))) for each in own]
