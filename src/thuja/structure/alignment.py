"""The alignment of the variation within species with the differences between them, for any number of species.

D tr(B W) / (tr B tr W), with the covariances B between and W within species: the variance within species along a
difference of two species, an average direction being 1. A span says where species differ, and this how far, so that
directions of little difference count little, and species as many as dimensions do no harm. It is unbiased: B and W are
of halves of the images that share none, and the noise of B is taken off.
"""

from collections.abc import Iterable

import numpy as np

from thuja.metrics.ratios import Ratio
from thuja.structure.halves import Half
from thuja.structure.reading import Reading
from thuja.structure.span import LEAST_VARIANCE, Floats, spread_of, squared
from thuja.structure.specimens import Indices

ALIGNMENT = "alignment with species differences (average direction = 1)"


def measure_alignment(part: str, halves: Iterable[Half]) -> Reading:
    """The alignment over all halves; its null is that of all variance, between and within, with the variance within."""
    found = [_aligned(half) for half in halves]
    ratio = Ratio(
        tops=np.sum([ratio.tops for ratio, _ in found], axis=0),
        bottoms=np.sum([ratio.bottoms for ratio, _ in found], axis=0),
    )
    return Reading(
        part=part,
        measure=ALIGNMENT,
        ratio=ratio,
        random=spread_of(np.ones(1)),
        null=spread_of(np.full(1, np.mean([bar for _, bar in found]))),
    )


def _aligned(half: Half) -> tuple[Ratio, float]:
    """The own half's differences with the other half's variation, and all of the own half's variance with it.

    Summed over species, E|m_s - m|^2_W = |mu_s - mu|^2_W + (1 - 1 / S) tr(W_s W) / n_s for the W of other images: the
    second term is estimated from the own half's rests and taken off. Images of one observation are one: their rests are
    added up before they are squared.
    """
    own, spread = half.own, half.other.spread
    count, width = own.means.shape
    trace = max(float(np.trace(spread)), LEAST_VARIANCE)
    along = np.einsum("nd,nd->n", own.rests @ spread, own.rests)  # (M,): x' W x
    lengths = squared(own.rests)
    lone, species = _added(own.rests, own.sample.species, half.groups)  # (G, D), (G,)
    observed = np.bincount(species, minlength=count)
    few = (1 - 1 / count) * observed / ((observed - 1) * own.sizes**2)
    between = own.between
    noise = np.bincount(species, weights=np.einsum("gd,gd->g", lone @ spread, lone), minlength=count)
    tops = np.einsum("sd,sd->s", between @ spread, between) - few * noise
    bottoms = squared(between) - few * np.bincount(species, weights=squared(lone), minlength=count)
    freedom = len(own.rests) - count
    inside = tops.sum() / (count - 1) + along.sum() / freedom  # tr(T W), T = B + W
    whole = bottoms.sum() / (count - 1) + lengths.sum() / freedom
    return Ratio(tops=tops * width / trace, bottoms=bottoms), float(width * inside / (whole * trace))


def _added(rests: Floats, species: Indices, groups: Indices) -> tuple[Floats, Indices]:
    """The sum of each observation's rests (M, D), and its species: (G, D), (G,)."""
    units, unit = np.unique(np.stack([species, groups]), axis=1, return_inverse=True)
    if units.shape[1] == len(rests):
        return rests, species
    sums = np.zeros((units.shape[1], rests.shape[1]))
    np.add.at(sums, unit.reshape(-1), rests)
    return sums, units[0]
