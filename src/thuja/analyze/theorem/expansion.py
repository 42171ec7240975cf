"""The loss of an image against text prototypes, and its expansion to second order about any point.

    L_s(z) = log sum_j exp(mu_j.z / tau) - mu_s.z / tau,        p_j = softmax_j(mu_j.z / tau)
    grad L_s = (sum_j p_j mu_j - mu_s) / tau,                   Hess L_s = Cov_p(mu) / tau^2

docs/theorem.md proves what stands here. Prototypes (L, D) are the alternatives, in any number; `own` says which of them
is the true one. Everything is computed in float64.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax, logsumexp

from thuja.errors import EmptyInput, ThujaError, UsageError

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_NEAR = 300.0
"""Shifts of logits below this go through expm1, which keeps costs far below one; beyond, exp would overflow."""


def losses(points: npt.ArrayLike, prototypes: npt.ArrayLike, own: npt.ArrayLike, *, tau: float) -> Floats:
    """L_s of points (N, D) with prototypes (L, D), `own` (N,) the true one of each: (N,).

    A loss far below one keeps its digits: it is log(1 + sum of exp(a_j - a_s) over the others). Of one prototype it
    is 0.
    """
    logits = logits_of(points, prototypes, tau=tau)  # (N, L)
    rows, true = np.arange(len(logits)), np.asarray(own, dtype=np.int64)
    apart = logits - logits[rows, true][:, None]
    apart[rows, true] = -np.inf
    others = logsumexp(apart, axis=1) if apart.shape[1] > 1 else np.full(len(apart), -np.inf)
    return np.asarray(np.logaddexp(0.0, others))


def logits_of(points: npt.ArrayLike, prototypes: npt.ArrayLike, *, tau: float) -> Floats:
    """mu_j.z / tau of points (N, D) with prototypes (L, D): (N, L).

    Raises UsageError for a tau that is not above 0, ThujaError for what does not fit or is no number.
    """
    require_temperature(tau)
    rows, texts = np.asarray(points, dtype=np.float64), np.asarray(prototypes, dtype=np.float64)
    if rows.ndim != 2 or texts.ndim != 2 or rows.shape[1] != texts.shape[1]:
        raise ThujaError(f"points of shape {rows.shape} do not lie in one space with prototypes of {texts.shape}")
    if not len(texts):
        raise EmptyInput("there is no prototype to hold images against")
    logits = np.asarray(rows @ texts.T / tau)
    if not np.isfinite(logits).all():
        raise ThujaError("points or prototypes are not all numbers", hint="leave these rows out, or embed them again")
    return logits


def require_temperature(tau: float) -> None:
    """Raise UsageError unless this is a temperature."""
    if not (np.isfinite(tau) and tau > 0):
        raise UsageError(f"the temperature must be above 0, got {tau}", hint="CLIP's models end at 0.01")


def log_probabilities(points: npt.ArrayLike, prototypes: npt.ArrayLike, *, tau: float) -> Floats:
    """log p of each prototype at points (N, D): (N, L)."""
    return np.asarray(log_softmax(logits_of(points, prototypes, tau=tau), axis=1))


def gradient(point: npt.ArrayLike, prototypes: npt.ArrayLike, own: int, *, tau: float) -> Floats:
    """The gradient of L_s at a point (D,): (D,)."""
    texts = np.asarray(prototypes, dtype=np.float64)
    weights = np.exp(log_probabilities(np.atleast_2d(point), texts, tau=tau))[0]
    return np.asarray((weights @ texts - texts[own]) / tau)


def hessian(point: npt.ArrayLike, prototypes: npt.ArrayLike, *, tau: float) -> Floats:
    """The Hessian of L_s at a point (D,), which is the same for every s: Cov_p(mu) / tau^2, (D, D)."""
    texts = np.asarray(prototypes, dtype=np.float64)
    weights = np.exp(log_probabilities(np.atleast_2d(point), texts, tau=tau))[0]
    return weighted_covariance(texts, weights) / tau**2


def weighted_covariance(prototypes: npt.ArrayLike, weights: npt.ArrayLike) -> Floats:
    """Cov_p(mu) of prototypes (L, D) with weights (L,) that sum to one: (D, D)."""
    texts, shares = np.asarray(prototypes, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    apart = texts - shares @ texts
    return np.asarray((apart * shares[:, None]).T @ apart)


def expected_cost(point: npt.ArrayLike, covariance: npt.ArrayLike, prototypes: npt.ArrayLike, *, tau: float) -> float:
    """tr(Cov_p(mu) Sigma) / 2 tau^2: the second-order cost of deviations of mean 0 and covariance (D, D)."""
    return float(np.sum(hessian(point, prototypes, tau=tau) * np.asarray(covariance, dtype=np.float64)) / 2)


def shifts_of(deviations: npt.ArrayLike, prototypes: npt.ArrayLike, log_weights: Floats, *, tau: float) -> Floats:
    """How deviations (n, D) move the logits, less the mean over p: y_j = mu_j.delta / tau - sum_k p_k mu_k.delta / tau.

    (n, L); `log_weights` (L,) is log p at the point that is deviated from.
    """
    shifts = logits_of(deviations, prototypes, tau=tau)
    return np.asarray(shifts - (shifts @ np.exp(log_weights))[:, None])


def second_order(log_weights: Floats, shifts: Floats) -> Floats:
    """Var_p(mu.delta) / 2 tau^2 of each row of `shifts_of`: (n,). Their mean is tr(Cov_p(mu) Sigma) / 2 tau^2."""
    return np.asarray(shifts**2 @ np.exp(log_weights) / 2)


def curved_cost(log_weights: Floats, shifts: Floats) -> Floats:
    """L(b + delta) - L(b) - grad L(b).delta of each row of `shifts_of`, exactly: log sum_j p_j exp(y_j), (n,).

    Never below 0, as the loss is convex. Over deviations of mean 0 its mean is E[L(b + delta)] - L(b), whichever
    prototype is the true one.
    """
    found = np.empty(len(shifts))
    is_near = np.abs(shifts).max(axis=1) < _NEAR
    # sum p y = 0, so it may be taken off: then no term is below 0, and none is lost beside 1.
    near, far = shifts[is_near], shifts[~is_near] + log_weights
    found[is_near] = np.log1p((np.expm1(near) - near) @ np.exp(log_weights))
    top = far.max(axis=1, initial=-np.inf)
    found[~is_near] = top + np.log(np.exp(far - top[:, None]).sum(axis=1))
    return np.asarray(np.maximum(found, 0.0))


def reaches(shifts: Floats) -> Floats:
    """w = max_j - min_j of mu_j.delta / tau, each row of `shifts_of`: how far a deviation parts the logits, (n,)."""
    return np.asarray(np.ptp(shifts, axis=1))
