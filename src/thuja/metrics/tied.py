"""Average precision and nDCG of a ranking as scikit-learn gives them, equal scores taken together.

The public script of INQUIRE calls scikit-learn; here are the same numbers from a ranking's first K places alone.
"""

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.floating]


def average_precision_by_score(is_relevant: Flags, scores: Scores, *, normaliser: int) -> float:
    """The sum of precision times the relevant gained, over the normaliser; scores come highest first: (K,), (K,).

    A step ends where the score falls: of equals none stands before another.
    """
    ends = np.flatnonzero(np.append(np.diff(scores) != 0, True))
    hits = np.cumsum(is_relevant)[ends]
    return float((np.diff(hits, prepend=0) * hits / (ends + 1)).sum() / normaliser)


def ndcg_by_score(is_relevant: Flags, scores: Scores, *, relevant: int) -> float:
    """Discounted gain over the best there can be with so many relevant; each of equals gets their mean gain."""
    discounts = 1 / np.log2(np.arange(2, len(scores) + 2))
    step = np.cumsum(np.append(False, np.diff(scores) != 0))
    gains = (np.bincount(step, weights=is_relevant) / np.bincount(step))[step]
    return float((gains * discounts).sum() / discounts[:relevant].sum())
