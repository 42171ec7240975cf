"""Whether a caption is in English, told from few words among which stand Latin names."""

import math
import threading
from dataclasses import dataclass
from typing import Final

import py3langid

from thuja.captions.check.finding import Finding, Subject
from thuja.captions.check.naming import without_names
from thuja.captions.check.phrasebook import word_list
from thuja.captions.check.words import words_of

_ENGLISH: Final = "en"
_FEWEST: Final = 4
"""No other language is told from fewer words."""
_ASKING: Final = threading.Lock()
"""py3langid loads its model when it is first asked: in every thread that asks before it has."""
_FOREIGN_LETTERS: Final = 0.3
"""From this share of letters of another script on, no model is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """Counts English function words first; py3langid is asked where they are too few to tell.

    `known` is the share of English function words, of all words, from which a caption is English; `sure` is how
    likely another language must be, by py3langid, below that.
    """

    known: float = 0.2
    sure: float = 0.6

    def __call__(self, caption: str, subject: Subject) -> Finding:
        """A fault names the language, as ISO 639 does, or the script's lack of Latin letters."""
        text = without_names(caption, subject)
        letters = [letter for letter in text if letter.isalpha()]
        foreign = sum(ord(letter) > 0x24F and not 0x1E00 <= ord(letter) <= 0x1EFF for letter in letters)
        if letters and foreign / len(letters) >= _FOREIGN_LETTERS:
            return _fault("another script", share=foreign / len(letters))
        words = words_of(text)
        if not words:
            return Finding(check="language")
        english = sum(word in word_list("english") for word in words) / len(words)
        other = sum(word in word_list("foreign") for word in words) / len(words)
        if english >= self.known and english >= other:
            return Finding(check="language", facts={"language": _ENGLISH})
        name, share = likeliest(text)
        if other > english and other >= self.known / 2 and len(words) >= _FEWEST:
            return _fault(name if name != _ENGLISH else "another language", share=share)
        is_other = len(words) >= _FEWEST and name != _ENGLISH and share >= self.sure and english < self.known / 2
        return _fault(name, share=share) if is_other else Finding(check="language", facts={"language": _ENGLISH})


def likeliest(text: str) -> tuple[str, float]:
    """The language that py3langid holds for the likeliest, and how likely, tempered by the text's length."""
    with _ASKING:
        ranked: list[tuple[str, float]] = py3langid.rank(text.lower())
    warmth = math.sqrt(len(text.encode()) or 1)
    top = ranked[0][1]
    total = sum(math.exp((score - top) / warmth) for _, score in ranked)
    return ranked[0][0], 1 / total


def _fault(language: str, *, share: float) -> Finding:
    said = f"it is not in English ({language})"
    facts = {"language": language, "share": round(share, 3)}
    return Finding(check="language", score=0.0, is_fault=True, reason=said, facts=facts)
