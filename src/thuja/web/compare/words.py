"""The words of captions that go with one taxon more than with the other, a caption counted once for each word.

A word's score is the difference of its log-odds under a prior from both sides together, over its standard error
(Monroe, Colaresi and Quinn 2008, "Fightin' Words", equation 22).
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.stats import norm

from thuja.search.index import Index
from thuja.web.compare.sides import Side
from thuja.web.compare.tells import Tell, Tried, corrected

CAPTION: Final = "caption"
_PRIOR: Final = 50.0
"""Captions that the prior counts for."""
_FEWEST: Final = 20
_MOST: Final = 8
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_EMPTY: Final = frozenset(
    {
        "the", "and", "with", "for", "its", "are", "was", "has", "have", "from", "that", "this", "into", "onto", "over",
        "under", "near", "while", "which", "their", "there", "some", "very", "photo", "photograph", "picture", "image",
        "shows", "showing", "seen", "view",
    }
)  # fmt: skip


def word_tells(index: Index, first: Side, second: Side) -> list[Tell]:
    """The words that tell two sides apart, the surest first; none where the index has no captions."""
    if CAPTION not in index.columns:
        return []
    names = _names(first) | _names(second)
    sides = [_captions(index, side, names) for side in (first, second)]
    if min(map(len, sides)) < _FEWEST:
        return []
    counts = [Counter(word for caption in side for word in caption) for side in sides]
    sizes = np.array([len(side) for side in sides], dtype=np.float64)
    both = counts[0] + counts[1]
    common = [word for word, total in both.items() if total >= _FEWEST // 2]
    tried = [_tried(word, [count[word] for count in counts], sizes) for word in common]
    return corrected(tried, kind="word", unit="caption")[:_MOST]


def _tried(word: str, held: Sequence[int], sizes: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Tried:
    had = np.array(held, dtype=np.float64)
    prior = _PRIOR * (had.sum() + 0.5) / (sizes.sum() + 1)
    odds = np.log((had + prior) / (sizes + _PRIOR - had - prior))
    score = float((odds[0] - odds[1]) / np.sqrt((1 / (had + prior)).sum()))
    shares = [f"{100 * one:.0f} % of captions" for one in had / sizes]
    effect = float(had[0] / sizes[0] - had[1] / sizes[1])
    return Tried(what=word, a=shares[0], b=shares[1], p=float(2 * norm.sf(abs(score))), effect=effect)


def _captions(index: Index, side: Side, names: set[str]) -> list[set[str]]:
    """The words of each caption, but for those that say nothing and the taxa's own names."""
    texts = index.rows(side.keys, [CAPTION]).column(CAPTION).to_pylist()
    return [set(_WORD.findall(str(text).lower())) - _EMPTY - names for text in texts if text]


def _names(side: Side) -> set[str]:
    taxon = side.node.taxon
    return set(_WORD.findall(f"{taxon.taxonomic_name} {taxon.common}".lower()))
