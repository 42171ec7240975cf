"""A space's images beside their species' prototypes, and predicted against measured costs over species."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from thuja.analyze.space import Space
from thuja.analyze.theorem.expansion import Floats, Indices
from thuja.analyze.theorem.radius import TOLERANCE
from thuja.embeddings import normalized
from thuja.errors import EmptyInput
from thuja.taxonomy import Taxon

LEAST_COST: Final = 1e-12
"""Nats below which a cost is rounding; a species with less is of no account on log axes."""
_FLAT: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """M images (M, D) of S species that have a prototype: `species` (M,) numbers them, `own` (S,) are their prototypes.

    `prototypes` (L, D) are all alternatives. `notes` say what was left out.
    """

    vectors: Floats
    species: Indices
    prototypes: Floats
    own: Indices
    taxa: tuple[Taxon, ...]
    notes: tuple[str, ...] = ()

    def deviations(self, number: int) -> tuple[Floats, Floats]:
        """The mean (D,) of a species' images, and their deviations from it (n, D)."""
        points = self.vectors[self.species == number]
        mean = points.mean(axis=0)
        return np.asarray(mean), np.asarray(points - mean)


def match(
    space: Space,
    generator: np.random.Generator,
    *,
    least: int = 5,
    most_species: int = 500,
    most_images: int = 100,
    is_unit: bool = True,
) -> Matched:
    """The images of a space whose species has a prototype and `least` images; raises EmptyInput where there is none.

    A taxon is found by its lineage, or else by its binomial. Of more species or images than wanted, as many are drawn.
    """
    if space.prototypes is None:
        raise EmptyInput("this space has no text prototypes to hold images against", hint="give the labels' vectors")
    by_name = {taxon.binomial: row for row, taxon in reversed(list(enumerate(space.prototypes.taxa))) if taxon.binomial}
    by_taxon = {taxon: row for row, taxon in reversed(list(enumerate(space.prototypes.taxa)))}
    numbers = space.species
    chosen: list[tuple[Taxon, int, Indices]] = []
    strangers = few = 0
    for number in np.unique(numbers[numbers >= 0]):
        rows = np.flatnonzero(numbers == number)
        taxon = space.taxa[int(rows[0])]
        text = by_taxon.get(taxon, by_name.get(taxon.binomial))
        strangers += text is None
        few += text is not None and len(rows) < least
        if text is not None and len(rows) >= least:
            chosen.append((taxon, text, rows))
    if not chosen:
        raise EmptyInput(
            f"no species has both a prototype and {least} images: {strangers} have no prototype, {few} too few images"
        )
    notes = [
        *([f"{strangers:,} species without a prototype are left out."] if strangers else []),
        *([f"{few:,} species with fewer than {least} images are left out."] if few else []),
        *([f"Of {len(chosen):,} species {most_species:,} are drawn."] if len(chosen) > most_species else []),
    ]
    if len(chosen) > most_species:
        chosen = [chosen[place] for place in np.sort(generator.choice(len(chosen), most_species, replace=False))]
    taken = [
        rows if len(rows) <= most_images else np.sort(generator.choice(rows, most_images, replace=False))
        for _, _, rows in chosen
    ]
    return Matched(
        vectors=_vectors(space.vectors[np.concatenate(taken)], is_unit=is_unit),
        species=np.repeat(np.arange(len(chosen)), [len(rows) for rows in taken]),
        prototypes=_vectors(space.prototypes.vectors, is_unit=is_unit),
        own=np.array([text for _, text, _ in chosen], dtype=np.int64),
        taxa=tuple(taxon for taxon, _, _ in chosen),
        notes=tuple(notes),
    )


def _vectors(vectors: npt.ArrayLike, *, is_unit: bool) -> Floats:
    wide = np.asarray(vectors, dtype=np.float64)
    if not is_unit:
        return wide
    return normalized(wide)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Predicted against measured costs of S species.

    `ratio` is all that was measured over all that was predicted; `median` of a species' own ratio, `close` the share of
    species whose ratio is within the tolerance of 1. `slope` is that of log measured on log predicted, 1 where they are
    proportional; `pearson` and `spearman` over species. `counted` species have a cost above rounding. None where
    nothing varies or fewer than 3 are counted.
    """

    ratio: float | None
    median: float | None
    close: float | None
    slope: float | None
    pearson: float | None
    spearman: float | None
    counted: int


def compare(predicted: npt.ArrayLike, measured: npt.ArrayLike, *, tolerance: float = TOLERANCE) -> Comparison:
    """How S predicted costs (S,) stand to the measured ones (S,)."""
    said, found = np.asarray(predicted, dtype=np.float64), np.asarray(measured, dtype=np.float64)
    is_counted = (said > LEAST_COST) & (found > LEAST_COST)
    x, y = said[is_counted], found[is_counted]
    ratios = y / x
    logs = (np.log(x), np.log(y))
    slope = np.polyfit(*logs, 1)[0] if len(x) > 2 and float(np.ptp(logs[0])) > _FLAT else None
    return Comparison(
        ratio=float(found.sum() / said.sum()) if said.sum() > LEAST_COST else None,
        median=float(np.median(ratios)) if len(x) else None,
        close=float((np.abs(ratios - 1) <= tolerance).mean()) if len(x) else None,
        slope=None if slope is None else float(slope),
        pearson=correlation(said, found),
        spearman=correlation(rankdata(said), rankdata(found)),
        counted=int(is_counted.sum()),
    )


def correlation(first: Floats, second: Floats) -> float | None:
    """Pearson's correlation of (S,) and (S,); None where either does not vary, or for fewer than 3."""
    if len(first) < 3:
        return None
    spread = [float(np.ptp(each)) / max(float(np.abs(each).max()), LEAST_COST) for each in (first, second)]
    return float(np.corrcoef(first, second)[0, 1]) if min(spread) > _FLAT else None
