"""From a probability to how often answers of it are right: a curve of three numbers at each rank.

Beta calibration (Kull, Silva Filho and Flach 2017): p -> 1 / (1 + exp(-(a ln p - b ln(1 - p) + c))), a, b >= 0. It is
the identity at a = b = 1, c = 0, towards which it is drawn as by some twenty observations: few labelled images bend
the curve little. With a = b it is Platt's scaling of the logit.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_SPREAD = 0.5
_LEAST = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaMap:
    """The curve of one rank."""

    a: float = 1.0
    b: float = 1.0
    c: float = 0.0

    def __call__(self, probabilities: npt.ArrayLike) -> Floats:
        """What probabilities mean, in any shape; 0 stays 0."""
        given = np.asarray(probabilities, dtype=np.float64)
        logits = _features(given) @ np.array([self.a, self.b, self.c])
        return np.where(given > 0, 1 / (1 + np.exp(-logits)), 0.0)

    @classmethod
    def fit(cls, probabilities: npt.ArrayLike, is_right: npt.ArrayLike) -> "BetaMap":
        """The likeliest curve under a normal prior about the identity: (N,), (N,)."""
        from scipy.optimize import minimize

        features = _features(np.asarray(probabilities, dtype=np.float64))  # (N, 3)
        signs = np.where(np.asarray(is_right, dtype=bool), 1.0, -1.0)
        start = np.array([1.0, 1.0, 0.0])

        def loss(curve: Floats) -> tuple[float, Floats]:
            margins = signs * (features @ curve)
            pull = (curve - start) / _SPREAD**2
            slope = -(signs / (1 + np.exp(np.minimum(margins, 80)))) @ features + pull
            return float(np.logaddexp(0, -margins).sum() + pull @ (curve - start) / 2), slope

        bounds = [(0.0, None), (0.0, None), (None, None)]
        a, b, c = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x.tolist()
        return cls(a=a, b=b, c=c)


def calibration_error(probabilities: npt.ArrayLike, is_right: npt.ArrayLike, *, bins: int = 15) -> float:
    """ECE: the gap between confidence and share of right answers, over bins of equal width (arXiv:1706.04599)."""
    shares, flags = np.asarray(probabilities, dtype=np.float64), np.asarray(is_right, dtype=np.float64)
    place = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], shares, side="left")
    return float(np.abs(np.bincount(place, flags - shares)).sum() / max(len(shares), 1))


def _features(probabilities: Floats) -> Floats:
    """ln p, -ln(1 - p) and 1: (...) to (..., 3)."""
    inside = np.clip(probabilities, _LEAST, 1 - _LEAST)
    return np.stack([np.log(inside), -np.log1p(-inside), np.ones_like(inside)], axis=-1)
