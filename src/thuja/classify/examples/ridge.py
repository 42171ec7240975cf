"""A number from vectors: ridge regression, and intervals that hold for new observations.

Own code, because scikit-learn leaves single rows out and not whole observations, and because this is forty lines.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from thuja.classify.examples.labelled import Floats, Indices, Labelled
from thuja.errors import EmptyInput

Doubles = npt.NDArray[np.float64]

COVERAGE = 0.9
"""How often a new observation's number lies in the interval."""

_PENALTIES = np.geomspace(1e-4, 1e4, 33)
_TILE_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Ridge:
    """K + 1 regressions: the first on all N examples, and one for each of K rounds, which did not see its examples.

    `weights` (K + 1, D) and `bias` (K + 1,); of the examples their `rounds` and `errors`, in value (N,), and how much
    each counts, one over the images of its observation: `shares` (N,).
    """

    weights: Floats
    bias: Floats
    rounds: Indices
    errors: Floats
    shares: Floats
    observations: int
    penalty: float

    @classmethod
    def fit(cls, labelled: Labelled, values: npt.ArrayLike) -> Self:
        """Learn from the vectors of `labelled` and a number each (N,), whatever its classes.

        The penalty is the one with the least squared error on observations left out. Raises EmptyInput for examples
        of one observation.
        """
        truth = np.asarray(values, dtype=np.float64)
        rounds = labelled.rounds()
        numbers = np.unique(rounds)
        if len(numbers) < 2:
            raise EmptyInput("the examples with a number are all of one observation", hint="add other observations")
        units = labelled.vectors.astype(np.float64)
        left_out = np.empty((len(truth), len(_PENALTIES)))
        solutions = []
        for number in numbers:
            is_rest = rounds != number
            weights, bias = _solved(units[is_rest], truth[is_rest])  # (P, D), (P,)
            left_out[~is_rest] = units[~is_rest] @ weights.T + bias
            solutions.append((weights, bias))
        shares = 1 / np.bincount(labelled.observations)[labelled.observations]
        errors = np.abs(left_out - truth[:, None])
        best = int(np.argmin((shares[:, None] * errors**2).sum(axis=0)))
        whole = _solved(units, truth)
        chosen = [whole, *solutions]
        return cls(
            weights=np.stack([weights[best] for weights, _ in chosen]).astype(np.float32),
            bias=np.array([bias[best] for _, bias in chosen], dtype=np.float32),
            rounds=np.searchsorted(numbers, rounds),
            errors=errors[:, best].astype(np.float32),
            shares=shares.astype(np.float32),
            observations=len(np.unique(labelled.observations)),
            penalty=float(_PENALTIES[best]),
        )

    def predict(self, vectors: Floats) -> Floats:
        """(N, D) vectors of length one to (N,)."""
        return np.asarray(vectors @ self.weights[0] + self.bias[0], dtype=np.float32)

    def intervals(self, vectors: Floats, coverage: float = COVERAGE) -> tuple[Floats, Floats]:
        """The ends of an interval for each vector, by CV+ (arXiv:1905.02928, section 4): (N,) each.

        Example i says f(x) -+ its error, f being the regression that did not see it; the ends are quantiles of these
        over the examples, each observation counting once (arXiv:2006.13567). With fewer observations than the coverage
        needs, the interval is everything.
        """
        level = (1 - coverage) * (1 + 1 / self.observations)  # the quantile's rank is of observations + 1
        if (1 - coverage) * (self.observations + 1) < 1:
            return np.full(len(vectors), -np.inf, np.float32), np.full(len(vectors), np.inf, np.float32)
        low, high = (np.empty(len(vectors), dtype=np.float32) for _ in range(2))
        size = max(1, _TILE_BYTES // (8 * len(self.errors)))
        for start in range(0, len(vectors), size):
            tile = slice(start, start + size)
            said = (vectors[tile] @ self.weights[1:].T + self.bias[1:])[:, self.rounds]  # (B, N)
            low[tile] = _weighted_rank(said - self.errors, self.shares, level)
            high[tile] = -_weighted_rank(-(said + self.errors), self.shares, level)
        return low, high


def _solved(units: Doubles, truth: Doubles) -> tuple[Doubles, Doubles]:
    """The ridge solutions for all penalties, from one eigendecomposition: (P, D) and (P,).

    With the centred X and y, w = V (L + penalty)^-1 V^T X^T y, for X^T X = V L V^T.
    """
    middle, level = units.mean(axis=0), truth.mean()
    centred = units - middle
    values, basis = np.linalg.eigh(centred.T @ centred)
    target = basis.T @ (centred.T @ (truth - level))
    weights = (target / (np.maximum(values, 0) + _PENALTIES[:, None])) @ basis.T
    return weights, level - weights @ middle


def _weighted_rank(values: Floats, shares: Floats, level: float) -> Floats:
    """The largest value of each row up to which lie at most `level` of the shares: (B, N), (N,) to (B,)."""
    order = np.argsort(values, axis=1)
    total = np.cumsum(shares[order], axis=1, dtype=np.float64)
    place = (total <= level * total[:, -1:] + 1e-6).sum(axis=1) - 1
    picked = np.take_along_axis(order, np.maximum(place, 0)[:, None], axis=1)
    return np.asarray(np.take_along_axis(values, picked, axis=1)[:, 0])
