"""Scores of many yes-or-no labels an image: F1 from tallies by cluster, average precision from a ranking.

Both are made so that a bootstrap weighs clusters again without counting or sorting the images again.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """How often each label was said rightly, said wrongly, and missed, in each cluster: (S, 3, L)."""

    counts: Floats

    @classmethod
    def of(cls, truth: Flags, said: Flags, clusters: Indices) -> Self:
        """From (N, L) truth and answers, and each image's cluster, a number from 0 on."""
        counts = np.zeros((int(clusters.max(initial=-1)) + 1, 3, truth.shape[1]))
        for kind, is_it in enumerate((truth & said, ~truth & said, truth & ~said)):
            np.add.at(counts[:, kind], clusters, is_it)
        return cls(counts=counts)

    def totals(self, weights: Floats | None = None) -> Floats:
        """Right, wrong and missed over all clusters, in each of B replicates: (B, 3, L).

        `weights` (B, S) says how often each cluster counts; unless told, there is one replicate, and each counts once.
        """
        times = np.ones((1, len(self.counts))) if weights is None else weights
        return np.asarray(np.tensordot(times, self.counts, axes=1))

    def f1(self, weights: Floats | None = None) -> Floats:
        """2 TP / (2 TP + FP + FN) of each label: (B, L); 0 where it neither occurs nor is said, as in scikit-learn."""
        right, wrong, missed = np.moveaxis(self.totals(weights), 1, 0)
        return _ratio(2 * right, 2 * right + wrong + missed)

    def macro_f1(self, weights: Floats | None = None, *, is_occurring_only: bool = False) -> Floats:
        """The mean of F1 over labels: (B,); where told, over those true of some image; NaN if there is none."""
        scores = self.f1(weights)
        if not is_occurring_only:
            return np.asarray(scores.mean(axis=1))
        totals = self.totals(weights)
        is_counted = totals[:, 0] + totals[:, 2] > 0  # (B, L)
        count = is_counted.sum(axis=1)
        total = (scores * is_counted).sum(axis=1)
        return np.asarray(np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0))

    def micro_f1(self, weights: Floats | None = None) -> Floats:
        """F1 of all labels thrown together: (B,)."""
        right, wrong, missed = np.moveaxis(self.totals(weights).sum(axis=2), 1, 0)
        return _ratio(2 * right, 2 * right + wrong + missed)

    def select(self, labels: Indices) -> Self:
        """The tallies of these labels alone."""
        return type(self)(counts=self.counts[:, :, labels])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """For each label the images from the surest yes to the surest no: three (N, L) tables.

    `order` holds rows, `is_true` what is true of them, `ends` the last place of those with the same score.
    """

    order: Indices
    is_true: Flags
    ends: Indices

    @classmethod
    def of(cls, truth: Flags, scores: npt.NDArray[np.floating]) -> Self:
        """From (N, L) truth and scores."""
        order = np.argsort(-scores, axis=0, kind="stable")
        ranked = np.take_along_axis(scores, order, axis=0)
        place = np.broadcast_to(np.arange(len(scores))[:, None], scores.shape)
        is_last = np.ones(scores.shape, dtype=bool)
        is_last[:-1] = ranked[:-1] != ranked[1:]
        ends = np.minimum.accumulate(np.where(is_last, place, len(scores))[::-1], axis=0)[::-1]
        return cls(order=order, is_true=np.take_along_axis(truth, order, axis=0), ends=ends)

    def average_precision(self, weights: Floats | None = None) -> Floats:
        """Precision at each threshold, weighed by the recall it adds: (L,); NaN for a label that is true of no image.

        `weights` says how often each image counts. Images of one score come in together, as scikit-learn has it.
        """
        shares = np.ones(len(self.order)) if weights is None else weights
        seen = shares[self.order]  # (N, L)
        true = seen * self.is_true
        precision = _ratio(np.cumsum(true, axis=0), np.cumsum(seen, axis=0))
        total = true.sum(axis=0)
        gained = (true * np.take_along_axis(precision, self.ends, axis=0)).sum(axis=0)
        return np.asarray(np.divide(gained, total, out=np.full(len(total), np.nan), where=total > 0))


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.asarray(np.divide(above, below, out=np.zeros_like(below, dtype=np.float64), where=np.asarray(below) > 0))
