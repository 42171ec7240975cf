"""Captions as the web's: few words or many, said of a picture's facts alone, in one of two wordings.

The training's and the test's templates differ, and each has synonyms that the other never says.
"""

from dataclasses import dataclass

import numpy as np

from thuja.biosphere.things.facts import Facts, Group, kind_of
from thuja.biosphere.things.kinds import forms
from thuja.biosphere.things.lexicon import (
    COLOUR_WORDS,
    LIGHT_WORDS,
    NUMERALS,
    PATTERN_WORDS,
    RELATION_FORMS,
    SCENE_WORDS,
    SCENES,
    SIZE_WORDS,
    Wording,
)

# {what}: with its article; {bare}: without; {where}: "on a shelf"; {place}: "shelf"; {light}: "in dim light".
TEMPLATES: dict[Wording, tuple[str, ...]] = {
    "train": (
        "{what}",
        "{what} {where}",
        "{what} {where}",
        "{what} {where}.",
        "{bare}",
        "{bare}, {place}",
        "{bare} - {place}",
        "photo of {what}",
        "photo of {what} {where}",
        "a picture of {what} {where}",
        "a picture of {what}",
        "stock photo: {bare}",
        "{bare} | free image",
        "{place} with {what}",
        "{place}, {bare}, {light}",
        "{what} {light}",
        "This image shows {what} {where}, {light}.",
        "Someone took a photo of {what} {where} and put it on the web.",
    ),
    "test": (
        "an image showing {what}",
        "an image showing {what} {where}",
        "{place}: {bare}",
        "view of {what}",
        "snapshot: {what} {where}",
        "{bare} ({place})",
        "You can see {what} {where}.",
        "{what} as seen {where}",
        "What you see here is {what} {where}, {light}.",
        "{bare} / {light}",
    ),
}

_SYNONYM = 0.4
"""Share of words with synonyms that are said by one of them."""
_SAID = {"size": 0.8, "colour": 0.75, "pattern": 0.8}
"""How often a caption says what it might."""


@dataclass(frozen=True, slots=True)
class _Teller:
    """One caption in the making."""

    wording: Wording
    generator: np.random.Generator

    def one_of(self, words: tuple[str, ...]) -> str:
        return words[int(self.generator.integers(len(words)))]

    def word(self, meaning: str, synonyms: dict[str, str]) -> str:
        """The word itself, or a synonym of it."""
        others = tuple(word for word, meant in synonyms.items() if meant == meaning)
        return self.one_of(others) if others and self.generator.random() < _SYNONYM else meaning

    def is_said(self, what: str) -> bool:
        return bool(self.generator.random() < _SAID[what])


def caption(facts: Facts, wording: Wording, generator: np.random.Generator) -> str:
    """One true caption; which facts it leaves out is drawn too."""
    teller = _Teller(wording, generator)
    usable = [template for template in TEMPLATES[wording] if facts.light != "even" or "{light}" not in template]
    template = teller.one_of(tuple(usable))
    where, place = SCENES[facts.scene]
    other = SCENE_WORDS[wording].get(facts.scene)
    if other and generator.random() < _SYNONYM:
        where, place = other
    has_article = "{bare}" not in template
    text = template.format(
        what=_what(facts, teller, has_article=True) if has_article else "",
        bare="" if has_article else _what(facts, teller, has_article=False),
        where=where,
        place=place,
        light=LIGHT_WORDS[wording].get(facts.light, ""),
    )
    return text[0].upper() + text[1:] if generator.random() < 0.5 else text


def _what(facts: Facts, teller: _Teller, *, has_article: bool) -> str:
    """The things, and how they lie."""
    first = _noun_phrase(facts.first, teller, has_article=has_article)
    if facts.second is None:
        return first
    form = teller.one_of(RELATION_FORMS[teller.wording][facts.relation])
    # Without articles only what leads is bare: "red cup left of a house".
    leads = form.startswith("{a}")
    return form.format(
        a=first if leads else _noun_phrase(facts.first, teller, has_article=True),
        b=_noun_phrase(facts.second, teller, has_article=has_article or not form.startswith("{b}")),
    )


def _noun_phrase(group: Group, teller: _Teller, *, has_article: bool) -> str:
    """Such as "two small red striped cups"."""
    words = []
    if group.size and teller.is_said("size"):
        words.append(teller.word(group.size, dict(SIZE_WORDS[teller.wording])))
    if teller.is_said("colour"):
        words.append(teller.word(group.colour, dict(COLOUR_WORDS[teller.wording])))
    if group.pattern != "plain" and teller.is_said("pattern"):
        words.append(teller.word(group.pattern, dict(PATTERN_WORDS[teller.wording])))
    kind = kind_of(group)
    synonyms = getattr(kind, teller.wording)
    noun = teller.one_of(synonyms) if synonyms and teller.generator.random() < _SYNONYM else kind.name
    words.append(forms(noun)[group.count > 1])
    text = " ".join(words)
    if group.count > 1:
        return f"{NUMERALS[group.count]} {text}"
    return with_article(text) if has_article else text


def with_article(text: str) -> str:
    """The text with a or an before it.

    >>> with_article("orange cup"), with_article("upper-case letter A")
    ('an orange cup', 'an upper-case letter A')
    """
    return f"{'an' if text[0] in 'aeiou' else 'a'} {text}"
