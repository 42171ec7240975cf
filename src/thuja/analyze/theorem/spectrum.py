"""What is left of the theorem where prototypes outnumber dimensions and no direction is free: the p-weighted spectrum.

Prototypes with next to no probability weigh next to nothing in Cov_p(mu). Those that hold 1 - epsilon of it span few
directions, and a deviation at right angles to these costs at most log(1 + epsilon (e^w - 1)).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.analyze.theorem.expansion import Floats, Indices, log_probabilities
from thuja.errors import UsageError

MASS: Final = 0.99
_FLAT: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSpan:
    """The prototypes that hold most of p at a point, the true one among them, and what they span.

    `members` (m,) are their numbers, the likeliest first; `basis` (D, k) of their differences, the heaviest direction
    first; `rest` the probability of all others. `spectrum` (k,) are the variances of p along the basis, and
    `participation` is (sum of them)^2 / (sum of squares), 0 where all vanish.
    """

    members: Indices
    basis: Floats
    spectrum: Floats
    rest: float
    participation: float

    def inside(self, deviations: npt.ArrayLike) -> float:
        """The share of deviations (n, D), by their squares, inside the span; 0 where none deviates."""
        rows = np.asarray(deviations, dtype=np.float64)
        whole = float((rows**2).sum())
        return float(((rows @ self.basis) ** 2).sum() / whole) if whole > 0 else 0.0


def local_span(
    point: npt.ArrayLike, prototypes: npt.ArrayLike, own: int, *, tau: float, mass: float = MASS
) -> LocalSpan:
    """The fewest prototypes (of L, D) that hold `mass` of p at a point (D,), and the true one."""
    if not 0 < mass <= 1:
        raise UsageError(f"a share of the probability lies between 0 and 1, got {mass}")
    texts = np.asarray(prototypes, dtype=np.float64)
    weights = np.exp(log_probabilities(np.atleast_2d(point), texts, tau=tau))[0]
    order = np.argsort(-weights, kind="stable")
    held = np.cumsum(weights[order])
    members = order[: min(len(order), int(np.searchsorted(held, mass * held[-1] * (1 - 1e-12))) + 1)]
    if own not in members:
        members = np.append(members, own)
    shares = weights[members] / weights[members].sum()
    apart = np.sqrt(shares)[:, None] * (texts[members] - shares @ texts[members])  # (m, D)
    _, sizes, axes = np.linalg.svd(apart, full_matrices=False)
    is_there = sizes > _FLAT * max(float(sizes[0]), float(np.finfo(float).tiny))
    spectrum = sizes[is_there] ** 2
    squares = float((spectrum**2).sum())
    return LocalSpan(
        members=members.astype(np.int64),
        basis=np.asarray(axes[is_there].T),
        spectrum=spectrum,
        rest=max(0.0, 1 - float(weights[members].sum())),
        participation=float(spectrum.sum()) ** 2 / squares if squares > 0 else 0.0,
    )


def tail_bounds(rest: npt.ArrayLike, reach: npt.ArrayLike) -> tuple[Floats, Floats]:
    """The least and the most that a deviation at right angles to a local span can cost, whatever the other prototypes.

    log(1 - epsilon (1 - e^-w)) and log(1 + epsilon (e^w - 1)), of the probability `rest` outside and the reach w.
    """
    epsilon, w = np.asarray(rest, dtype=np.float64), np.asarray(reach, dtype=np.float64)
    return np.log1p(epsilon * np.expm1(-w)), np.log1p(epsilon * np.expm1(w))
