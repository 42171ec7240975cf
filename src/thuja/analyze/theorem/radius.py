"""How far the second order can be trusted: what is certain of any prototypes, and where given deviations leave it.

With the reach w = max_j - min_j of mu_j.delta / tau, third cumulants of a soft-max are at most w times its variance, so

    phi(-w) <= (exact cost) / (second order) <= phi(w),        phi(w) = 2 (e^w - 1 - w) / w^2
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from thuja.analyze.theorem.expansion import (
    Floats,
    curved_cost,
    log_probabilities,
    reaches,
    second_order,
    shifts_of,
)
from thuja.errors import UsageError

TOLERANCE: Final = 0.1
"""The relative error at which the second order counts as left."""
SCALES: Final[Floats] = np.logspace(-2.5, 1.5, 33)
_SERIES = 1e-3


def cost_bounds(reach: npt.ArrayLike) -> tuple[Floats, Floats]:
    """phi(-w) and phi(w): between these lies the exact cost over the second order, whatever the prototypes."""
    w = np.asarray(reach, dtype=np.float64)
    return _phi(-w), _phi(w)


def _phi(w: Floats) -> Floats:
    near = 1 + w / 3 + w**2 / 12
    safe = np.where(np.abs(w) < _SERIES, 1.0, w)
    with np.errstate(over="ignore"):
        far = 2 * (np.expm1(safe) - safe) / safe**2
    return np.asarray(np.where(np.abs(w) < _SERIES, near, far))


def certain_reach(tolerance: float = TOLERANCE) -> float:
    """The reach w up to which the second order is within `tolerance` of the exact cost, for any prototypes and p.

    0.279 for a tenth: exact / predicted within 1 +- tolerance. Raises UsageError unless 0 < tolerance < 1.
    """
    if not 0 < tolerance < 1:
        raise UsageError(f"a tolerance lies between 0 and 1, got {tolerance}")
    above = brentq(lambda w: float(_phi(np.asarray(w))) - 1 - tolerance, 1e-9, 20.0)
    below = brentq(lambda w: float(_phi(np.asarray(-w))) - 1 + tolerance, 1e-9, 200.0 / (1 - tolerance))
    return float(min(above, below))


@dataclass(frozen=True, slots=True, kw_only=True)
class Radius:
    """The deviations of one point, scaled by c (K,): `errors` (K,) is second order / exact cost - 1.

    At c = 1, `radius` is the root of the mean of |delta|^2 / tau^2 and `reach` that of w^2. `limit` is the c at which
    the error first passes the tolerance, infinite where it does not within the scales.
    """

    scales: Floats
    errors: Floats
    radius: float
    reach: float
    limit: float


def measure_radius(
    point: npt.ArrayLike,
    deviations: npt.ArrayLike,
    prototypes: npt.ArrayLike,
    *,
    tau: float,
    scales: Floats = SCALES,
    tolerance: float = TOLERANCE,
) -> Radius:
    """The errors for deviations (n, D) about a point (D,), scaled from far within the radius to far outside.

    Both costs are without the gradient's term, which a mean of 0 takes away. Deviations that move no logit cost nothing
    by either: their error is 0.
    """
    weights = log_probabilities(np.atleast_2d(point), prototypes, tau=tau)[0]
    shifts = shifts_of(deviations, prototypes, weights, tau=tau)  # (n, L)
    predicted = float(second_order(weights, shifts).mean()) * scales**2
    exact = np.array([float(curved_cost(weights, scale * shifts).mean()) for scale in scales])
    errors = np.divide(predicted, exact, out=np.ones(len(scales)), where=exact > 0) - 1
    lengths = (np.asarray(deviations, dtype=np.float64) ** 2).sum(axis=1)
    return Radius(
        scales=scales,
        errors=errors,
        radius=float(np.sqrt(lengths.mean()) / tau),
        reach=float(np.sqrt((reaches(shifts) ** 2).mean())),
        limit=_limit(scales, np.abs(errors), tolerance),
    )


def _limit(scales: Floats, errors: Floats, tolerance: float) -> float:
    """The first scale at which the error passes the tolerance, between two scales by the logarithm of the scale."""
    beyond = np.flatnonzero(errors > tolerance)
    if not len(beyond):
        return float("inf")
    last = int(beyond[0])
    if last == 0:
        return float(scales[0])
    share = (tolerance - errors[last - 1]) / (errors[last] - errors[last - 1])
    return float(np.exp(np.log(scales[last - 1]) + share * np.log(scales[last] / scales[last - 1])))
