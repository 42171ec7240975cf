"""Whether a model notices what it has never met: its confidence on known taxa against that on unseen ones.

Both measures take a confidence an image, higher where the model takes it for known, and whether it is; they are NaN
where all images are of one kind. Only the order of confidences counts. The interval of either:

    over_clusters(lambda rows: auroc(confidences[rows], is_known[rows]), species, generator)
"""

import numpy as np
import numpy.typing as npt

from thuja.errors import UsageError
from thuja.metrics.checks import require_flags, require_numbers

Indices = npt.NDArray[np.int64]


def auroc(confidences: npt.ArrayLike, is_known: npt.ArrayLike) -> float:
    """P(known > unseen) + P(known = unseen) / 2 for one image of each, drawn at random: (N,), (N,).

    0.5 is chance. With `is_right` for `is_known` it says whether confidence tells right answers from wrong ones.
    Source: Hanley and McNeil 1982; Hendrycks and Gimpel 2017, arXiv:1610.02136.
    """
    known, unseen = _counts(confidences, is_known)
    pairs = int(known.sum()) * int(unseen.sum())
    if not pairs:
        return float("nan")
    below = np.cumsum(unseen) - unseen
    return float((known @ (below + unseen / 2)) / pairs)


def fpr_at_tpr(confidences: npt.ArrayLike, is_known: npt.ArrayLike, *, tpr: float = 0.95) -> float:
    """The share of unseen images that pass for known where at least `tpr` of the known ones do: (N,), (N,).

    FPR = (unseen with confidence >= t) / unseen, at the highest t with (known with confidence >= t) / known >= tpr.
    Nothing is interpolated, and equal confidences pass together. Source: Liang et al. 2018, arXiv:1706.02690 (FPR95).
    """
    if not 0 < tpr <= 1:
        raise UsageError(f"a true-positive rate lies above 0 and up to 1, got {tpr:g}")
    known, unseen = _counts(confidences, is_known)
    if not known.sum() or not unseen.sum():
        return float("nan")
    passed = np.cumsum(known[::-1]) / known.sum()
    return float(np.cumsum(unseen[::-1])[np.searchsorted(passed, tpr)] / unseen.sum())


def _counts(confidences: npt.ArrayLike, is_known: npt.ArrayLike) -> tuple[Indices, Indices]:
    """How many known and unseen images there are at each distinct confidence, lowest first: (K,), (K,)."""
    certainty = require_numbers(confidences, "confidences")
    flags = require_flags(is_known, "marks of known and unseen", count=len(certainty))
    values, place = np.unique(certainty, return_inverse=True)
    known = np.bincount(place[flags], minlength=len(values))
    return known, np.bincount(place, minlength=len(values)) - known
