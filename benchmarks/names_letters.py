"""Known damage to the letters of a name: typing errors, a scanner's confusions, endings, spellings."""

import re
import string

import numpy as np
from rapidfuzz.distance import OSA

Words = tuple[str, str]
"""Genus and epithet."""

OCR = (
    ("l", "1"), ("o", "0"), ("rn", "m"), ("m", "rn"), ("c", "e"), ("e", "c"), ("i", "l"), ("l", "i"),
    ("u", "n"), ("n", "u"), ("h", "b"), ("cl", "d"), ("d", "cl"), ("s", "5"), ("ii", "u"), ("t", "f"),
)  # fmt: skip
"""What scanners and readers of handwriting take for one another."""

SPELLINGS = (
    ("ae", "e"), ("oe", "e"), ("ae", "æ"), ("oe", "ö"), ("ii$", "i"), ("i$", "ii"), ("y", "i"), ("i", "y"),
    ("-", ""), ("-", " "), ("ue", "ü"), ("e", "é"), ("o", "ö"), ("rh", "r"), ("th", "t"), ("ph", "f"), ("k", "c"),
)  # fmt: skip
"""Ways of writing one epithet; `$` binds to its end."""

GENDERS = (
    (r"(.*[bcghpt])(er|ra|rum)", ("er", "ra", "rum")),
    (r"(.*(?:[fg]|ten|asp|lac))(er|era|erum)", ("er", "era", "erum")),
    (r"(.*[^aeo])(is|e)", ("is", "e")),
    (r"(.*[^ao])(us|a|um)", ("us", "a", "um")),
)
"""Endings of one adjective in the masculine, feminine and neuter, behind the stems that take them."""

NOUNS = ("cola", "oma", "ema", "erma", "gena", "cauda", "ceras", "opus", "orum", "arum")
"""Ends of nouns, which no gender changes."""


def edit(words: Words, rng: np.random.Generator) -> Words:
    """One edit, uniform over substitution, insertion, deletion and swapped neighbours, and over the letters.

    The result differs; a word is left with three letters at least. The genus keeps its capital.
    """
    genus, epithet = words
    while True:
        place = int(rng.random() * (len(genus) + len(epithet)))
        word = genus if place < len(genus) else epithet
        at = place if place < len(genus) else place - len(genus)
        changed = _edit_word(word.lower(), at, rng)
        if changed != word.lower() and len(changed) >= 3 and changed[0].isalpha():
            return (changed.capitalize(), epithet) if place < len(genus) else (genus, changed)


def _edit_word(word: str, at: int, rng: np.random.Generator) -> str:
    kind = int(rng.random() * 4)
    letter = string.ascii_lowercase[int(rng.random() * 26)]
    if kind == 0:
        return word[:at] + letter + word[at + 1 :]
    if kind == 1:
        at += int(rng.random() * 2)  # before or behind, so that the end of a word is reached too
        return word[:at] + letter + word[at:]
    if kind == 2:
        return word[:at] + word[at + 1 :]
    return word[:at] + word[at : at + 2][::-1] + word[at + 2 :]


def edits(words: Words, count: int, rng: np.random.Generator) -> Words:
    """A name exactly that many edits away, summed over its two words."""
    while True:
        changed = words
        for _ in range(count):
            changed = edit(changed, rng)
        if distance(words, changed) == count:
            return changed


def distance(left: Words, right: Words) -> int:
    """Edits between two names, word by word; case does not count."""
    return sum(OSA.distance(ours.lower(), theirs.lower()) for ours, theirs in zip(left, right, strict=True))


def confuse(words: Words, rng: np.random.Generator) -> Words:
    """One confusion of a scanner, anywhere but at the genus's capital."""
    places = [
        (index, at, old, new)
        for index, word in enumerate(words)
        for old, new in OCR
        for at in range(1 - index, len(word))
        if word.startswith(old, at)
    ]
    return _replaced(words, places, rng)


def respell(words: Words, rng: np.random.Generator) -> Words | None:
    """Another way of writing the epithet, None where it has none."""
    epithet = words[1]
    places = [
        (1, at, old.removesuffix("$"), new)
        for old, new in SPELLINGS
        for at in range(1, len(epithet))
        if epithet.startswith(old.removesuffix("$"), at)
        and (not old.endswith("$") or at + len(old) - 1 == len(epithet))
        and not epithet.endswith("ii" if old == "i$" else "\0")
    ]
    return _replaced(words, places, rng) if places else None


def _replaced(words: Words, places: list[tuple[int, int, str, str]], rng: np.random.Generator) -> Words:
    if not places:
        return words
    index, at, old, new = places[int(rng.random() * len(places))]
    changed = words[index][:at] + new + words[index][at + len(old) :]
    return (changed, words[1]) if index == 0 else (words[0], changed)


def other_gender(words: Words, rng: np.random.Generator) -> Words | None:
    """The epithet with the ending of another gender, None where it has none of these endings."""
    stem, endings, old = _declined(words[1])
    others = [ending for ending in endings if ending != old]
    return (words[0], stem + others[int(rng.random() * len(others))]) if others else None


def agree(epithet: str, genus: str) -> str:
    """The epithet with the ending that the genus's own ending asks for, if it is an adjective by its look."""
    stem, endings, _ = _declined(epithet)
    gender = 1 if genus.endswith("a") else 2 if genus.endswith(("um", "on")) else 0
    if len(endings) == 2:  # -is serves two genders
        gender = int(gender == 2)
    return stem + endings[gender] if endings else epithet


def _declined(epithet: str) -> tuple[str, tuple[str, ...], str]:
    """Stem, the endings it may take, and the one it has; no endings for what is no adjective."""
    if not epithet.endswith(NOUNS):
        for form, endings in GENDERS:
            match = re.fullmatch(form, epithet)
            if match and len(match[1]) >= 3:
                return match[1], endings, match[2]
    return epithet, (), ""
