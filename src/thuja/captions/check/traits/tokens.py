"""A text as a row of things that a lexicon knows: parts, values, colours, words of grammar, and pauses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from thuja.captions.check.traits.lexicon import Lexicon, Sense
from thuja.captions.check.words import plain, singular, words_of

_PIECE: Final = re.compile(r"[^\W_]+|[-\u2010\u2011]|[,&/]|[.;:()!?\u2013\u2014]")
_BEARING: Final = re.compile(r"(\w+?)(ied|ved|ed)$")
STOP: Final = "stop"
COMMA: Final = "comma"
OTHER: Final = "other"
BEARING: Final = "bearing"
"""An adjective of a part: the second half of `long-tailed`."""
_ADJECTIVE: Final = (
    "al",
    "ous",
    "ive",
    "ic",
    "ish",
    "ate",
    "ar",
    "ary",
    "ed",
    "ing",
    "ent",
    "ant",
    "ose",
    "less",
    "like",
)


_SENSELESS: Final = Sense()


@dataclass(frozen=True, slots=True)
class Item:
    """Words that mean something together; `kind` is "part", "value", "colour", or a kind of grammar."""

    kind: str
    text: str
    sense: Sense = _SENSELESS
    is_joined: bool = False


def items_of(text: str, lexicon: Lexicon) -> list[Item]:
    """The text as items; `is_joined` says that a hyphen stands before."""
    straight = plain(re.sub("['\u2019]", "", text))
    pieces = [match.group() for match in _PIECE.finditer(straight)]
    return list(_items(pieces, lexicon))


def _items(pieces: list[str], lexicon: Lexicon) -> Iterator[Item]:
    place, is_joined = 0, False
    while place < len(pieces):
        piece = pieces[place]
        if piece in "-\u2010\u2011":
            is_joined = True
            place += 1
            continue
        if not piece[0].isalnum():
            yield Item("join" if piece in "&/" else COMMA if piece == "," else STOP, piece)
            place, is_joined = place + 1, False
            continue
        found, length = _longest(pieces, place, lexicon)
        words = " ".join(pieces[place : place + length])
        yield _item(words, found, lexicon, is_joined=is_joined)
        place, is_joined = place + length, False


def _longest(pieces: list[str], place: int, lexicon: Lexicon) -> tuple[Sense | None, int]:
    """The sense of the most pieces from `place` on that have one, and how many they are, hyphens counted."""
    stems: list[str] = []
    best: tuple[Sense | None, int] = (None, 1)
    for end in range(place, len(pieces)):
        if not pieces[end][0].isalnum():
            if pieces[end] not in "-\u2010\u2011":
                break
            continue
        (word,) = words_of(pieces[end]) or (pieces[end],)
        stems.append(singular(word))
        sense = lexicon.senses.get(tuple(stems)) or (lexicon.senses.get((word,)) if len(stems) == 1 else None)
        if sense is not None:
            best = (sense, end - place + 1)
        if len(stems) >= lexicon.longest:
            break
    return best


def _item(words: str, sense: Sense | None, lexicon: Lexicon, *, is_joined: bool) -> Item:
    if sense is not None:
        kind = sense.glue or ("part" if sense.part else "colour" if sense.colours else "value")
        return Item(kind, words, sense, is_joined)
    borne = _borne(words, lexicon)
    if borne:
        return Item(BEARING, words, Sense(part=borne), is_joined)
    return Item("degree" if words.endswith(_ADJECTIVE) or words.endswith("ly") else OTHER, words, is_joined=is_joined)


def _borne(word: str, lexicon: Lexicon) -> tuple[str, ...]:
    """The part in an adjective: tailed, winged, bellied, legged, eyed, leaved; nothing for other words."""
    found = _BEARING.fullmatch(word)
    if not found:
        return ()
    root, ending = found.groups()
    forms = {"ied": (f"{root}y",), "ved": (f"{root}f", f"{root}ve"), "ed": (root, f"{root}e", root[:-1])}[ending]
    known = (lexicon.senses.get((form,)) for form in forms if form)
    return next((sense.part for sense in known if sense is not None and sense.part), ())
