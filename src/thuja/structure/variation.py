"""How much of all variation within species lies inside the span of the species means.

The share is sum |P (x - m_s)|^2 / sum |x - m_s|^2, with P onto the span of the species means m_s: the quantity of
BioCLIP 2 (arXiv:2505.23883), as far as it is public; no code for it is, so no equality with the paper is claimed. As it
stands it is a number of S - 1 dimensions, most of them noise where images are few, and 1 whatever the model where
species are as many as dimensions. Its debiased form asks about the directions alone that halves of the images agree on,
by projections to which the noise of few images adds nothing in the mean (see `KnownSpan`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thuja.errors import UsageError
from thuja.metrics.ratios import Ratio
from thuja.structure.alignment import measure_alignment
from thuja.structure.halves import Flags, KnownSpan, halves_of
from thuja.structure.reading import Reading
from thuja.structure.span import (
    LEAST_VARIANCE,
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
from thuja.structure.specimens import Indices, Sample

PART = "all within species"
SHARE = "share inside the species span, as it stands"
DEBIASED = "share inside the known species span, debiased"
UNSTEADY = "unsteady"
"""What a note begins with where halves cut in several ways do not agree on a share."""
NOTHING_KNOWN = "halves of the images agree on no direction"
"""What a note begins with where a span is of no dimension: what it holds of anything is nothing, and says nothing."""
_APART = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """How often things are drawn: halves of each species' images, and subspaces."""

    halves: int = 5
    subspaces: int = 50

    def __post_init__(self) -> None:
        if self.halves < 1 or self.subspaces < 1:
            raise UsageError(f"halves and subspaces are drawn once or more, got {self.halves} and {self.subspaces}")


def measure_variation(
    vectors: Floats,
    sample: Sample,
    generator: np.random.Generator,
    *,
    cuts: Sequence[Flags],
    subspaces: int,
    groups: Indices | None = None,
) -> list[Reading]:
    """The share inside the span as it stands and debiased, and the alignment, of the sample's vectors (M, D).

    `groups` (M,) are the images' observations, which the cuts do not part.
    """
    whole = Deviations.of(vectors, sample)
    axes = axes_of(whole.means)
    width, dimensions = axes.shape
    span = KnownSpan.of(vectors, sample, cuts)
    known = span.dimensions
    random = _randomly(whole, dimensions, generator, count=subspaces)  # (T, k): of each direction
    matched = _matched(vectors, sample, cuts, generator=generator, dimensions=dimensions, count=subspaces)
    debiased, unsteady = _debiased(vectors, sample, cuts, span=span)
    plain = Ratio(tops=sample.sums(squared(whole.rests, axes)), bottoms=sample.sums(squared(whole.rests)))
    return [
        Reading(
            part=PART,
            measure=SHARE,
            ratio=plain,
            random=spread_of(random.sum(axis=1), value=dimensions / width),
            null=spread_of(matched.sum(axis=1)),
            note=_note(sample.count, dimensions, width),
        ),
        Reading(
            part=PART,
            measure=DEBIASED,
            ratio=debiased,
            random=spread_of(random[:, :known].sum(axis=1), value=known / width),
            null=spread_of(matched[:, :known].sum(axis=1)),
            below=share_below(matched[:, :known].sum(axis=1), debiased.value),
            below_random=share_below(random[:, :known].sum(axis=1), debiased.value),
            note=_note(sample.count, known, width) if known >= width else unsteady or known_note(known, dimensions),
        ),
        measure_alignment(PART, halves_of(vectors, sample, cuts, groups=groups)),
    ]


def _debiased(vectors: Floats, sample: Sample, cuts: Sequence[Flags], *, span: KnownSpan) -> tuple[Ratio, str]:
    """The share of the variation about the means of each half, which is a stranger to the means of both.

    Beside it a sentence where the cuts do not agree on it.
    """
    tops, bottoms = np.zeros((2, len(cuts), sample.count))
    for number, half in enumerate(halves_of(vectors, sample, cuts)):
        rests, sums = half.own.rests, half.own.sample.sums
        tops[number // 2] += sums(span.inside(rests, rests, number // 2))
        bottoms[number // 2] += sums(squared(rests))
    values = tops.sum(axis=1) / np.maximum(bottoms.sum(axis=1), LEAST_VARIANCE)
    low, high = float(values.min()), float(values.max())
    told = f"{UNSTEADY}: cut otherwise, halves of the images say {low:.2g} to {high:.2g}" if high - low > _APART else ""
    return Ratio(tops=tops.sum(axis=0), bottoms=bottoms.sum(axis=0)), told


def _randomly(whole: Deviations, dimensions: int, generator: np.random.Generator, *, count: int) -> Floats:
    """The share of the variation along each direction of random subspaces: (T, k)."""
    spread, width = whole.spread, whole.rests.shape[1]
    return np.array([held_by(spread, random_subspace(width, dimensions, generator)) for _ in range(count)])


def _matched(
    vectors: Floats,
    sample: Sample,
    cuts: Sequence[Flags],
    *,
    generator: np.random.Generator,
    dimensions: int,
    count: int,
) -> Floats:
    """The same for subspaces drawn from the spectrum of all variance, of a half with none of the variation's images.

    Of few images, subspaces drawn from their own spectrum would hold nearly all of their variation.
    """
    found = []
    for half in halves_of(vectors, sample, cuts):
        spectrum, spread = Spectrum.of(half.own.whole), half.other.spread
        for _ in range(-(-count // (2 * len(cuts)))):
            found.append(held_by(spread, spectrum.subspace(dimensions, generator)))
    return np.array(found)


def _note(species: int, dimensions: int, width: int) -> str:
    if dimensions >= width:
        return (
            f"meaningless: the means of {species:,} species span all {width} dimensions, so the share is 1 whatever "
            "the model"
        )
    if 2 * dimensions > width:
        return f"the means of {species:,} species span {dimensions} of {width} dimensions, more than half"
    return ""


def known_note(known: int, dimensions: int) -> str:
    """What is to be said of a span of which less than all is known."""
    if not known:
        return f"{NOTHING_KNOWN} along which species differ"
    return "" if known == dimensions else f"of {known} of {dimensions} directions: halves of the images agree on these"
