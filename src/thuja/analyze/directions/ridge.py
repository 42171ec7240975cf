"""The direction along which values change, by ridge regression, of many targets at once on the same rows.

Of values 0 and 1 the ridge is a discriminant: without a penalty Fisher's, with a great one the difference of the two
means. So one route serves numbers and levels. A target enters linearly, and thus the thousand shuffled targets of a
null cost one decomposition together.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

PENALTIES: Final = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""In units of the rows' greatest variance along a direction: the last is all but the difference of means."""
_FLAT: Final = 1e-10
"""Variance below this share of the greatest is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """R weighted rows (R, D) on their principal axes (D, k): `places` (R, k), `spreads` (k,) and the mean (D,)."""

    mean: Floats
    axes: Floats
    spreads: Floats
    places: Floats
    weights: Floats

    @classmethod
    def of(cls, rows: Floats, weights: Floats) -> "Rows":
        """The axes by the smaller of the two products; rows that do not differ have none (k = 0)."""
        mean = np.average(rows, axis=0, weights=weights)
        apart = rows - mean
        scaled = np.sqrt(weights)[:, None] * apart  # (R, D)
        if len(rows) > rows.shape[1]:
            spreads, axes = np.linalg.eigh(scaled.T @ scaled)
        else:
            spreads, left = np.linalg.eigh(scaled @ scaled.T)
            axes = scaled.T @ (left / np.sqrt(np.maximum(spreads, np.finfo(float).tiny)))
        kept = spreads > _FLAT * max(float(spreads[-1]), np.finfo(float).tiny)
        axes = axes[:, kept]
        return cls(mean=mean, axes=axes, spreads=spreads[kept], places=apart @ axes, weights=weights)

    def slopes(self, targets: Floats) -> Floats:
        """What each target (R, P) gives each axis before the penalty: (k, P)."""
        apart = targets - np.average(targets, axis=0, weights=self.weights)
        return np.asarray(self.places.T @ (self.weights[:, None] * apart))

    def shrunk(self, slopes: Floats, penalty: float) -> Floats:
        """The coefficients on the axes (k, P) at a penalty of PENALTIES."""
        if not len(self.spreads):
            return slopes
        return np.asarray(slopes / (self.spreads + penalty * self.spreads[-1])[:, None])


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossFit:
    """Scores (R, P) of each row along the direction learnt without its fold, and the penalty of each target (P,).

    Of the first target also the K folds' unit `directions` and the `means` that they start from, (K, D) each, in the
    order of the folds' numbers.
    """

    scores: Floats
    penalties: Indices
    directions: Floats
    means: Floats


def cross_fit(rows: Floats, targets: Floats, *, folds: Indices, weights: Floats) -> CrossFit:
    """Score rows (R, D) along directions of targets (R, P), each learnt on the other folds (R,) alone.

    The penalty of a fold is what orders the other folds best, each from those that remain, so that a row has no part in
    anything that scores it. A score is the place along the unit direction, from the mean of the rows it was learnt
    on. Of two folds the penalty is the greatest.
    """
    numbers = np.unique(folds)
    agreements = _agreements(rows, targets, folds=folds, weights=weights)
    scores = np.zeros(targets.shape)
    directions, means = np.zeros((2, len(numbers), rows.shape[1]))
    for number, fold in enumerate(numbers):
        is_asked = folds == fold
        learnt = Rows.of(rows[~is_asked], weights[~is_asked])
        chosen = _best(agreements[number])
        unit = _units(learnt, targets[~is_asked], chosen)
        scores[is_asked] = (rows[is_asked] - learnt.mean) @ learnt.axes @ unit
        directions[number], means[number] = learnt.axes @ unit[:, 0], learnt.mean
    return CrossFit(scores=scores, penalties=_best(agreements.sum(axis=0)), directions=directions, means=means)


def _agreements(rows: Floats, targets: Floats, *, folds: Indices, weights: Floats) -> Floats:
    """How well each fold's learning rows are told from each other at each penalty: (K, penalties, P).

    Without fold k, each other fold is scored from those that remain; what counts is the correlation of scores and
    targets over all of them, as a direction has no length. (The squared error would shun great penalties for their
    short slopes alone.) A pair of folds serves both of its ends.
    """
    numbers = np.unique(folds)
    products, squares = np.zeros((2, len(numbers), len(PENALTIES), targets.shape[1]))
    for one, other in combinations(range(len(numbers)), 2):
        is_in = (folds != numbers[one]) & (folds != numbers[other])
        if not is_in.any():
            continue
        learnt = Rows.of(rows[is_in], weights[is_in])
        slopes = learnt.slopes(targets[is_in])
        middle = np.average(targets[is_in], axis=0, weights=weights[is_in])
        for asked, outer in ((one, other), (other, one)):
            is_asked = folds == numbers[asked]
            places = (rows[is_asked] - learnt.mean) @ learnt.axes
            for row, penalty in enumerate(PENALTIES):
                scores = places @ learnt.shrunk(slopes, penalty)
                products[outer, row] += weights[is_asked] @ (scores * (targets[is_asked] - middle))
                squares[outer, row] += weights[is_asked] @ scores**2
    return np.asarray(np.divide(products, np.sqrt(squares), out=np.zeros_like(products), where=squares > 0))


def direction(rows: Floats, target: Floats, *, weights: Floats, penalty: int = len(PENALTIES) - 1) -> Floats:
    """The unit direction (D,) of one target (R,) on all rows (R, D); zeros where nothing goes with it."""
    learnt = Rows.of(rows, weights)
    unit = _units(learnt, target[:, None], np.array([penalty]))
    return np.asarray(learnt.axes @ unit[:, 0])


def _best(agreements: Floats) -> Indices:
    """The penalty of greatest agreement (P,) among (penalties, P); of equals the greatest."""
    return np.asarray(len(PENALTIES) - 1 - np.argmax(agreements[::-1], axis=0))


def _units(learnt: Rows, targets: Floats, chosen: Indices) -> Floats:
    """Unit coefficients (k, P) at each target's own penalty."""
    slopes = learnt.slopes(targets)
    found = np.zeros_like(slopes)
    for row, penalty in enumerate(PENALTIES):
        is_its = chosen == row
        if is_its.any():
            found[:, is_its] = learnt.shrunk(slopes[:, is_its], penalty)
    lengths = np.linalg.norm(found, axis=0)
    return np.asarray(np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0))
