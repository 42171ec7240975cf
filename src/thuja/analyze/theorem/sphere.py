"""What a deviation at right angles to every prototype costs where images are set to length one: a warmer soft-max.

For delta of length r with mu_j.delta = 0 for all j, z = (b + delta) / sqrt(|b|^2 + r^2) has the logits of b at the
temperature tau sqrt(1 + r^2), b being of length one. The slope in log tau says whether that costs or gains.
"""

import numpy as np
import numpy.typing as npt

from thuja.analyze.theorem.expansion import Floats, log_probabilities, logits_of, losses


def temperature_cost(
    points: npt.ArrayLike, prototypes: npt.ArrayLike, own: npt.ArrayLike, *, tau: float, radius: npt.ArrayLike
) -> Floats:
    """L at the temperature tau sqrt(1 + r^2) less L at tau, of points (N, D) of length one: (N,).

    `radius` is r, one for all or one a point. Exact: what an orthogonal deviation of length r costs on the sphere.
    """
    rows = np.asarray(points, dtype=np.float64)
    stretch = np.sqrt(1 + np.broadcast_to(np.asarray(radius, dtype=np.float64), (len(rows),)) ** 2)
    warmed = losses(rows / stretch[:, None], prototypes, own, tau=tau)
    return np.asarray(warmed - losses(rows, prototypes, own, tau=tau))


def temperature_slopes(
    points: npt.ArrayLike, prototypes: npt.ArrayLike, own: npt.ArrayLike, *, tau: float
) -> tuple[Floats, Floats]:
    """A = dL / d log tau and V, with d^2 L / d (log tau)^2 = V - A, at points (N, D): (N,) and (N,).

    With logits a_j, A = a_s - E_p[a] and V = Var_p(a). A is above 0, so that warmth costs, where the true logit is
    above the mean of all under p: wherever the true prototype wins, and also where it merely beats that mean.
    """
    logits = logits_of(points, prototypes, tau=tau)
    weights = np.exp(log_probabilities(points, prototypes, tau=tau))
    apart = logits - (weights * logits).sum(axis=1, keepdims=True)
    rows = np.arange(len(logits))
    return np.asarray(apart[rows, np.asarray(own)]), np.asarray((weights * apart**2).sum(axis=1))


def temperature_expansion(slope: npt.ArrayLike, variance: npt.ArrayLike, *, radius: npt.ArrayLike) -> Floats:
    """A r^2 / 2 + (V - 3 A) r^4 / 8: `temperature_cost` up to terms in r^6, of slopes A and variances V."""
    a, v = np.asarray(slope, dtype=np.float64), np.asarray(variance, dtype=np.float64)
    square = np.asarray(radius, dtype=np.float64) ** 2
    return np.asarray(a * square / 2 + (v - 3 * a) * square**2 / 8)
