"""How much of the variation within species lies inside the span of points that no image helped to make: texts."""

import numpy as np

from thuja.errors import ThujaError
from thuja.metrics.ratios import Ratio
from thuja.structure.halves import Half
from thuja.structure.reading import Reading
from thuja.structure.span import (
    Deviations,
    Floats,
    Spectrum,
    axes_of,
    held_by,
    random_subspace,
    share_below,
    spread_of,
    squared,
)

PROTOTYPE_SHARE = "share inside the span of the text prototypes"


def measure_prototypes(
    part: str,
    deviations: Deviations,
    prototypes: Floats,
    half: Half,
    *,
    generator: np.random.Generator,
    subspaces: int,
) -> Reading:
    """The share of the deviations (M, D) inside the span of prototypes (P, D).

    The spectrum of the null is of the own images of a `half`, and its variation that of the other images. Raises
    ThujaError for prototypes of another width, or all alike.
    """
    width = deviations.rests.shape[1]
    if prototypes.ndim != 2 or prototypes.shape[1] != width:
        raise ThujaError(f"prototypes of shape {prototypes.shape} are not in the images' {width} dimensions")
    basis = axes_of(prototypes)
    dimensions = basis.shape[1]
    if not dimensions:
        raise ThujaError(f"all {len(prototypes)} prototypes are the same vector, and span nothing")
    sample, spread = deviations.sample, deviations.spread
    lengths = squared(deviations.rests)
    ratio = Ratio(tops=sample.sums(squared(deviations.rests, basis)), bottoms=sample.sums(lengths))
    random = np.array([held_by(spread, random_subspace(width, dimensions, generator)).sum() for _ in range(subspaces)])
    spectrum, other = Spectrum.of(half.own.whole), half.other.spread
    matched = np.array([held_by(other, spectrum.subspace(dimensions, generator)).sum() for _ in range(subspaces)])
    is_full = dimensions >= width
    return Reading(
        part=part,
        measure=PROTOTYPE_SHARE,
        ratio=ratio,
        random=spread_of(random, value=dimensions / width),
        null=spread_of(matched),
        below=share_below(matched, ratio.value),
        below_random=share_below(random, ratio.value),
        note=f"meaningless: {len(prototypes):,} prototypes span all {width} dimensions" if is_full else "",
    )
