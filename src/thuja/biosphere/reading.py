"""What a sentence says: captions in the biosphere's words read back into facts, whoever wrote them.

The inverse of caption.py. It goes through a sentence from left to right and gives the adjectives before a noun to the
part that the noun names, so a sentence that no template gives is read as far as its words go.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from thuja.biosphere.bodies import PLANS
from thuja.biosphere.vocabulary import (
    HOLDERS,
    SUBJECT,
    Fact,
    Wording,
    ground_noun,
    part_noun,
    values_of,
    word,
)

_PHRASES: Final = ("ailment", "heading", "view", "style", "light", "camera")
"""Facts that are whole phrases, the same wherever they stand."""
_NOUNS: Final[Mapping[str, str]] = {"pattern": "marks", "ornament": "ornament"}
"""Facts whose value is itself the noun of a part."""
_OWN: Final = ("marks", "collar", "eyespots")
"""Parts that are called the same on all bodies."""
_BODY: Final = ("head", "mouth", "limbs", "tail")
_ONE: Final[Mapping[str, str]] = {"eyespots": "eyespot", "ocelli": "ocellus"}
_SUBJECT_PART: Final = "subject"
_STOPS: Final = frozenset(
    (
        *("a", "an", "and", "with", "that", "has", "there", "is", "here", "in", "on", "by", "of", "pairs", "couples"),
        *("bearing", "showing", "displaying", "marked", "frame", "shot", "pinned", "mounted", "preserved"),
    )
)
"""Words that say nothing by themselves; what stands before them is no adjective of what comes behind."""
_PASSED: Final = frozenset(("of", "pairs", "couples"))
"""Words between an adjective and its noun: "four pairs of legs"."""
_LONGEST: Final = 4
"""Words in the longest name of a value or a part."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The facts that a sentence states, each once in its order, and the words that state nothing known."""

    facts: tuple[Fact, ...]
    unread: tuple[str, ...]

    @property
    def plan(self) -> str:
        """The body plan that is named first, or the empty string."""
        return next((fact.value for fact in self.facts if fact.name == "plan"), "")


def heard_in(text: str, wording: Wording = Wording.TRAIN) -> Heard:
    """Read a sentence, or several.

    >>> [(fact.name, fact.value) for fact in heard_in("A red bird with a long hooked beak.").facts]
    [('colour', 'red'), ('plan', 'bird'), ('mouth_length', 'high'), ('mouth', 'hooked')]
    """
    low = f" {re.sub(r'[,.;:]', ' , ', text.lower())} "
    found: list[tuple[int, Fact]] = []
    for pattern, name, value in _phrases(wording):
        while match := pattern.search(low):
            found += [(match.start(), Fact(name, value))] if name else []
            low = low[: match.start()] + " , ".ljust(match.end() - match.start()) + low[match.end() :]
    plan = next((plan for plan in _plans_in(low, wording)), "")
    facts, unread = _scanned(low, _lexicon(plan, wording))
    ordered = [fact for _, fact in sorted([*found, *facts], key=lambda each: each[0])]
    distinct = {(fact.name, fact.value): Fact(fact.name, fact.value, plan) for fact in ordered}
    return Heard(facts=tuple(distinct.values()), unread=tuple(unread))


def _scanned(low: str, lexicon: "_Lexicon") -> tuple[list[tuple[int, Fact]], list[str]]:
    """Facts with their places, and the words that were of no use."""
    words = [(match.start(), match.group()) for match in re.finditer(r"\S+", low)]
    facts: list[tuple[int, Fact]] = []
    unread: list[str] = []
    held: list[tuple[int, str]] = []  # adjectives whose noun is still to come
    place = 0
    while place < len(words):
        said, length = _longest([each for _, each in words[place : place + _LONGEST]], lexicon)
        if said in lexicon.nouns:
            part, own = lexicon.nouns[said]
            facts += [(words[place][0], own)] if own is not None else []
            given = [(where, adjective, lexicon.adjectives[part].get(adjective)) for where, adjective in held]
            facts += [(where, fact) for where, _, fact in given if fact is not None]
            unread += [adjective for _, adjective, fact in given if fact is None]
            held = []
        elif said in lexicon.known:
            held.append((words[place][0], said))
        elif said not in _PASSED:
            unread += [each for _, each in held] + ([said] if said not in _STOPS and said != "," else [])
            held = []
        place += length
    return facts, unread + [each for _, each in held]


