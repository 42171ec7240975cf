"""What phrases of a text say of its subject: labels, how each was told, and which word told it.

A phrase counts where it is said of the taxon itself: not where it is denied, named as a place among other things, or
part of a name ("tree frog", "grass family"). What few members are, or what they are "rarely", counts only where the
text says nothing else. Rules and their order are ours.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from thuja.analyze.ecology.vocabulary import primary_of
from thuja.captions.descriptions.sentences import split_sentences

_SENTENCES: Final = 12
_LONGEST: Final = 400
"""Characters of a sentence that are read; what is longer is a list of species or of countries."""
_PARTS: Final = re.compile(r"[;:()]|\b(?:but|however|although|though|whereas|while|unlike|except(?:ing)?)\b")
_DENIED: Final = re.compile(
    r"\b(?:not?|never|neither|nor|non|without|absent|lacks?|lacking|avoids?|avoiding|instead of|rather than|other than|"
    r"different from|than|confused with|resembl\w+|similar to|mimic\w*|formerly|fossil|extinct)\b[^,]*$"
)
_DENIES_BEFORE: Final = re.compile(r"\b(?:unlike|except(?:ing)?)\b[^,]*$")
_FEW: Final = re.compile(
    r"\b(?:one|two|three|single|few|several|some|certain|only a|exceptions?|rarely|seldom|occasionally|sometimes|"
    r"more rarely|exceptionally|minority|infrequently|less commonly|less often|uncommonly|also|"
    r"many|other)\b[^,]*$|\b(?:may|can) be\b.*$"
)
_CONCEDED: Final = re.compile(r"\b(?:although|though|whereas|while)\b")
_SINGLE: Final = re.compile(
    r"^(?:[A-Z]\. \w+|(?:[Oo]ne|[Tt]wo|[Tt]hree|[Aa]nother) |[Tt]he (?:type|best[- ]known|genus name|name)\b|"
    r"[Tt]he genus [A-Z])"
)
"""A later sentence about a part of the taxon."""


class Kind(StrEnum):
    """How a label was told, from the surest down; the first kind that gives any label is the one that is believed."""

    SAID = "said"
    """The text says it in so many words: "marine", "terrestrial", "shrubs"."""
    NAMED = "named"
    """The text names a group all of which, or nearly so, is that: "moths", "sea urchins", "orchids"."""
    PLACE = "place"
    """The text names places: "rivers", "rainforest", "the Pacific Ocean"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A pattern of lower case that tells a label; one of `is_opening` is tried on the first sentence only.

    `is_free` says that a phrase counts even behind the words of a place ("in the grass family").
    """

    label: str
    kind: Kind
    pattern: re.Pattern[str]
    is_opening: bool = False
    is_free: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The labels of a text in their vocabulary's order, the kind of evidence and the word that told each label."""

    labels: tuple[str, ...] = ()
    kind: Kind | None = None
    words: tuple[str, ...] = ()

    @property
    def primary(self) -> str:
        """One word for the labels, empty where there is none."""
        return primary_of(self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """The rules of a trait, what is struck out before they are tried, and where a phrase is a place, not a claim.

    `place` is matched against what stands before a phrase in its clause, `subject` against the whole sentence: one
    that does not match says nothing of the taxon (the first sentence always does), `most` like `place`: labels that
    are said of most members stand alone, where there are any.
    """

    labels: Sequence[str]
    rules: Sequence[Rule]
    struck: re.Pattern[str]
    place: re.Pattern[str] | None = None
    subject: re.Pattern[str] | None = None
    most: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    rule: Rule
    word: str
    is_few: bool
    is_most: bool


def read(text: str, grammar: Grammar) -> Reading:
    """What the text says by these rules; nothing for an empty text.

    The surest kind of evidence that gives a label to most members is taken; failing that, the surest of few members.
    """
    found = [
        match
        for place, sentence in enumerate(_sentences(text, grammar))
        for match in _matches(sentence, grammar, is_first=not place)
    ]
    for is_few in (False, True):
        for kind in Kind:
            told = [match for match in found if match.rule.kind is kind and match.is_few <= is_few]
            if told:
                told = [match for match in told if match.is_most] or told
                words = {match.rule.label: match.word for match in reversed(told)}
                labels = tuple(label for label in grammar.labels if label in words)
                return Reading(labels=labels, kind=kind, words=tuple(words[label] for label in labels))
    return Reading()


def _sentences(text: str, grammar: Grammar) -> list[str]:
    """The sentences that are about the taxon, as they stand."""
    every = [sentence[:_LONGEST] for sentence in split_sentences(text)[:_SENTENCES]]
    return [
        sentence
        for place, sentence in enumerate(every)
        if not place or grammar.subject is None or grammar.subject.search(sentence)
    ]


def _matches(sentence: str, grammar: Grammar, *, is_first: bool) -> list[_Match]:
    # The first sentence may begin so and yet be about the whole: "The genus Planta contains".
    is_single = not is_first and _SINGLE.match(sentence) is not None
    rules = [rule for rule in grammar.rules if is_first or not rule.is_opening]
    clear = grammar.struck.sub(lambda match: "_" * len(match.group()), sentence.lower())
    found = []
    for clause, opening in _clauses(clear):
        for rule in rules:
            for match in rule.pattern.finditer(clause):
                before = clause[: match.start()]
                if _DENIED.search(before) or _DENIES_BEFORE.search(opening):
                    continue
                if grammar.place is not None and not rule.is_free and grammar.place.search(before):
                    continue
                is_few = is_single or bool(_FEW.search(before) or _CONCEDED.search(opening))
                is_most = grammar.most is not None and grammar.most.search(before) is not None
                word = " ".join(match.group().split())
                found.append(_Match(rule=rule, word=word, is_few=is_few, is_most=is_most))
    return found


def _clauses(sentence: str) -> list[tuple[str, str]]:
    """The clauses of a sentence, each with the word that parts it from the one before."""
    cuts = [(match.start(), match.end()) for match in _PARTS.finditer(sentence)]
    starts = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(sentence)]
    openings = ["", *(sentence[start:end] for start, end in cuts)]
    return [(sentence[start:end], opening) for start, end, opening in zip(starts, ends, openings, strict=True)]
