"""Whether a confidence means what it says: of answers given with 0.8, eight in ten should be right."""

from dataclasses import dataclass
from enum import StrEnum
from math import erf

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput, ThujaError
from thuja.metrics.bootstrap import Interval
from thuja.metrics.checks import ROUNDING, require_flags, require_shares

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

BINS = 15
_BLOCK = 2**22


class Binning(StrEnum):
    """How confidences are put in bins."""

    WIDTH = "equal width"
    """Bin b holds ((b - 1) / B, b / B], and 0 is in the first."""

    MASS = "equal mass"
    """Every bin holds as many images; equal confidences stay in one bin, so there may be fewer than B."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """The bins of a reliability diagram, those without an image left out: five arrays (B,).

    `low` and `high` bound a bin, `counts` are its images, `confidence` their mean confidence and `accuracy` the share
    of them that is right.
    """

    low: Floats
    high: Floats
    counts: Indices
    confidence: Floats
    accuracy: Floats


def reliability(
    confidences: npt.ArrayLike, is_right: npt.ArrayLike, *, bins: int = BINS, binning: Binning = Binning.WIDTH
) -> Reliability:
    """The bars of a reliability diagram: (N,), (N,). Source: Guo et al. 2017, arXiv:1706.04599."""
    shares, flags = _checked(confidences, is_right)
    edges = _edges(shares, bins, binning)
    place = _place(shares, edges)
    counts = np.bincount(place, minlength=len(edges) - 1)
    kept = counts > 0
    return Reliability(
        low=edges[:-1][kept],
        high=edges[1:][kept],
        counts=counts[kept],
        confidence=np.bincount(place, shares, minlength=len(counts))[kept] / counts[kept],
        accuracy=np.bincount(place, flags, minlength=len(counts))[kept] / counts[kept],
    )


def ece(
    confidences: npt.ArrayLike,
    is_right: npt.ArrayLike,
    *,
    bins: int = BINS,
    binning: Binning = Binning.WIDTH,
    is_debiased: bool = False,
) -> float:
    """Expected calibration error: sum over bins of (n_b / N) |accuracy_b - confidence_b|, of (N,) and (N,).

    Few images make it large, however well calibrated the model: read it beside `ece_if_calibrated`. Debiased is
    2 ECE - E[ECE], the accuracy of each bin drawn anew from a normal distribution of its own mean and standard error.
    That halves the bias at best: of a calibrated model's 2 - sqrt(2), 59 %, remains, and a bin that is off by one to
    two standard errors gets up to a tenth of one too much taken off; a bin of one image gets none. Sources: Guo et al.
    2017, arXiv:1706.04599; equal mass Nixon et al. 2019, arXiv:1904.01685; debiased Kumar et al. 2019,
    arXiv:1909.10155, whose simulation is solved here.

    Its interval is `over_clusters(lambda rows: ece(confidences[rows], is_right[rows]), species, generator)`. A redrawn
    sample holds images twice, which adds to a plain ECE what small samples add: the interval may lie above the value.
    """
    table = reliability(confidences, is_right, bins=bins, binning=binning)
    weights, gaps = table.counts / table.counts.sum(), table.accuracy - table.confidence
    plain = float(weights @ np.abs(gaps))
    if not is_debiased:
        return plain
    errors = np.sqrt(table.accuracy * (1 - table.accuracy) / table.counts)
    return 2 * plain - float(weights @ _mean_distance(gaps, errors))


def ece_if_calibrated(
    confidences: npt.ArrayLike,
    generator: np.random.Generator,
    *,
    bins: int = BINS,
    binning: Binning = Binning.WIDTH,
    replicates: int = 200,
) -> Interval:
    """The ECE that a perfectly calibrated model shows at these N confidences: its mean, and where 95 % of it lies.

    Image i is right with chance c_i, drawn `replicates` times, images apart from each other. A measured ECE within
    the interval is no sign of bad calibration; images of a species that stand and fall together widen it further.
    """
    shares = require_shares(confidences, "confidences")
    place = _place(shares, _edges(shares, bins, binning))
    order = np.argsort(place, kind="stable")
    chances, (_, starts) = shares[order], np.unique(place[order], return_index=True)
    expected = np.add.reduceat(chances, starts)
    found = np.empty(replicates)
    for replicate in range(replicates):
        right = np.add.reduceat(generator.random(len(chances)) < chances, starts, dtype=np.int64)
        found[replicate] = np.abs(right - expected).sum() / len(chances)
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(value=float(found.mean()), low=float(low), high=float(high))


def brier(probabilities: npt.NDArray[np.floating], truth: npt.ArrayLike) -> Floats:
    """The Brier score of each image, sum over classes of (p_c - [c is the truth])^2, 0 to 2: (N, C), (N,) to (N,).

    Better answers lower it, and so does better calibration. scikit-learn halves it for two classes. Source: Brier 1950.
    """
    table, classes = _checked_table(probabilities, truth)
    scores = np.empty(len(table))
    for rows in _blocks(table):
        block = table[rows].astype(np.float64)
        block[np.arange(len(block)), classes[rows]] -= 1
        scores[rows] = np.einsum("nc,nc->n", block, block)
    return scores


def brier_by_class(probabilities: npt.NDArray[np.floating], truth: npt.ArrayLike) -> Floats:
    """The Brier score of each class against all others, 0 to 1: (N, C), (N,) to (C,).

    brier(c) = mean over images of (p_c - [c is the truth])^2; the sum over classes is the mean of `brier`.
    """
    table, classes = _checked_table(probabilities, truth)
    sums = np.zeros(table.shape[1])
    for rows in _blocks(table):
        block = table[rows].astype(np.float64)
        block[np.arange(len(block)), classes[rows]] -= 1
        sums += np.einsum("nc,nc->c", block, block)
    return sums / len(table)


def brier_of_answers(confidences: npt.ArrayLike, is_right: npt.ArrayLike) -> Floats:
    """(confidence - [right])^2 of each image, 0 to 1: the answer against all others, (N,), (N,) to (N,)."""
    shares, flags = _checked(confidences, is_right)
    return np.asarray((shares - flags) ** 2)


def _checked(confidences: npt.ArrayLike, is_right: npt.ArrayLike) -> tuple[Floats, Floats]:
    shares = require_shares(confidences, "confidences")
    return shares, require_flags(is_right, "marks of right and wrong", count=len(shares)).astype(np.float64)


def _checked_table(
    probabilities: npt.NDArray[np.floating], truth: npt.ArrayLike
) -> tuple[npt.NDArray[np.floating], Indices]:
    table, classes = np.asarray(probabilities), np.asarray(truth)
    if not table.size:
        raise EmptyInput("there is nothing to score")
    if table.ndim != 2 or classes.shape != table.shape[:1]:
        raise ThujaError(f"probabilities of shape {table.shape} do not fit truths of shape {classes.shape}")
    if classes.dtype.kind not in "iu" or classes.min() < 0 or classes.max() >= table.shape[1]:
        raise ThujaError(f"a truth is a column of the probabilities, 0 to {table.shape[1] - 1}")
    low, high = float(table.min()), float(table.max())
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):
        raise ThujaError(f"probabilities lie between 0 and 1, got {low:g} to {high:g}")
    return table, classes.astype(np.int64)


def _edges(shares: Floats, bins: int, binning: Binning) -> Floats:
    """The ends of the bins, lowest first: bin b is (edges[b], edges[b + 1]]."""
    if bins < 1:
        raise ThujaError(f"cannot make {bins} bins")
    if binning is Binning.WIDTH:
        return np.linspace(0, 1, bins + 1)
    ordered = np.sort(shares)
    last = np.cumsum([len(part) for part in np.array_split(ordered, min(bins, len(ordered)))]) - 1
    return np.concatenate([ordered[:1], ordered[last]])


def _place(shares: Floats, edges: Floats) -> Indices:
    return np.asarray(np.searchsorted(edges[1:-1], shares, side="left"), dtype=np.int64)


def _mean_distance(means: Floats, errors: Floats) -> Floats:
    """E|X| of normal X: s sqrt(2 / pi) exp(-m^2 / 2 s^2) + m erf(m / (s sqrt 2)), and |m| where s is 0."""
    safe = np.where(errors > 0, errors, 1)
    ratios = means / (safe * np.sqrt(2))
    normal = safe * np.sqrt(2 / np.pi) * np.exp(-(ratios**2)) + means * np.array([erf(one) for one in ratios])
    return np.where(errors > 0, normal, np.abs(means))


def _blocks(table: npt.NDArray[np.floating]) -> list[slice]:
    """Rows that fit the cache, so that float16 widens a part at a time."""
    rows = max(1, _BLOCK // table.shape[1])
    return [slice(start, start + rows) for start in range(0, len(table), rows)]
