"""Clauses of a caption that speak of nothing visible, told by a judge of sentences rather than by known phrases."""

import re
from collections.abc import Iterator
from typing import Final

from thuja.captions.check.phrasebook import word_list
from thuja.captions.check.traits.lexicon import WHOLE, Lexicon
from thuja.captions.check.traits.tokens import BEARING, items_of
from thuja.captions.check.words import words_of
from thuja.captions.descriptions.keeping import Judge

_BORDER: Final = re.compile(
    r"[,;:]\s*|\s[\u2013\u2014-]\s|\s(?=(?:that|which|who|whose|while|though|although|because)\s)"
)
_VISIBLE: Final = frozenset({"value", "colour", "number", BEARING, "tipped"})
_FEWEST: Final = 2


def unseen_clause(text: str, lexicon: Lexicon, judge: Judge, *, least: float) -> str:
    """The first clause that the judge holds for visible by less than `least`; empty for none.

    A clause that names a body, a part, a colour, a shape, a posture or a ground is not asked about, nor is the first,
    which says what the thing is.
    """
    asked = [
        clause
        for clause in _clauses(text)
        if not speaks_of_the_picture(clause, lexicon) and not _names_a_body(clause, lexicon)
    ]
    scores = judge(asked) if asked else ()
    return next((clause for clause, score in zip(asked, scores, strict=True) if score < least), "")


def _clauses(text: str) -> Iterator[str]:
    pieces = [words for piece in _BORDER.split(text) if (words := piece.strip(" ."))]
    return (piece for piece in pieces[1:] if len(piece.split()) >= _FEWEST)


def speaks_of_the_picture(clause: str, lexicon: Lexicon) -> bool:
    """Whether a clause names what is seen of a body, or how and where it is seen."""
    for item in items_of(clause, lexicon):
        is_part = bool(item.sense.part) and item.sense.part != (WHOLE,)
        if item.kind in _VISIBLE or is_part:
            return True
    return any(word in word_list("scene") for word in words_of(clause))


def _names_a_body(clause: str, lexicon: Lexicon) -> bool:
    return any(item.sense.part and item.text != "it" for item in items_of(clause, lexicon))
