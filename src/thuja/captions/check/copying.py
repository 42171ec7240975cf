"""Whether a caption is copied from the description or an example that the captioner was handed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from thuja.captions.check.finding import Finding, Subject
from thuja.captions.check.naming import without_names
from thuja.captions.check.words import words_of

_GRAM: Final = 3
_FEWEST: Final = 4
"""Shares of fewer runs of three than these say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copying:
    """Compares runs of words; the taxon's own name counts for nothing."""

    run: int = 8
    share: float = 0.5

    def __call__(self, caption: str, subject: Subject) -> Finding:
        """A fault for a shared run of words, or for sharing most runs of three; the score falls with the share."""
        words = words_of(without_names(caption, subject))
        sources = [("description", subject.description), *(("example", text) for text in subject.examples)]
        longest, share, source = 0, 0.0, ""
        for name, text in sources:
            if not text:
                continue
            theirs = words_of(without_names(text, subject))
            run, part = longest_run(words, theirs), shared_grams(words, theirs)
            if (run, part) > (longest, share):
                longest, share, source = run, part, name
        facts = {"run": longest, "share": round(share, 3), "source": source}
        if longest >= self.run or share >= self.share:
            said = f"it copies the {source}, {longest} words in a row; say what the picture shows in other words"
            return Finding(check="copying", score=0.0, is_fault=True, reason=said, facts=facts)
        return Finding(check="copying", score=1 - share, facts=facts)


def longest_run(words: Sequence[str], source: Sequence[str]) -> int:
    """How many words in a row the two have in common at most."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(source):
        places[word].append(place)
    longest, above = 0, dict[int, int]()
    for word in words:
        above = {place: above.get(place - 1, 0) + 1 for place in places.get(word, ())}
        longest = max(longest, *above.values(), 0)
    return longest


def shared_grams(words: Sequence[str], source: Sequence[str]) -> float:
    """The share of the runs of three words that stand in the source too; 0 for very short texts."""
    grams = [tuple(words[start : start + _GRAM]) for start in range(len(words) - _GRAM + 1)]
    if len(grams) < _FEWEST:
        return 0.0
    known = _grams(tuple(source))
    return sum(gram in known for gram in grams) / len(grams)


@lru_cache(maxsize=4096)
def _grams(words: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(words[start : start + _GRAM] for start in range(len(words) - _GRAM + 1))
