"""How much of the variation of a species lies inside the span of the species that it is confused with.

Beside the share stands how far that variation lies along those differences, tr(Cov_p W_s) as a multiple of an average
direction's: the term by which, to second order, a loss grows with it. Both are held against random subspaces of as many
dimensions, and against the local spans of other species, dealt out at random: these lean to where the model's species
differ, and know nothing of the one that is asked about. A span is dealt to a species whose own is about as wide: where
images vary much, halves agree on less, and wider spans of other species would hold more of them whatever they know.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from thuja.metrics.ratios import Ratio
from thuja.structure.local import LocalSpans
from thuja.structure.reading import Reading
from thuja.structure.span import Floats, share_below, spread_of
from thuja.structure.specimens import Indices
from thuja.structure.variation import NOTHING_KNOWN

LOCAL_SHARE = "share inside the local span of confusable species"
LOCAL_ALIGNMENT = "p-weighted alignment with confusable species (average direction = 1)"
_ALIKE = 10
"""Species of about as many dimensions, or a few more, among whom spans are dealt."""

Rests = Callable[[int], Sequence[tuple[int, Floats]]]
"""From a species to its deviations: (n, D) for each cut that they are of, with the number of the cut."""


def measure_local(
    part: str, spans: LocalSpans, rests: Rests, generator: np.random.Generator, *, others: int, width: int
) -> list[Reading]:
    """The local share and alignment of all species, with a null of `others` deals of the spans to the species.

    `below` of a reading is the share of deals that lie as low. A species whose halves agree on no direction counts with
    a span of nothing.
    """
    own, dealt = _summed(spans, rests, generator, others=others)
    lengths, random = own.lengths, spans.dimensions / width
    share = Ratio(tops=own.inside, bottoms=lengths)
    along = Ratio(tops=own.along * width, bottoms=own.wide)
    shares = np.array([one.inside.sum() / lengths.sum() for one in dealt]) if lengths.sum() > 0 else np.zeros(0)
    alongs = np.array([width * one.along.sum() / one.wide.sum() for one in dealt if one.wide.sum() > 0])
    lone = int((spans.dimensions == 0).sum())
    most = int(spans.confusables.places.shape[1]) - 1
    note = f"{spans.dimensions.mean():.3g} of {most} directions in the mean"
    if lone:
        note += f"; of {lone:,} of {len(lengths):,} species, halves of the images agree on none"
    if lone == len(lengths):
        note = f"{NOTHING_KNOWN} along which confusable species differ"
    if most >= width:
        note = f"meaningless: {most} confusable species span all {width} dimensions"
    return [
        Reading(
            part=part,
            measure=LOCAL_SHARE,
            ratio=share,
            random=spread_of(np.array([(random * lengths).sum() / lengths.sum()])) if lengths.sum() > 0 else None,
            null=spread_of(shares),
            null_ratio=_mean([Ratio(tops=one.inside, bottoms=lengths) for one in dealt]),
            below=share_below(shares, share.value),
            note=note,
        ),
        Reading(
            part=part,
            measure=LOCAL_ALIGNMENT,
            ratio=along,
            random=spread_of(np.ones(1)),
            null=spread_of(alongs),
            null_ratio=_mean([Ratio(tops=one.along * width, bottoms=one.wide) for one in dealt]),
            below=share_below(alongs, along.value),
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """By species (S,): x' P x, x' C x, tr C tr W and x' x, added up over images and cuts."""

    inside: Floats
    along: Floats
    wide: Floats
    lengths: Floats


def _summed(
    spans: LocalSpans, rests: Rests, generator: np.random.Generator, *, others: int
) -> tuple[_Sums, list[_Sums]]:
    count = len(spans.confusables)
    deals = [dealt_alike(spans.dimensions, generator) for _ in range(others)]
    found = np.zeros((1 + others, 4, count))
    for species in range(count):
        views = rests(species)
        for cut, rows in views:
            found[0, :, species] += _one(spans, rows, species, cut)
        for number, deal in enumerate(deals):
            cut, rows = views[number % len(views)]
            found[1 + number, :, species] = _one(spans, rows, int(deal[species]), cut)
    # A deal is of one cut, so its lengths are not those of all cuts: its shares are scaled to them.
    whole = found[0, 3]
    scale = np.divide(whole, found[1:, 3], out=np.zeros((others, count)), where=found[1:, 3] > 0)
    own = _Sums(inside=found[0, 0], along=found[0, 1], wide=found[0, 2], lengths=whole)
    dealt = [
        _Sums(inside=one[0] * by, along=one[1] * by, wide=one[2] * by, lengths=whole)
        for one, by in zip(found[1:], scale, strict=True)
    ]
    return own, dealt


def dealt_alike(dimensions: Indices, generator: np.random.Generator) -> Indices:
    """The species whose span each species gets, (S,): dealt among those of about as many `dimensions` (S,)."""
    order = np.lexsort((generator.random(len(dimensions)), dimensions))
    deal = np.empty(len(order), dtype=np.int64)
    for alike in np.array_split(order, max(1, len(order) // _ALIKE)):
        deal[alike] = generator.permutation(alike)
    return deal


def _one(spans: LocalSpans, rows: Floats, species: int, cut: int) -> tuple[float, float, float, float]:
    inside, along = spans.seen_by(rows, species, cut)
    length = float(np.einsum("nd,nd->", rows, rows))
    return inside, along, float(spans.traces[cut, species]) * length, length


def _mean(ratios: Sequence[Ratio]) -> Ratio | None:
    """The mean of the sums of several ratios over the same species."""
    if not ratios:
        return None
    return Ratio(
        tops=np.mean([ratio.tops for ratio in ratios], axis=0),
        bottoms=np.mean([ratio.bottoms for ratio in ratios], axis=0),
    )


def rests_by_species(rests: Sequence[tuple[int, Floats, Indices]], count: int) -> Rests:
    """The deviations of halves, (cut, (M, D), species (M,) in order), as `measure_local` asks for them."""
    ends = [np.searchsorted(species, np.arange(count + 1)) for _, _, species in rests]

    def of(species: int) -> list[tuple[int, Floats]]:
        return [(cut, rows[end[species] : end[species + 1]]) for (cut, rows, _), end in zip(rests, ends, strict=True)]

    return of
