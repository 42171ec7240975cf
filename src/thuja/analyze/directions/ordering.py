"""How well scores order values: Spearman's correlation of numbers, the area under the curve of two levels."""

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]

SPEARMAN = "Spearman's correlation"
AREA = "area under the curve"
CHANCE = {SPEARMAN: 0.0, AREA: 0.5}


def measure_of(values: Floats) -> str:
    """AREA of values that are all 0 or 1, else SPEARMAN."""
    return AREA if np.isin(values, (0.0, 1.0)).all() else SPEARMAN


def spearman(scores: Floats, values: Floats) -> Floats:
    """Spearman's correlation (P,) of each column of scores (R, P) with that of values (R, P); 0 where one is constant.

    A constant orders nothing, which is what 0 says.
    """
    ranks, others = (_standard(stats.rankdata(table, axis=0)) for table in (scores, values))
    return np.asarray((ranks * others).sum(axis=0))


def area(scores: Floats, values: Floats) -> Floats:
    """The share of pairs of a 0 and a 1 in which the 1 scores higher (P,), a tie a half; .5 without such a pair.

    Scores and values are (R, P), values 0 or 1.
    """
    ranks = stats.rankdata(scores, axis=0)
    ones = values.sum(axis=0)
    pairs = ones * (len(values) - ones)
    above = (ranks * values).sum(axis=0) - ones * (ones + 1) / 2
    return np.asarray(np.divide(above, pairs, out=np.full(len(pairs), 0.5), where=pairs > 0))


def ordered(measure: str, scores: Floats, values: Floats) -> Floats:
    """The measure of that name (P,)."""
    return area(scores, values) if measure == AREA else spearman(scores, values)


def _standard(ranks: Floats) -> Floats:
    """Ranks less their mean, of length one; zeros where all are equal."""
    apart = ranks - ranks.mean(axis=0)
    lengths = np.linalg.norm(apart, axis=0)
    return np.asarray(np.divide(apart, lengths, out=np.zeros_like(apart), where=lengths > 0))
