"""In how many directions images vary within species and species differ, and which of the two is more.

The participation ratio of a covariance C is (tr C)^2 / tr(C^2): the number of directions, were they all as wide. Of few
images tr(C^2) is too large by their noise, so it is a product of covariances of two halves of the images, and the noise
of species means is left out where two halves of a species are multiplied. The energy of class means is tr B / (tr B +
tr W): the share of all variance that is between species.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from thuja.structure.halves import Half
from thuja.structure.span import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Breadth:
    """Participation ratios, energy, and the shares of variance along the own axes, the widest first, (D,) each.

    The spectrum `between` is of products of halves: what falls below zero is noise. NaN where there is no difference.
    """

    within_ratio: float
    between_ratio: float
    energy: float
    within: Floats
    between: Floats


def breadth_of(halves: Iterable[Half]) -> Breadth:
    """The breadth over all halves of a sample."""
    squares: list[tuple[float, float, float, float]] = []
    within, between = [], []
    for half in halves:
        own, other = half.own, half.other
        first, second = own.between, other.between
        count = len(first)
        crossed = first.T @ second / (count - 1)  # (D, D)
        # Of two species, b1_i . b2_j times b2_i . b1_j: no noise stands in it twice.
        traces = float(np.trace(crossed)), _product(crossed, crossed), float(np.trace(own.spread))
        squares.append((*traces, _product(own.spread, other.spread)))
        within.append(own.spread)
        between.append((crossed + crossed.T) / 2)
    apart, apart_squared, spread, spread_squared = np.mean(squares, axis=0)
    return Breadth(
        within_ratio=_ratio(spread, spread_squared),
        between_ratio=_ratio(apart, apart_squared),
        energy=float(max(apart, 0.0) / (max(apart, 0.0) + spread)) if spread > 0 else float("nan"),
        within=_shares(np.mean(within, axis=0)),
        between=_shares(np.mean(between, axis=0)),
    )


def participation_ratio(covariance: Floats) -> float:
    """(tr C)^2 / tr(C^2) of a covariance (D, D) as it stands; NaN of nothing."""
    return _ratio(float(np.trace(covariance)), _product(covariance, covariance))


def _ratio(trace: float, square: float) -> float:
    return float(trace**2 / square) if trace > 0 and square > 0 else float("nan")


def _product(first: Floats, second: Floats) -> float:
    return float(np.einsum("de,ed->", first, second))


def _shares(covariance: Floats) -> Floats:
    variances = np.linalg.eigvalsh(covariance)[::-1]
    total = float(variances.sum())
    return np.asarray(variances / total) if total > 0 else np.zeros(len(variances))
