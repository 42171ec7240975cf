"""True captions of a simulated world with all that a check may ask of: description, names, picture, facts."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from thuja.biosphere.bodies import PLANS
from thuja.biosphere.caption import MOST_WORDS, Plain, details, facts, said_of
from thuja.biosphere.colours import colour_name, colour_pair
from thuja.biosphere.config import WorldConfig
from thuja.biosphere.describe import Account, Sentence, describe
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.telling import account_of
from thuja.biosphere.truth import jpeg_of
from thuja.biosphere.vocabulary import Fact, Wording, parts_of, values_of, word
from thuja.biosphere.world import World, world_of
from thuja.captions.check.finding import Subject
from thuja.captions.check.traits.lexicon import Lexicon, general, parse_lexicon
from thuja.taxonomy import Taxon

WORDING: Final = Wording.TRAIN
CONDITION: Final = re.compile(
    r"\b(?:male|males|female|females|young|seedlings?|winter|juveniles?|immature|some)\b", re.IGNORECASE
)
SHARES: Final = {
    "elongation": "elongation", "head_size": "size", "limb_length": "length", "mouth_length": "length",
    "tail_length": "length", "collar_width": "width", "ocellus_size": "size", "pattern_scale": "grain",
    "chroma": "vividness",
}  # fmt: skip
DISCRETE: Final = ("mouth", "tail", "limb_marks", "pattern", "limb_count", "ocelli")


@dataclass(frozen=True, kw_only=True)
class True_:
    """One picture: what its caption says, before and after it is put in words, and what is known of its species."""

    plain: Plain
    known: tuple[Fact, ...]
    name: str
    taxon: Taxon
    account: Account
    sentences: tuple[Sentence, ...]
    sighting: Sighting

    @property
    def description(self) -> str:
        return " ".join(sentence.text for sentence in self.sentences if sentence.is_visible)

    @property
    def said(self) -> str:
        """The caption without its name, small at its beginning."""
        text = self.plain.text
        return f"{text[0].lower()}{text[1:]}"

    @property
    def caption(self) -> str:
        return f"{self.name}: {self.said}"

    @property
    def firm_traits(self) -> frozenset[str]:
        """The traits that the description speaks of without a condition."""
        firm = [s for s in self.sentences if s.is_visible and not CONDITION.search(s.text)]
        return frozenset(name for sentence in firm for name in sentence.traits)

    @property
    def differs(self) -> bool:
        """Whether this individual has a trait, of those its caption tells, otherwise than the description says."""
        usual = {fact.name: fact.value for fact in details(self.account.female, is_reversed=False)}
        usual["pattern"] = self.account.female.pattern
        told = [fact for fact in self.plain.facts if fact.name in self.firm_traits and fact.name in usual]
        worn = {colour_name(colour) for colour in colour_pair(self.account.female)}
        colours = [fact.value for fact in self.plain.facts if fact.name in ("colour", "mark_colour")]
        is_other = "hue" in self.firm_traits and any(colour not in worn for colour in colours)
        return is_other or any(fact.value != usual[fact.name] for fact in told)

    def jpeg(self, size: int = 96) -> bytes:
        return jpeg_of(self.sighting, size)


def make(seed: int, species: int, images: int) -> list[True_]:
    """The pictures of a world that show somebody, and whose caption has at most twenty words with its name."""
    world = world_of(WorldConfig(seed=seed, species=species, images=images))
    found = []
    for kind in world.species:
        account = account_of(world, kind.number)
        sentences = _sentences(world, account, kind.number)
        name = kind.taxon.common or kind.taxon.binomial
        for number in range(kind.images):
            sighting = Sighting.of(world, kind.number, number)
            if sighting.scene.is_empty:
                continue
            one = True_(
                plain=said_of(sighting.specimen, sighting.scene, WORDING),
                known=facts(sighting.specimen, sighting.scene),
                name=name,
                taxon=kind.taxon,
                account=account,
                sentences=sentences,
                sighting=sighting,
            )
            if len(one.caption.split()) <= MOST_WORDS:
                found.append(one)
    return found


def _sentences(world: World, account: Account, species: int) -> tuple[Sentence, ...]:
    return describe(account, np.random.default_rng([world.config.seed, 77, species]), wording=WORDING)


def subject_of(one: True_, *, is_named: bool = True) -> Subject:
    return Subject(
        taxon=one.taxon, names=(one.name, one.taxon.binomial), is_name_wanted=is_named, description=one.description
    )


def words_of_world() -> Lexicon:
    """The world's vocabulary in both wordings, as a user writes one for a data set."""
    lines = ["[whole]", *(f"whole: {word(Fact('plan', plan), wording)}" for plan in PLANS for wording in Wording)]
    lines.append("[parts]")
    for plan in PLANS:
        parts = parts_of(plan)
        named = {"head": parts.head, "mouth": parts.mouth, "limb": parts.limbs, "tail": parts.tail}
        lines += [f"{name}: {words.of(wording)}," for name, words in named.items() for wording in Wording]
    lines += [f"{value}: {_both('ornament', value)}" for value in values_of("ornament")]
    lines += ["collar: collar, girdle", "eyespot: eyespot, ocellus"]
    lines += ["[colours]", "blue: sky blue, dark blue", "green: dark green"]
    lines.append("[marks]")
    lines += [f"{value}: {_both('pattern', value)}" for value in values_of("pattern")]
    # A beak and a tail may both be pointed: their states are one dimension.
    for title, names in (("ending", ("mouth", "tail")), ("limb-marks", ("limb_marks",))):
        lines.append(f"[{title} !]")
        lines += [f"{value}: {_both(name, value)}" for name in names for value in values_of(name)]
    for name in ("elongation", "pattern_scale", "chroma"):
        lines.append(f"[{SHARES[name]} !]")
        lines += [f"{value}: {_both(name, value)}" for value in values_of(name)]
    lines.append("[pattern !]")
    return parse_lexicon("\n".join(lines))


@cache
def words_of_world_and_english() -> Lexicon:
    return general().plus(words_of_world())


def _both(name: str, value: str) -> str:
    return ", ".join(word(Fact(name, value), wording) for wording in Wording) + ","
