"""Which copy of a group is kept, and which other each dropped one is a copy of: stars, not chains.

In a chain A-B-C only neighbours are alike, and A and C may show different things. So the best copy becomes the centre
of a star, whoever is near it is dropped for it, and whoever is near a dropped one only stays a candidate.
"""

from typing import Final

import numpy as np

from thuja.curate.duplicates.bands import Flags, Integers

_ROUNDS: Final = 64


def stars(pairs: Integers, count: int) -> Integers:
    """The centre (N,) of each of `count` rows, itself where it is kept; the lower a row's number, the better the copy.

    The best row of all is a centre, its neighbours are dropped for it, then the best of the rest, and so on: whether a
    row is a centre depends on its better neighbours alone, so not on the order of `pairs` (P, 2). Every dropped row has
    the best centre next to it. Rows without an undecided better neighbour are centres, all at once; random orders end
    within some 20 such rounds, and what a long ordered chain leaves is walked row by row.
    """
    better, worse = np.sort(pairs, axis=1).T  # (P,) each
    is_centre, is_dropped = np.zeros(count, bool), np.zeros(count, bool)
    left, right = better, worse
    for _ in range(_ROUNDS):
        if not len(left):
            break
        waits = np.zeros(count, bool)
        waits[right] = True
        is_centre[left[~waits[left]]] = True
        is_dropped[right[is_centre[left]]] = True
        open_ = ~(is_centre[left] | is_dropped[left] | is_dropped[right])
        left, right = left[open_], right[open_]
    _walk(left, right, is_dropped)
    centres = np.arange(count, dtype=np.int64)
    to_centre = ~is_dropped[better] & is_dropped[worse]
    nearest = np.full(count, count, dtype=np.int64)
    np.minimum.at(nearest, worse[to_centre], better[to_centre])
    return np.where(is_dropped, nearest, centres)


def _walk(left: Integers, right: Integers, is_dropped: Flags) -> None:
    """The same, one pair after another by the better row: whoever is not dropped when its turn comes is a centre."""
    order = np.lexsort((right, left))
    for one, other in zip(left[order].tolist(), right[order].tolist(), strict=True):
        if not is_dropped[one]:
            is_dropped[other] = True
