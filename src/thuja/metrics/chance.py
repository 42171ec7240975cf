"""What blind guessing scores in retrieval: expectations over every order of the candidates, each as likely.

The same formulas give equal scores their due: among equals every order is as likely too.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


def hit_chance(right: npt.ArrayLike, among: npt.ArrayLike, draws: npt.ArrayLike) -> Floats:
    """The chance that `draws` of `among` things, drawn without return, hold one of the `right`: all (Q,).

    One minus the chance that all miss, the product of (among - right - i) / (among - i) for i below `draws`, which
    is nought from where the wrong ones run out.
    """
    wrong, total, drawn = np.broadcast_arrays(
        np.asarray(among, dtype=np.float64) - np.asarray(right, dtype=np.float64),
        np.asarray(among, dtype=np.float64),
        np.asarray(draws, dtype=np.int64),
    )
    missed: npt.NDArray[Any] = np.ones(wrong.shape)
    for step in range(int(drawn.max(initial=0))):
        is_drawn = step < np.minimum(drawn, total)
        left = np.where(is_drawn, total - step, 1)
        missed = missed * np.where(is_drawn, (wrong - step) / left, 1)
    return np.asarray(1 - missed)


def average_precision_chance(relevant: int, among: int, depth: int, *, normaliser: int) -> float:
    """What average precision to a depth is by chance, with R of N candidates relevant.

    Place i is relevant with probability R/N, and given that, each place before it with (R - 1)/(N - 1):
    the sum over places of R/N * (1 + (i - 1)(R - 1)/(N - 1)) / i, over the normaliser.
    """
    places = np.arange(1, min(depth, among) + 1, dtype=np.float64)
    others = (relevant - 1) / (among - 1) if among > 1 else 0.0
    precision = (1 + (places - 1) * others) / places
    return float(relevant / among * precision.sum() / normaliser)


def ndcg_chance(relevant: int, among: int, depth: int) -> float:
    """What nDCG to a depth is by chance: every place is relevant with probability R/N."""
    discounts = 1 / np.log2(np.arange(2, min(depth, among) + 2))
    return float(relevant / among * discounts.sum() / discounts[:relevant].sum())


def reciprocal_rank_chance(relevant: int, among: int, depth: int) -> float:
    """What the reciprocal rank of the first relevant place is by chance, nought where none is within the depth."""
    places = np.arange(1, min(depth, among) + 1)
    by_then = hit_chance(relevant, among, places)
    return float((np.diff(by_then, prepend=0.0) / places).sum())
