"""The span of the species that one is confused with, which can leave room where all species fill every dimension.

For a species s its confusable species are the k nearest by prototype (a text, or the mean of its images), and p_j is
the soft-max of mu_j . mu_s / tau over them and s, by cosines. The covariance Cov_p(mu) of these k + 1 points is what a
loss with that temperature pays for to second order; its leading directions are the local span. The definitions are
ours.

Where prototypes are means of few images, the span would lean to where images vary. So, as for the global span, of each
cut there is an oblique projection with one half's points on its left and the other half's on its right, along those
leading directions on which the halves agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from thuja.embeddings import Vectors
from thuja.errors import UsageError
from thuja.structure.halves import AGREED, Flags, are_firm
from thuja.structure.nearest import nearest_of
from thuja.structure.span import Floats
from thuja.structure.specimens import Indices

_FLAT: Final = 1e-9
_BLOCK: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusables:
    """The points (S, k + 1) that each of S species is set among, itself the first, and their weights p (S, k + 1)."""

    places: Indices
    weights: Floats

    def __len__(self) -> int:
        return len(self.places)


def confusables_of(
    points: Vectors, *, count: int = 20, temperature: float = 0.01, species: Indices | None = None
) -> Confusables:
    """The `count` points (P, D) nearest to each species' own by cosine, and the soft-max of cosine / temperature.

    `species` (S,) are the places of the species' own points, of which there may be more; all of them by default. Of
    fewer points, all others are confusable. Raises UsageError for fewer than two points or a temperature of nothing.
    """
    if len(points) < 2 or count < 1 or temperature <= 0:
        raise UsageError(
            f"confusable species need two points, a count and a temperature above 0, got {len(points)}, {count} and "
            f"{temperature}"
        )
    own = np.arange(len(points)) if species is None else species
    places, cosines = nearest_of(points[own], points, count=min(count, len(points) - 1), exclude=own)
    logits = np.column_stack([np.ones(len(own)), cosines]) / temperature
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return Confusables(places=np.column_stack([own, places]), weights=weights / weights.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSpans:
    """The local spans of S species, given as mixtures of points.

    Of a cut c with points `firsts[c]` and `seconds[c]` (P, D), species s projects by A M B', with A = first' `axes[s]`,
    B = second' `axes[s]` over the species' own points, and M = `middles[c, s]`; axes (S, k + 1, q), M (q, q).
    Directions beyond `dimensions` (S,) are zero. `centred` (S, k + 1, k + 1) is sqrt(p_i) (1_ij - p_j), by which points
    become the factor of their Cov_p.
    """

    confusables: Confusables
    firsts: Sequence[Floats]
    seconds: Sequence[Floats]
    axes: Floats
    middles: Floats
    centred: Floats
    dimensions: Indices
    traces: Floats

    @classmethod
    def of(
        cls,
        points: Floats,
        confusables: Confusables,
        *,
        halves: Sequence[tuple[Floats, Floats]] = (),
        is_leading: bool = False,
    ) -> "LocalSpans":
        """The spans of points (P, D), known exactly, or as each of the `halves` has them, two of (P, D) a cut.

        A span has all directions on which halves agree, or, `is_leading`, as many as the participation ratio of Cov_p.
        """
        cuts = list(halves) or [(points, points)]
        parts = [_block(points, cuts, confusables, rows, is_leading=is_leading) for rows in _blocks(len(confusables))]
        axes, middles, centred, dimensions, traces = zip(*parts, strict=True)
        return cls(
            confusables=confusables,
            firsts=[first for first, _ in cuts],
            seconds=[second for _, second in cuts],
            axes=np.concatenate(axes),
            middles=np.concatenate(middles, axis=1),
            centred=np.concatenate(centred),
            dimensions=np.concatenate(dimensions),
            traces=np.concatenate(traces, axis=1),
        )

    def seen_by(self, rests: Floats, species: int, cut: int) -> tuple[float, float]:
        """Of deviations (n, D): sum x' P x by the span of a species and sum x' C x by its Cov_p, of a cut."""
        near = self.confusables.places[species]
        here, there = rests @ self.firsts[cut][near].T, rests @ self.seconds[cut][near].T  # (n, k + 1) each
        axes, mix = self.axes[species], self.centred[species]
        inside = np.einsum("nq,nq->", here @ axes @ self.middles[cut, species], there @ axes)
        along = np.einsum("nk,nk->", here @ mix.T, there @ mix.T)
        return float(inside), float(along)


def _blocks(count: int) -> list[slice]:
    return [slice(start, start + _BLOCK) for start in range(0, count, _BLOCK)]


def _block(
    points: Floats,
    cuts: Sequence[tuple[Floats, Floats]],
    confusables: Confusables,
    rows: slice,
    *,
    is_leading: bool,
) -> tuple[Floats, Floats, Floats, Indices, Floats]:
    """The parts of LocalSpans for some species."""
    near, weights = confusables.places[rows], confusables.weights[rows]
    roots = np.sqrt(weights)[:, :, None]
    centred = roots * (np.eye(near.shape[1]) - weights[:, None, :])  # (b, k + 1, k + 1)
    apart = centred @ points[near]  # (b, k + 1, D): the factor of Cov_p
    variances, turns = np.linalg.eigh(apart @ apart.transpose(0, 2, 1))
    # k + 1 points have k directions between them
    variances, turns = variances[:, :0:-1], turns[:, :, :0:-1]
    is_wide = variances > _FLAT * np.maximum(variances[:, :1], np.finfo(float).tiny)
    scaled = turns / np.sqrt(np.where(is_wide, variances, 1.0))[:, None, :]
    axes = centred.transpose(0, 2, 1) @ scaled  # (b, k + 1, k): points' axes are the orthonormal basis
    crossed, traces = [], []
    for first, second in cuts:
        here, there = first[near], second[near]
        crossed.append((there.transpose(0, 2, 1) @ axes).transpose(0, 2, 1) @ (here.transpose(0, 2, 1) @ axes))
        traces.append(np.einsum("bkd,bkd->b", centred @ here, centred @ there))
    agreement = np.stack(crossed)  # (C, b, k, k): B'A, the identity where halves agree wholly
    is_known = _known(agreement, is_wide)
    if is_leading:
        most = np.ceil(variances.sum(axis=1) ** 2 / np.maximum((variances**2).sum(axis=1), np.finfo(float).tiny))
        is_known &= np.arange(is_known.shape[1]) < most[:, None]
    both = is_known[:, :, None] & is_known[:, None, :]
    filled = np.where(both, agreement, np.eye(is_known.shape[1]))
    middles = np.where(both, np.linalg.inv(filled), 0.0)
    return axes * is_known[:, None, :], middles, centred, is_known.sum(axis=1), np.stack(traces)


def _known(agreement: Floats, is_wide: Flags) -> Flags:
    """The leading directions (b, k) on which halves agree, of B'A (C, b, k, k)."""
    slopes = np.einsum("cbkk->cbk", agreement).mean(axis=0)
    known = is_wide & (slopes >= AGREED) & are_firm(agreement).all(axis=0)
    return np.asarray(np.logical_and.accumulate(known, axis=1))
