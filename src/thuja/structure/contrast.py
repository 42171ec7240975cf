"""Two levels within species (juvenile and adult, female and male): how far apart, and where the difference lies.

The Fisher ratio of a species is |m_a - m_b|^2 / (tr C_a + tr C_b), means and covariances of its two levels. Its two
parts are told apart, because a ratio rises as well where nothing moves apart and everything shrinks. A difference of
means of n images each is longer than the true one by (tr C_a + tr C_b) / n in the mean, which is taken off. The share
of the difference inside the span is made of products of differences of two halves of the images, which no noise adds
to.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thuja.metrics.ratios import Ratio
from thuja.structure.halves import Flags, KnownSpan, cuts_of
from thuja.structure.reading import Reading
from thuja.structure.span import Deviations, Floats, Spectrum, random_subspace, share_below, spread_of, squared
from thuja.structure.specimens import Sample
from thuja.structure.variation import known_note

SHARE = "share of the difference inside the known species span, debiased"
BETWEEN = "between: squared distance of the two means, debiased"
WITHIN = "within: variance about the two means"
FISHER = "Fisher ratio, debiased"
FISHER_PLAIN = "Fisher ratio as it stands"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The steps of C cuts, from the first level's mean to the second's, as either half has them: two of (C, S, D)."""

    here: Floats
    there: Floats

    @classmethod
    def of(cls, vectors: Floats, sample: Sample, cuts: Sequence[Flags]) -> "Steps":
        """The steps of a contrast's sample, whose halves have as many images of both levels of a species."""
        halves = [[steps_of(vectors[part], sample.at(part)) for part in (first, ~first)] for first in cuts]
        return cls(here=np.stack([one for one, _ in halves]), there=np.stack([other for _, other in halves]))

    def inside_known(self, span: KnownSpan) -> Ratio:
        """The share of the steps inside a known span.

        Each half's step meets the contrasts of species of the other half alone. Where one level varies more than the
        other, the noise of a step and that of the mean halfway are no strangers within a half.
        """
        tops = [
            span.inside(there, here, cut) for cut, (here, there) in enumerate(zip(self.here, self.there, strict=True))
        ]
        return Ratio(tops=np.sum(tops, axis=0), bottoms=self._products().sum(axis=0))

    def inside(self, basis: Floats) -> float:
        """The share of all steps inside a basis (D, k); NaN where there is no difference to have a share of."""
        whole = float(self._products().sum())
        held = np.einsum("csk,csk->", self.here @ basis, self.there @ basis)
        return float(held / whole) if whole > 0 else float("nan")

    def _products(self) -> Floats:
        return np.asarray(np.einsum("csd,csd->cs", self.here, self.there))


def steps_of(vectors: Floats, sample: Sample) -> Floats:
    """The mean of each species' second level less that of its first, of as many images: (S, D)."""
    signs = np.where(sample.is_second, 2.0, -2.0)[:, None]
    starts = (np.cumsum(sample.sizes) - sample.sizes).astype(np.int64)
    return np.asarray(np.add.reduceat(signs * vectors, starts, axis=0) / sample.sizes[:, None])


def measure_contrast(
    part: str,
    vectors: Floats,
    sample: Sample,
    *,
    cuts: Sequence[Flags],
    span: KnownSpan,
    generator: np.random.Generator,
    subspaces: int,
) -> list[Reading]:
    """The share of the difference inside the span, and the Fisher ratio with its parts, of vectors (M, D)."""
    steps, (width, known) = Steps.of(vectors, sample, cuts), span.basis.shape
    random = [steps.inside(random_subspace(width, known, generator)) for _ in range(subspaces)]
    matched = _matched(vectors, sample, generator, known=known, cuts=len(cuts), count=subspaces)
    share = steps.inside_known(span)
    is_seen = share.bottoms.sum() > 0
    plain, variances = squared(steps_of(vectors, sample)), _variances(vectors, sample)
    lengths = plain - variances / (sample.sizes / 2)
    return [
        Reading(
            part=part,
            measure=SHARE,
            ratio=share,
            random=spread_of(np.array(random), value=known / width),
            null=spread_of(matched),
            below=share_below(matched, share.value),
            below_random=share_below(np.array(random), share.value),
            note=known_note(known, min(sample.count - 1, width)) if is_seen else "no difference of the levels is seen",
        ),
        Reading(part=part, measure=BETWEEN, ratio=Ratio.mean(lengths)),
        Reading(part=part, measure=WITHIN, ratio=Ratio.mean(variances)),
        Reading(part=part, measure=FISHER, ratio=Ratio(tops=lengths, bottoms=variances)),
        Reading(part=part, measure=FISHER_PLAIN, ratio=Ratio(tops=plain, bottoms=variances)),
    ]


def _variances(vectors: Floats, sample: Sample) -> Floats:
    """The variances of the two levels of each species added up: (S,)."""
    signs = np.where(sample.is_second, 0.5, -0.5)[:, None]
    rests = Deviations.of(vectors, sample).rests - signs * steps_of(vectors, sample)[sample.species]
    return np.asarray(sample.sums(squared(rests)) / (sample.sizes / 2 - 1))


def _matched(
    vectors: Floats, sample: Sample, generator: np.random.Generator, *, known: int, cuts: int, count: int
) -> Floats:
    """The share inside subspaces drawn from the spectrum of half of the species, of the other half's steps.

    Of the same species' images, they would lean towards those very steps.
    """
    if sample.count < 4:
        return np.zeros(0)
    found = []
    for _ in range(cuts):
        is_own = np.isin(sample.species, generator.permutation(sample.count)[: sample.count // 2])
        others = sample.renumbered(~is_own)
        steps = Steps.of(vectors[~is_own], others, cuts_of(others, cuts, generator))
        spectrum = Spectrum.of(vectors[is_own])
        found += [steps.inside(spectrum.subspace(known, generator)) for _ in range(-(-count // cuts))]
    return np.array(found)
