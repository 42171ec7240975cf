"""What is gained by not answering: the error among the answers kept, as the least certain are left to a person.

A loss is what an answer costs: 1 for a wrong one, or the height of the common ancestor. The interval of any of these:

    over_clusters(lambda rows: aurc(confidences[rows], losses[rows]), species, generator)
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.errors import UsageError
from thuja.metrics.checks import require_numbers

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskCoverage:
    """One point a distinct confidence, highest first: three arrays (K,).

    Answers of confidence `threshold` or more are kept; `coverage` is their share, `risk` their mean loss.
    """

    threshold: Floats
    coverage: Floats
    risk: Floats


def risk_coverage(confidences: npt.ArrayLike, losses: npt.ArrayLike) -> RiskCoverage:
    """The risk-coverage curve: (N,), (N,). Confidences may be any numbers; equal ones are kept or left together.

    risk(t) = sum of losses where confidence >= t / their number. Source: Geifman and El-Yaniv 2017, arXiv:1705.08500.
    """
    certainty = require_numbers(confidences, "confidences")
    costs = require_numbers(losses, "losses", count=len(certainty))
    order = np.argsort(-certainty, kind="stable")
    ordered = certainty[order]
    kept = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True)) + 1  # (K,) answers kept at each threshold
    return RiskCoverage(
        threshold=ordered[kept - 1], coverage=kept / len(ordered), risk=np.cumsum(costs[order])[kept - 1] / kept
    )


def risk_at_coverage(confidences: npt.ArrayLike, losses: npt.ArrayLike, coverage: float) -> float:
    """The risk where at least this share of the answers is kept: the highest threshold that keeps as many.

    Where several answers have that confidence all are kept. Raises UsageError unless 0 < coverage <= 1.
    """
    if not 0 < coverage <= 1:
        raise UsageError(f"a coverage lies above 0 and up to 1, got {coverage:g}")
    curve = risk_coverage(confidences, losses)
    return float(curve.risk[np.searchsorted(curve.coverage, coverage)])


def aurc(confidences: npt.ArrayLike, losses: npt.ArrayLike) -> float:
    """Area under the risk-coverage curve: (1 / N) sum over images i of risk(confidence_i), of (N,) and (N,).

    Lower is better; a confidence that says nothing gives about the overall risk. Source: Geifman, Uziel and
    El-Yaniv 2019, arXiv:1805.08206.
    """
    curve = risk_coverage(confidences, losses)
    return float(np.diff(curve.coverage, prepend=0) @ curve.risk)


def excess_aurc(confidences: npt.ArrayLike, losses: npt.ArrayLike) -> float:
    """E-AURC: the AURC less that of the best order in hindsight, which keeps the smallest losses first; 0 is perfect.

    AURC mixes how often a model is right with how well it knows when; this is the second alone. Source: as `aurc`.
    """
    area = aurc(confidences, losses)
    best = np.sort(np.asarray(losses, dtype=np.float64))
    return area - float((np.cumsum(best) / np.arange(1, len(best) + 1)).mean())
