"""A probability that falls as a score rises: a logistic curve, fitted to weighted cases."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from thuja.errors import ThujaError

Floats = npt.NDArray[np.float64]

_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Falling:
    """A probability that falls, or stays, as a score rises: 1 / (1 + exp(steepness * score - height))."""

    height: float
    steepness: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.height) and 0 <= self.steepness < np.inf):
            raise ThujaError(f"a falling curve needs numbers, got height {self.height}, steepness {self.steepness}")

    def __call__(self, scores: npt.ArrayLike) -> Floats:
        odds = np.clip(self.height - self.steepness * np.asarray(scores, dtype=np.float64), -700, 700)
        return np.asarray(1 / (1 + np.exp(-odds)))

    @classmethod
    def fit(cls, scores: Floats, happened: npt.NDArray[np.bool_], weights: Floats) -> Self:
        """The likeliest curve for N weighted cases (Platt 1999); flat where the score would rise with them.

        Targets stand off 0 and 1 as his do, by the number of cases, so that cases that a score parts without
        a mistake give no endless steepness.
        """
        yes = int(happened.sum())
        no = len(happened) - yes
        targets = np.where(happened, (yes + 1) / (yes + 2), 1 / (no + 2))
        share = weights / weights.sum()
        middle = float(share @ scores)
        spread = float(np.sqrt(share @ (scores - middle) ** 2)) or 1.0
        slope, rise = _logistic((scores - middle) / spread, targets, share)
        if slope >= 0:
            mean = float(share @ targets)
            return cls(height=float(np.log(mean / (1 - mean))), steepness=0.0)
        steepness = -slope / spread
        return cls(height=rise + steepness * middle, steepness=steepness)


def _logistic(scores: Floats, targets: Floats, share: Floats) -> tuple[float, float]:
    """Slope and intercept of a logistic regression, by Newton's method with halved steps."""
    design = np.stack([scores, np.ones_like(scores)], axis=1)
    beta = np.zeros(2)
    loss = _log_loss(design @ beta, targets, share)
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(design @ beta, -700, 700)))
        gradient = design.T @ (share * (chances - targets))
        curvature = design.T @ (design * (share * chances * (1 - chances))[:, None]) + 1e-12 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        while (new := _log_loss(design @ (beta - step), targets, share)) > loss and np.abs(step).max() > 1e-12:
            step /= 2
        beta, gain, loss = beta - step, loss - new, new
        if gain < 1e-14:
            break
    return float(beta[0]), float(beta[1])


def _log_loss(odds: Floats, targets: Floats, share: Floats) -> float:
    return float(share @ (np.logaddexp(0, odds) - targets * odds))
