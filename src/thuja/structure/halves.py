"""Images cut in two halves that share none: what both see is there, and what only one sees is noise of few images.

A span of species means is as well known as its weakest direction. Means of few images differ along directions in which
no two species do, and these lean to where images vary most. So a direction counts as known where the species' means of
other images repeat it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.structure.span import LEAST_VARIANCE, Deviations, Floats, axes_of, means_of
from thuja.structure.specimens import Indices, Sample

Flags = npt.NDArray[np.bool_]

AGREED: Final = 0.5
"""The share of what species differ by along a direction, in one half, that the other half must repeat."""
_FIRM: Final = 0.5
"""What it must repeat of a direction given all directions before it: less would divide by nearly nothing but noise."""


def cuts_of(
    sample: Sample, count: int, generator: np.random.Generator, *, groups: Indices | None = None
) -> list[Flags]:
    """`count` times, whether each image (M,) is in the first half of its species' images.

    Of an odd number either half has one more, at random. Of a contrast's sample (see `draw_contrast`) the n-th image of
    one level goes where the n-th of the other does. `groups` (M,) numbers the observations of another sample: each goes
    to one half whole, and what is halved is their number.
    """
    units, unit = _units_of(sample, groups)
    kinds = units[0]
    sizes = np.bincount(kinds)
    starts = np.cumsum(sizes) - sizes
    cuts = []
    for _ in range(count):
        order = np.lexsort((generator.random(len(kinds)), kinds))
        turn = np.empty(len(order), dtype=np.int64)
        turn[order] = np.arange(len(order)) - starts[kinds[order]]
        coin = generator.integers(2, size=sample.count)[kinds]
        cuts.append((turn < (sizes[kinds] + coin) // 2)[unit])
    return cuts


def _units_of(sample: Sample, groups: Indices | None) -> tuple[Indices, Indices]:
    """What is dealt to halves, (2, U), its species the first line, and the unit of each image (M,)."""
    rows = np.arange(len(sample.species))
    if sample.is_second.any():
        _, starts, place = np.unique(2 * sample.species + sample.is_second, return_index=True, return_inverse=True)
        groups = rows - starts[place]  # the turn of an image at its level
    if groups is None:
        return np.stack([sample.species, rows]), rows
    units, unit = np.unique(np.stack([sample.species, groups]), axis=1, return_inverse=True)
    return units, unit.reshape(-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """One half of every species' images, and the other: their deviations. `groups` are the own images' observations."""

    own: Deviations
    other: Deviations
    groups: Indices


def halves_of(
    vectors: Floats, sample: Sample, cuts: Sequence[Flags], *, groups: Indices | None = None
) -> Iterator[Half]:
    """The two halves of each cut, each once as the own one and once as the other."""
    groups = np.arange(len(vectors)) if groups is None else groups
    for is_first in cuts:
        first, second = (Deviations.of(vectors[chosen], sample.at(chosen)) for chosen in (is_first, ~is_first))
        yield Half(own=first, other=second, groups=groups[is_first])
        yield Half(own=second, other=first, groups=groups[~is_first])


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSpan:
    """The directions along which species differ, as far as halves of the images agree on them.

    `basis` (D, k) is of all images; of them as they stand, P = V V'. Its noise leans P towards where images vary. So of
    each cut there is an oblique projection P = A (B'A)^-1 B' too, with the same k contrasts of species A (D, k) as one
    half has them and B as the other. The noise of A and that of B are strangers to each other: what P holds of anything
    else is right in the mean but for terms in 1 / n^2. `lefts` are A (B'A)^-1, `rights` B.
    """

    basis: Floats
    lefts: tuple[Floats, ...]
    rights: tuple[Floats, ...]

    @property
    def dimensions(self) -> int:
        """k, how many directions are known."""
        return int(self.basis.shape[1])

    @classmethod
    def of(cls, vectors: Floats, sample: Sample, cuts: Sequence[Flags]) -> "KnownSpan":
        """The known span of the species of vectors (M, D)."""
        means = [
            (means_of(vectors[is_first], sample.at(is_first)), means_of(vectors[~is_first], sample.at(~is_first)))
            for is_first in cuts
        ]
        return cls.of_means(means_of(vectors, sample), means)

    @classmethod
    def of_means(cls, whole: Floats, halves: Sequence[tuple[Floats, Floats]]) -> "KnownSpan":
        """The known span of species whose means (S, D) of all images and of the two halves of each cut these are."""
        between = _between(whole)
        means = [(_between(first), _between(second)) for first, second in halves]
        known = _agreed([*means, *((second, first) for first, second in means)])
        left, sizes, _ = np.linalg.svd(between, full_matrices=False)
        scaled = left[:, :known] / np.maximum(sizes[:known], LEAST_VARIANCE)
        for first, second in means:
            agreement = (scaled.T @ second) @ (scaled.T @ first).T
            known = min(known, int(np.argmin(np.append(are_firm(agreement), False))))
        contrasts = left[:, :known]  # (S, k)
        firsts = [first.T @ contrasts for first, _ in means]
        rights = [second.T @ contrasts for _, second in means]
        return cls(
            basis=axes_of(between)[:, :known],
            lefts=tuple(first @ np.linalg.inv(second.T @ first) for first, second in zip(firsts, rights, strict=True)),
            rights=tuple(rights),
        )

    def inside(self, first: Floats, second: Floats, cut: int) -> Floats:
        """x' P y for each row x, y of (M, D) and (M, D), by the projection of a cut: (M,)."""
        return np.asarray(np.einsum("nk,nk->n", first @ self.lefts[cut], second @ self.rights[cut]))


def are_firm(agreement: Floats) -> Flags:
    """Whether halves agree firmly on each of k directions, of B'A (..., k, k), which is the identity without noise.

    They do where the pivots of its symmetric part, one direction after the other taken off, stay well above zero: then
    its inverse is no larger than they let it be. It is (..., k); what comes after a direction that fails says nothing.
    """
    left = (agreement + np.swapaxes(agreement, -1, -2)) / 2
    firm = np.zeros(left.shape[:-1], dtype=bool)
    for place in range(left.shape[-1]):
        pivot = left[..., place, place]
        firm[..., place] = pivot >= _FIRM
        inverse = np.where(firm[..., place], 1 / np.where(firm[..., place], pivot, 1.0), 0.0)
        left = left - (left[..., :, place] * inverse[..., None])[..., :, None] * left[..., None, place, :]
    return firm


def _between(means: Floats) -> Floats:
    return np.asarray(means - means.mean(axis=0))


def _agreed(halves: Sequence[tuple[Floats, ...]]) -> int:
    """How many leading directions of one half's span the other half repeats.

    Along a direction v of one half, species differ by x = (m_s - m)'v there and by y in the other half; sum x y /
    sum x^2 is 1 where all of it is true, and 0 where all is noise.
    """
    slopes = []
    for own, other in halves:
        axes = axes_of(own)
        here, there = own @ axes, other @ axes  # (S, k)
        slopes.append((here * there).sum(axis=0) / (here**2).sum(axis=0))
    least = min(map(len, slopes), default=0)
    agreed = np.mean([slope[:least] for slope in slopes], axis=0) >= AGREED if least else np.zeros(0, dtype=bool)
    return int(np.argmin(np.append(agreed, False)))
