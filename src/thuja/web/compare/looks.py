"""Which descriptions a model's text tower puts apart for two taxa: what the model makes of words, and no field mark."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.web.compare.sides import Side
from thuja.web.compare.tells import Tell, Tried, corrected, mann_whitney

DESCRIPTIONS: Final = (
    "black", "white", "red", "orange", "yellow", "green", "blue", "brown", "grey", "striped", "spotted", "plain",
    "shiny", "hairy", "slender", "stout", "long-legged", "winged", "in flight", "under water", "on a flower",
    "on a leaf", "on the ground", "a young one", "a group", "a pinned specimen",
)  # fmt: skip
"""What is tried where nobody says: colours, patterns, builds, and where it is seen."""
SENTENCE: Final = "a photo of an organism, {}."
_LEAST: Final = 0.4
"""Of two pictures, one of each side, the one is more like the words in at least (1 + this) / 2 of all pairs."""
_FEWEST: Final = 8
_MOST: Final = 6


def sentences(descriptions: Sequence[str]) -> list[str]:
    """What is given to the text tower: each description, and last what says nothing."""
    return [SENTENCE.format(one) for one in descriptions] + ["a photo of an organism."]


def look_tells(first: Side, second: Side, descriptions: Sequence[str], *, texts: npt.NDArray[np.float32]) -> list[Tell]:
    """The descriptions that part two sides, the strongest first.

    `texts` (L + 1, D) are the unit vectors of `sentences(descriptions)`: what counts is how much more a picture is like
    a sentence than like the one that says nothing.
    """
    if min(len(first.vectors), len(second.vectors)) < _FEWEST:
        return []
    ways = (texts[:-1] - texts[-1]).T  # (D, L)
    tried = []
    for name, one, other in zip(descriptions, (first.vectors @ ways).T, (second.vectors @ ways).T, strict=True):
        p, effect = mann_whitney(one, other)
        if abs(effect) >= _LEAST:
            said = f"more so in {100 * (1 + abs(effect)) / 2:.0f} of 100 pairs"
            a, b = (said, "") if effect > 0 else ("", said)
            tried.append(Tried(what=name, a=a, b=b, p=p, effect=effect))
    told = corrected(tried, kind="look", unit="picture")
    return sorted(told, key=lambda tell: -abs(tell.effect))[:_MOST]
