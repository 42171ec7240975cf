"""Scores on all images, on clean and on leaked ones: pure functions of a mask, whatever made it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.errors import ThujaError
from thuja.metrics.bootstrap import Interval
from thuja.metrics.ratios import Ratio, interval, redrawn
from thuja.report import Cell

COLUMNS: Final = ("images", "count", "species", "score", "95 %")
"""The headings of `LeakScores.cells`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The score on some of the images; None where there are none of them."""

    images: int
    clusters: int
    score: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakScores:
    """What leaked images do to a score; all intervals are over the same redrawn clusters.

    `inflation` is the score on all images less that on the clean ones, on the same redraws: what a table overstates.
    `gap` is leaked less clean within each cluster that has both, the mean over `gap_clusters` of them: species differ
    in how hard they are, and leaks in which species they are of. Both are None where there is nothing to compare.
    """

    every: Part
    clean: Part
    leaked: Part
    inflation: Interval | None
    gap: Interval | None
    gap_clusters: int

    def cells(self) -> list[tuple[Cell, ...]]:
        """The lines as thuja.report takes them, under COLUMNS."""
        lines: list[tuple[Cell, ...]] = [
            (name, part.images, part.clusters, *_told(part.score))
            for name, part in (("all", self.every), ("clean", self.clean), ("leaked", self.leaked))
        ]
        lines.append(("all less clean", None, None, *_told(self.inflation)))
        return [*lines, ("leaked less clean, within species", None, self.gap_clusters, *_told(self.gap))]


def score_by_leak(
    values: npt.ArrayLike, leaked: npt.ArrayLike, clusters: npt.ArrayLike, *, generator: np.random.Generator
) -> LeakScores:
    """Scores (N,) of images, whether each is leaked (N,), and the number of its species or observation (N,).

    Raises ThujaError where these are not of one length, EmptyInput for no image.
    """
    numbers = np.asarray(values, dtype=np.float64)
    is_leaked, species = np.asarray(leaked, dtype=bool), np.asarray(clusters)
    if not numbers.shape == is_leaked.shape == species.shape or numbers.ndim != 1:
        raise ThujaError(f"scores, leaks and clusters differ: {numbers.shape}, {is_leaked.shape}, {species.shape}")
    ratios = [Ratio.of_rows(numbers, species, chosen) for chosen in (None, ~is_leaked, is_leaked)]
    drawn = redrawn(ratios, generator)  # (1 + B, 3)
    both = (ratios[1].bottoms > 0) & (ratios[2].bottoms > 0)
    shares = [ratio.tops[both] / ratio.bottoms[both] for ratio in ratios]
    gap = interval(redrawn([Ratio.mean(shares[2] - shares[1])], generator)[:, 0]) if both.any() else None
    has_both = is_leaked.any() and not is_leaked.all()
    return LeakScores(
        every=_part(ratios[0], drawn[:, 0]),
        clean=_part(ratios[1], drawn[:, 1]),
        leaked=_part(ratios[2], drawn[:, 2]),
        inflation=interval(drawn[:, 0] - drawn[:, 1]) if has_both else None,
        gap=gap,
        gap_clusters=int(both.sum()),
    )


def _part(ratio: Ratio, drawn: npt.NDArray[np.float64]) -> Part:
    images = int(ratio.bottoms.sum())
    return Part(
        images=images,
        clusters=int((ratio.bottoms > 0).sum()),
        score=interval(drawn) if images else None,
    )


def _told(one: Interval | None) -> tuple[Cell, Cell]:
    if one is None:
        return None, None
    return f"{one.value:.3f}", f"{one.low:.3f} to {one.high:.3f}" if one.low != one.high else None
