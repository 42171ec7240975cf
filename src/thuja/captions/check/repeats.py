"""Captions that several pictures of a species share: what fits every picture says nothing of this one."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.captions.check.finding import Finding, Subject
from thuja.captions.check.naming import without_names
from thuja.captions.check.phrasebook import word_list
from thuja.captions.check.words import stems_of
from thuja.taxonomy import Taxon

_BLOCK: Final = 1024
_Words = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """Two captions are alike from the share `alike` of content words on that they have in common, of all in either.

    A caption is a repeat if more captions of its species are like it, itself included, than the share `share` of them,
    and than `least`.
    """

    alike: float = 0.8
    share: float = 0.1
    least: int = 2

    def __call__(self, captions: Sequence[str], subjects: Sequence[Subject]) -> list[Finding]:
        """A finding a caption, in their order; the score is 1 for a caption of its own, less the more are like it."""
        places: dict[Taxon, list[int]] = defaultdict(list)
        for place, subject in enumerate(subjects):
            places[subject.taxon].append(place)
        findings: dict[int, Finding] = {}
        for mine in places.values():
            told = self.within([captions[place] for place in mine], subjects[mine[0]])
            findings.update(zip(mine, told, strict=True))
        return [findings[place] for place in range(len(captions))]

    def within(self, captions: Sequence[str], subject: Subject | None = None) -> list[Finding]:
        """A finding for each of the captions of one species."""
        words = [content_words(caption, subject) for caption in captions]
        return [self._finding(count, len(captions)) for count in count_alike(words, self.alike)]

    def _finding(self, count: int, of: int) -> Finding:
        facts = {"alike": count, "of": of}
        if count > max(self.least, self.share * of):
            said = f"{count} of {of} captions of the species say the same; say what sets this picture apart"
            return Finding(check="repeats", score=1 / count / 2, is_fault=True, reason=said, facts=facts)
        return Finding(check="repeats", score=1 - 0.5 * (count - 1) / of, facts=facts)


def content_words(caption: str, subject: Subject | None) -> _Words:
    """What a caption says, without names, order and words of grammar."""
    stems = stems_of(without_names(caption, subject) if subject else caption)
    return frozenset(stem for stem in stems if len(stem) > 1 and stem not in word_list("grammar"))


def count_alike(captions: Sequence[_Words], alike: float) -> list[int]:
    """How many captions share at least `alike` (Jaccard) of their words with each, itself included.

    Equal sets are counted once, so that a species with a thousand equal captions costs no more than one.
    """
    copies = Counter(captions)
    distinct = list(copies)
    sizes = np.array([len(words) for words in distinct], dtype=np.float32)
    weights = np.array([copies[words] for words in distinct], dtype=np.int64)
    matrix = _as_matrix(distinct)
    counts: dict[_Words, int] = {}
    for start in range(0, len(distinct), _BLOCK):
        shared = matrix[start : start + _BLOCK] @ matrix.T  # (block, U)
        either = sizes[start : start + _BLOCK, None] + sizes[None, :] - shared
        is_alike = shared >= alike * np.maximum(either, 1)
        own = np.arange(start, start + len(shared))
        is_alike[np.arange(len(shared)), own] = True
        for words, count in zip(distinct[start : start + _BLOCK], is_alike @ weights, strict=False):
            counts[words] = int(count)
    return [counts[words] for words in captions]


def _as_matrix(distinct: Sequence[_Words]) -> npt.NDArray[np.float32]:
    """One row a caption, one column a word, 1 where it stands."""
    columns: dict[str, int] = {}
    for words in distinct:
        for word in words:
            columns.setdefault(word, len(columns))
    matrix = np.zeros((len(distinct), max(len(columns), 1)), dtype=np.float32)
    for row, words in enumerate(distinct):
        matrix[row, [columns[word] for word in words]] = 1
    return matrix
