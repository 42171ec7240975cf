"""How well a trait is predicted for clades that were left out, and the interval of that over redrawn clades.

Numbers: R2, the share of the variance that predictions account for, below 0 where the mean does better. Categories:
balanced accuracy, the mean over categories of the share of their species named right, so that a rare one counts as
much as a common one; the answer is the category whose score stands highest above its share in what was learnt from,
in standard deviations of its membership.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from thuja.analyze.traits.ridge import Predictions
from thuja.metrics.bootstrap import Interval, draws_of, over_clusters
from thuja.taxonomy import Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_RANKED = 200
"""Redraws of measures of order, which cannot be had from sums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One trait's score as sums over C clades: what a redraw of clades needs.

    `parts` (C, 4) are species, values, squares of values and squares left; of K categories (C, 2 K): species of each
    category, and those named right. By the `clades` themselves two scores are paired.
    """

    parts: Floats
    clades: tuple[Taxon, ...]
    is_category: bool

    @property
    def chance(self) -> float:
        """The score of one who knows nothing: 0, or one over the number of categories."""
        return 2 / self.parts.shape[1] if self.is_category else 0.0

    def score(self, totals: Floats) -> Floats:
        """The score of sums (B, P) over some clades: (B,), NaN where nothing varies among them."""
        if self.is_category:
            asked, right = np.split(totals, 2, axis=1)
            shares = np.divide(right, asked, out=np.zeros(right.shape), where=asked > 0)
            present = (asked > 0).sum(axis=1)
            return np.asarray(np.where(present > 1, shares.sum(axis=1) / np.maximum(present, 1), np.nan))
        species, values, squares, left = totals.T
        whole = squares - values**2 / np.maximum(species, 1)
        return np.asarray(1 - np.divide(left, whole, out=np.full(left.shape, np.nan), where=whole > 1e-9 * squares))

    def skill(self, scores: Floats) -> Floats:
        """Scores on a scale where chance is 0 and all right is 1, so that traits of any kind compare."""
        return np.asarray((scores - self.chance) / (1 - self.chance))


def told_of(
    predictions: Predictions, targets: Floats, clades: Indices, *, names: tuple[Taxon, ...], is_category: bool
) -> Told:
    """The score of one trait: predictions and targets (S, K), K = 1 for numbers; clades (S,) are numbers in `names`."""
    flags = (clades == np.arange(len(names))[:, None]).astype(np.float64)  # (C, S)
    if is_category:
        truth = targets > 0
        right = truth & (predictions.scores.argmax(axis=1)[:, None] == np.arange(targets.shape[1]))
        parts = np.concatenate([truth, right], axis=1).astype(np.float64)
    else:
        value = targets[:, 0]
        parts = np.column_stack([np.ones_like(value), value, value**2, (value - predictions.values[:, 0]) ** 2])
    return Told(parts=flags @ parts, clades=names, is_category=is_category)


def scores_of_all(predictions: Predictions, targets: Floats, *, categories: int) -> Floats:
    """The scores (T,) of T traits at once: columns (S, T) of numbers, or (S, T K) of K categories each."""
    if not categories:
        whole = ((targets - targets.mean(axis=0)) ** 2).sum(axis=0)
        return np.asarray(1 - ((targets - predictions.values) ** 2).sum(axis=0) / whole)
    shape = (len(targets), -1, categories)
    truth = targets.reshape(shape) > 0
    said = predictions.scores.reshape(shape).argmax(axis=2)
    right = truth & (said[:, :, None] == np.arange(categories))
    return np.asarray((right.sum(axis=0) / truth.sum(axis=0)).mean(axis=1))


def redraw(told: Sequence[Told], generator: np.random.Generator, *, replicates: int) -> Floats:
    """R scores of all clades, then of redrawn ones: (1 + B, R). Clades are those of any score, paired."""
    names = sorted({clade for one in told for clade in one.clades})
    places = {clade: place for place, clade in enumerate(names)}
    tables = []
    for one in told:
        table = np.zeros((len(names), one.parts.shape[1]))
        table[[places[clade] for clade in one.clades]] = one.parts
        tables.append(table)
    draws = np.concatenate([np.ones((1, len(names)), dtype=np.int64), *draws_of(len(names), generator, replicates)])
    return np.stack([one.score(draws @ table) for one, table in zip(told, tables, strict=True)], axis=1)


def order_measure(scores: Floats, targets: Floats) -> float:
    """How well scores (S, K) order species by the targets (S, K): NaN where either is constant.

    Spearman's correlation for numbers; for categories the mean over categories of the area under the curve: the
    chance that a species of the category scores higher on it than one of another.
    """
    if targets.shape[1] == 1:
        if np.ptp(scores) == 0 or np.ptp(targets) == 0:
            return float("nan")
        return float(np.corrcoef(stats.rankdata(scores[:, 0]), stats.rankdata(targets[:, 0]))[0, 1])
    areas = []
    for score, target in zip(scores.T, targets.T, strict=True):
        is_of = target > 0
        inside, outside = int(is_of.sum()), int((~is_of).sum())
        if inside and outside:
            ranks = stats.rankdata(score)
            areas.append((ranks[is_of].sum() - inside * (inside + 1) / 2) / (inside * outside))
    return float(np.mean(areas)) if areas else float("nan")


def order_interval(scores: Floats, targets: Floats, clades: Indices, generator: np.random.Generator) -> Interval:
    """The measure of order with its interval over redrawn clades."""

    def measure(rows: Indices) -> float:
        return order_measure(scores[rows], targets[rows])

    return over_clusters(measure, clades, generator, replicates=_RANKED)
