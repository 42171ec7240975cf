"""The whole pipeline on one space: predictions for clades left out, regressions on them, and both for simulated traits.

A regression of a trait on its own cross-validated predictions has no p-value of its own: the predictions were made
from the trait. So the p-values here are shares of simulated traits that went the whole way and came out as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.analyze.ancestry import Slopes, slopes
from thuja.analyze.traits.problem import Problem
from thuja.analyze.traits.ridge import Axes, Predictions, predict_elsewhere, predict_left_out
from thuja.analyze.traits.scores import Told, scores_of_all, told_of
from thuja.biosphere.signal import Ancestry
from thuja.metrics.bootstrap import Interval

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Null:
    """A statistic of the trait, and of B simulated traits (B,) on the same way."""

    value: float
    draws: Floats

    @property
    def p_value(self) -> float:
        """(1 + draws at least as high) / (1 + B)."""
        return float((1 + (self.draws >= self.value - 1e-12).sum()) / (1 + len(self.draws)))

    @property
    def against(self) -> Interval:
        """The mean of the draws, and the range of the middle 95 % of them."""
        low, high = np.quantile(self.draws, [0.025, 0.975])
        return Interval(value=float(self.draws.mean()), low=float(low), high=float(high))

    @property
    def effect(self) -> Interval:
        """The value less the draws."""
        against = self.against
        return Interval(value=self.value - against.value, low=self.value - against.high, high=self.value - against.low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A trait in one space. By choice of branch lengths: the nulls of score and t, and the trait's own regressions.

    `regressions` are of the K targets on their scores; the statistic is their mean t.
    """

    predictions: Predictions
    told: Told
    scores: Mapping[str, Null]
    ts: Mapping[str, Null]
    regressions: Mapping[str, Slopes]

    @property
    def score_p(self) -> float:
        """The largest p-value of the score over the choices of branch lengths."""
        return max(null.p_value for null in self.scores.values())

    @property
    def beyond_p(self) -> float:
        """The largest p-value of the regression over the choices of branch lengths."""
        return max(null.p_value for null in self.ts.values())


def measure(problem: Problem, axes: Axes, *, elsewhere: Mapping[str, Floats] | None = None) -> dict[str, Measured]:
    """The trait in a space, under the name "", and in each of `elsewhere`: the same species' vectors seen otherwise."""
    names = list(problem.simulated)
    targets = np.concatenate([problem.targets, *(problem.simulated[name] for name in names)], axis=1)
    folds = problem.clades.folds
    own = predict_left_out(axes, targets, folds, together=problem.width)
    found = {"": _measured(problem, targets, own)}
    for name, vectors in (elsewhere or {}).items():
        other = predict_elsewhere(axes, vectors, targets, folds, penalties=own.penalties)
        found[name] = _measured(problem, targets, other)
    return found


def _measured(problem: Problem, targets: Floats, predictions: Predictions) -> Measured:
    width, categories = problem.width, problem.categories
    all_scores = scores_of_all(predictions, targets, categories=categories)
    scores, ts, regressions = {}, {}, {}
    start = width
    for name, simulated in problem.simulated.items():
        end = start + simulated.shape[1]
        chosen = np.r_[:width, start:end]
        scores[name] = Null(value=float(all_scores[0]), draws=all_scores[start // width : end // width])
        fits = slopes(targets[:, chosen], predictions.scores[:, chosen], problem.ancestries[name])
        t = fits.t.reshape(-1, width).mean(axis=1)
        ts[name] = Null(value=float(t[0]), draws=t[1:])
        regressions[name] = _first(fits, width)
        start = end
    own = Predictions(
        values=predictions.values[:, :width],
        scores=predictions.scores[:, :width],
        penalties=predictions.penalties[:, :1],
    )
    return Measured(predictions=own, told=told(problem, own), scores=scores, ts=ts, regressions=regressions)


def told(problem: Problem, predictions: Predictions) -> Told:
    """The score of any predictions (S, K) of the trait, in sums over clades."""
    clades = problem.clades
    return told_of(
        predictions, problem.targets, clades.clades, names=clades.taxa, is_category=problem.trait.is_category
    )


def regress(problem: Problem, predictions: Predictions, ancestry: Ancestry) -> Slopes:
    """The regressions of the K targets on any predictions of them."""
    return slopes(problem.targets, predictions.scores, ancestry)


def _first(fits: Slopes, count: int) -> Slopes:
    return Slopes(
        slopes=fits.slopes[:count],
        errors=fits.errors[:count],
        t=fits.t[:count],
        p_values=fits.p_values[:count],
        r2=fits.r2[:count],
        lambdas=fits.lambdas[:count],
    )