def _longest(words: Sequence[str], lexicon: "_Lexicon") -> tuple[str, int]:
    """The longest beginning of these words that has a meaning, else the first word; and how many words it is."""
    for length in range(len(words), 0, -1):
        said = " ".join(words[:length])
        if said in lexicon.nouns or said in lexicon.known:
            return said, length
    return words[0], 1


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """Nouns to their parts, and to a fact where they are one; by part, adjectives to facts; all adjectives."""

    nouns: Mapping[str, tuple[str, Fact | None]]
    adjectives: Mapping[str, Mapping[str, Fact]]
    known: frozenset[str]


@cache
def _lexicon(plan: str, wording: Wording) -> _Lexicon:
    """The words of a body plan; other plans' words for parts are understood where they are no word of its own."""
    nouns: dict[str, tuple[str, Fact | None]] = {}
    for each in (*PLANS, *([plan] if plan else [])):
        nouns |= {part_noun(part, each, wording): (part, None) for part in _BODY}
    for part in _OWN:
        noun = part_noun(part, "", wording)
        nouns |= {noun: (part, None), _ONE.get(noun, noun): (part, None)}
    for name, part in _NOUNS.items():
        nouns |= {word(Fact(name, value), wording): (part, Fact(name, value)) for value in values_of(name)}
    for value in PLANS:
        nouns[word(Fact("plan", value), wording)] = (_SUBJECT_PART, Fact("plan", value))
    nouns |= dict.fromkeys(("organism", "living thing", "colours", "hues"), (_SUBJECT_PART, None))
    named = {**HOLDERS, _SUBJECT_PART: SUBJECT}
    adjectives = {
        part: {
            word(Fact(name, value), wording): Fact(name, value)
            for name in names
            if name not in ("plan", "ailment", *_NOUNS)
            for value in values_of(name)
        }
        for part, names in named.items()
    }
    return _Lexicon(nouns, adjectives, frozenset(said for own in adjectives.values() for said in own))


@cache
def _phrases(wording: Wording) -> list[tuple[re.Pattern[str], str, str]]:
    """Whole phrases, the longest first, so that none is taken for the end of another."""
    texts = [(word(Fact(name, value), wording), name, value) for name in _PHRASES for value in values_of(name)]
    for habitat in values_of("ground"):
        noun = ground_noun(habitat, wording)
        texts += [(text, "ground", habitat) for text in (word(Fact("ground", habitat), wording), f"of {noun}")]
    for value in values_of("emptiness"):
        texts += [
            (f"{word(Fact('emptiness', value), wording)} {noun}", "emptiness", value) for noun in ("frame", "shot")
        ]
    texts.sort(key=lambda each: -len(each[0]))
    said = [(re.compile(rf"(?<= ){re.escape(text)}(?= )"), name, value) for text, name, value in texts]
    opening = [(re.compile(r"(?<= )one sees(?= )"), "", "")] if wording is Wording.TEST else []
    return [*opening, *said]


def _plans_in(low: str, wording: Wording) -> Iterator[str]:
    """The body plans that are named, in their order."""
    nouns = {word(Fact("plan", plan), wording): plan for plan in PLANS}
    choices = "|".join(re.escape(noun) for noun in sorted(nouns, key=len, reverse=True))
    return (nouns[match.group()] for match in re.finditer(rf"(?<= )(?:{choices})(?= )", low))
