"""Descriptions of species as in a field guide, each sentence labelled by whether a picture could show it.

What is visible and what is not stand in mixed order, so that a classifier of sentences can be tested
against the labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from thuja.biosphere import guide
from thuja.biosphere.caption import coat_facts, details
from thuja.biosphere.colours import colour_pair
from thuja.biosphere.habits import Habits
from thuja.biosphere.traits import NEUTRAL, TRAITS, Looks
from thuja.biosphere.vocabulary import (
    COMPARED,
    HIGH,
    LOW,
    PART_OF,
    Fact,
    Wording,
    is_plural,
    listed,
    part_noun,
    part_phrases,
    parts_of,
    subject_phrase,
    values_of,
    with_article,
    word,
)
from thuja.errors import UsageError

_COLOUR_TRAITS: Final = ("hue", "chroma", "lightness")
"""What a colour's name hangs on: where one varies, so does the name."""
_PLAIN_GAP: Final = 0.12
"""Two shares that differ by less look the same."""
_PARTS: Final = (
    ("mouth", "mouth_length", "head_size"),
    ("tail", "tail_length"),
    ("limb_count", "limb_length", "limb_marks"),
    ("ornament", "collar_width"),
    ("ocelli", "ocellus_size"),
)
"""The traits that a sentence is about together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is known of a species: its names, its looks by sex, age and season, its habitat and its habits.

    `winter` is how the adult looks in winter; `varies` are traits in which individuals differ, so that
    nothing is said of them.
    """

    binomial: str
    common_names: tuple[str, ...]
    female: Looks
    male: Looks
    juvenile: Looks
    winter: Looks
    habitat: str
    habits: Habits
    varies: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        plans = {looks.body_plan for looks in (self.female, self.male, self.juvenile, self.winter)}
        if len(plans) > 1:
            raise UsageError(f"{self.binomial} cannot have several body plans: {sorted(plans)}", hint="give it one")
        if self.habitat not in values_of("ground") or self.habitat == NEUTRAL:
            raise UsageError(f'{self.binomial} cannot live in "{self.habitat}"', hint="name one of HABITATS")

    @property
    def plan(self) -> str:
        """The body plan of all its looks."""
        return self.female.body_plan


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, whether a picture could show what it says, and the named traits that it is about.

    Where a species lives is no visible fact of its body.
    """

    text: str
    is_visible: bool
    traits: tuple[str, ...] = ()


def describe(
    account: Account, generator: np.random.Generator, *, wording: Wording = Wording.TRAIN
) -> tuple[Sentence, ...]:
    """Six to twelve sentences about a species, three to six of them visible and as many not, in mixed order."""
    voice = _Voice(account, generator, wording)
    body = [_build(voice), *_coat(voice), *_parts(voice)]
    changes = [_change(voice, looks, kind) for looks, kind in zip(_others(account), guide.CHANGES, strict=True)]
    seen = voice.shuffled([*body, *(sentence for sentence in changes if sentence)])[: voice.number(3, 6)]
    unseen = voice.shuffled([*_hidden(voice)])[: voice.number(3, 6)]
    return tuple(voice.shuffled([*seen, *unseen]))


class _Voice:
    """Chooses among ways to say the same about one species."""

    def __init__(self, account: Account, generator: np.random.Generator, wording: Wording) -> None:
        self.account = account
        self.wording = wording
        self._generator = generator
        noun = word(Fact("plan", account.plan), wording)
        names = [f"the {name}" for name in account.common_names[:1]]
        self._subjects = ("it", account.binomial, f"this {noun}", *names)

    def known(self) -> list[Fact]:
        """The facts of the adult female's body that hold of the species."""
        facts = details(self.account.female, is_reversed=False)
        return [fact for fact in facts if fact.name not in self.account.varies]

    def number(self, least: int, most: int) -> int:
        """A number from least to most."""
        return int(self._generator.integers(least, most + 1))

    def shuffled(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """The sentences in another order."""
        return [sentences[int(i)] for i in self._generator.permutation(len(sentences))]

    def say(self, ways: guide.Ways, **pieces: str) -> str:
        """One of the ways, its gaps filled; {it} is the species by one of its names."""
        choices = ways.of(self.wording)
        frame = choices[self.number(0, len(choices) - 1)]
        subject = self._subjects[self.number(0, len(self._subjects) - 1)]
        text = frame.format(it=subject, **pieces)
        return text[0].upper() + text[1:]

    def visible(self, ways: guide.Ways, facts: Sequence[Fact], **pieces: str) -> Sentence:
        """A sentence about these facts of the body."""
        return Sentence(self.say(ways, **pieces), True, tuple(fact.name for fact in facts))


def _others(account: Account) -> tuple[Looks, Looks, Looks]:
    return account.male, account.juvenile, account.winter


def _build(voice: _Voice) -> Sentence:
    """The body plan and how slender it is."""
    looks = voice.account.female
    build = [fact for fact in voice.known() if fact.name == "elongation"]
    plan = Fact("plan", looks.body_plan, looks.body_plan)
    return voice.visible(guide.BUILD, build, kind=with_article(subject_phrase([*build, plan], voice.wording)))


def _coat(voice: _Voice) -> list[Sentence]:
    """The pattern and the two colours, of which each form wears one as its ground; and how vivid they are."""
    looks, varies = voice.account.female, voice.account.varies
    coat = [fact for fact in coat_facts(looks, colour_pair(looks)) if fact.name not in varies]
    facts = {fact.name: fact for fact in (*coat, *voice.known())}
    first, second = (word(facts[name], voice.wording) for name in ("colour", "mark_colour"))
    # A size of marks without the marks says nothing.
    pattern = [facts[name] for name in ("pattern_scale", "pattern") if name in facts and "pattern" in facts]
    marks = part_phrases(pattern, voice.wording)[0] if pattern else ""
    is_coloured = not varies & set(_COLOUR_TRAITS)
    sentences = []
    if is_coloured and marks:
        names = (*_COLOUR_TRAITS, *(fact.name for fact in pattern))
        sentences.append(Sentence(voice.say(guide.COAT, first=first, second=second, marks=marks), True, names))
    elif marks:
        sentences.append(voice.visible(guide.HAS, pattern, items=marks))
    elif is_coloured:
        items = f"{first} and {second} {part_noun('colours', looks.body_plan, voice.wording)}"
        sentences.append(Sentence(voice.say(guide.HAS, items=items), True, _COLOUR_TRAITS))
    if "chroma" in facts:
        chroma = facts["chroma"]
        sentences.append(voice.visible(guide.CHROMA, [chroma], word=word(chroma, voice.wording)))
    return sentences


def _parts(voice: _Voice) -> list[Sentence]:
    """A sentence a part of the body."""
    known = voice.known()
    sentences = []
    for names in _PARTS:
        own = [fact for fact in known if fact.name in names]
        if own:
            sentences.append(voice.visible(guide.HAS, own, items=listed(part_phrases(own, voice.wording))))
    return sentences


def _change(voice: _Voice, looks: Looks, kind: guide.Change) -> Sentence | None:
    """What parts males, the young or adults in winter from an adult female; None where nothing needs saying."""
    varies = voice.account.varies | (set(_COLOUR_TRAITS) if voice.account.varies & set(_COLOUR_TRAITS) else set())
    changes = _differences(voice.account.female, looks, voice.wording)
    changed = {name: phrase for name, phrase in changes.items() if name not in varies}
    if not changed:
        return Sentence(voice.say(kind.same), True) if kind.same else None
    names = sorted(changed)
    first = voice.number(0, len(names) - 1)
    kept = (names[first:] + names[:first])[:3]
    ways = kind.rooted if kind.rooted and parts_of(voice.account.plan).is_rooted else kind.ways
    return Sentence(voice.say(ways, items=listed([changed[name] for name in kept])), True, tuple(kept))


def _differences(usual: Looks, looks: Looks, wording: Wording) -> dict[str, str]:
    """By named trait, what the second looks have that the first have not: "a longer tail", "spots"."""
    plan = looks.body_plan
    found = {}
    for name, trait in TRAITS.items():
        before, after = getattr(usual, name), getattr(looks, name)
        if not trait.is_named or before == after:
            continue
        if trait.is_discrete:
            found[name] = part_phrases([Fact(name, str(after), plan)], wording)[0]
        elif name in COMPARED and abs(after - before) >= _PLAIN_GAP:
            part = {"elongation": "build", "chroma": "colours"}.get(name) or PART_OF[name]
            noun = part_noun(part, plan, wording)
            phrase = f"{COMPARED[name][HIGH if after > before else LOW].of(wording)} {noun}"
            found[name] = phrase if is_plural(noun) else with_article(phrase)
    colours = [coat_facts(each, colour_pair(each))[:2] for each in (usual, looks)]
    if colours[0] != colours[1] and abs(usual.hue - looks.hue) >= _PLAIN_GAP:
        words = [word(fact, wording) for fact in colours[1]]
        found["hue"] = f"{words[0]} and {words[1]} {part_noun('colours', plan, wording)}"
    return found


def _hidden(voice: _Voice) -> list[Sentence]:
    """Habitat and habits."""
    account = voice.account
    is_rooted = parts_of(account.plan).is_rooted
    home = word(Fact("ground", account.habitat), voice.wording)
    sentences = [Sentence(voice.say(guide.HABITAT, home=home), False)]
    for name, ways in (guide.ROOTED_HABITS if is_rooted else guide.HABITS).items():
        value = getattr(account.habits, name)
        known = guide.HABIT_WORDS.get(name, {})
        words = known[value].of(voice.wording, is_rooted=is_rooted) if known else str(value)
        sentences.append(Sentence(voice.say(ways, value=words), False))
    return sentences
