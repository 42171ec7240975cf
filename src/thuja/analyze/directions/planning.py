"""From a space and a trait to the plan of a question, or why it cannot be asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.analyze.directions.ordering import AREA, measure_of
from thuja.analyze.directions.plan import Plan
from thuja.analyze.directions.traits import Trait
from thuja.analyze.space import Space
from thuja.errors import UsageError
from thuja.taxonomy import Rank, Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

LEAST_SPECIES: Final = 4
"""Fewer species can be ordered by chance in too few ways."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectionSettings:
    """How a direction is learnt and tried.

    `is_within` asks of the variation within species. `levels` name two values of a trait that has more. Species are
    left out together with all of their `left_out` (a family, say), in `folds` parts. `draws` shuffles make the null,
    `redraws` of what is left out together the interval. Within species, at most `images_per_species` are used.
    """

    is_within: bool = False
    levels: tuple[str, str] | None = None
    left_out: Rank = Rank.SPECIES
    folds: int = 5
    draws: int = 499
    redraws: int = 1000
    images_per_species: int = 60

    def __post_init__(self) -> None:
        least = {"folds": 2, "draws": 19, "redraws": 1, "images_per_species": 2}
        for name, bound in least.items():
            value = getattr(self, name)
            if value < bound:
                raise UsageError(f"{name.replace('_', ' ')} must be at least {bound}, got {value}")


def plan_of(space: Space, trait: Trait, generator: np.random.Generator, settings: DirectionSettings) -> Plan | str:
    """The plan, or a sentence that says what the data lack."""
    usable = trait.is_known & (space.species >= 0)
    if not trait.is_known.any():
        return f"no image has a known value of {trait.name}"
    if not usable.any():
        return f"no image with a known value of {trait.name} is named to its species"
    if len(np.unique(trait.values[usable])) < 2:
        return f"{trait.name} has one value alone in these images, so that there is nothing to order"
    ask = _within if settings.is_within else _between
    return ask(space, trait, np.flatnonzero(usable), generator, settings)


def _between(
    space: Space, trait: Trait, images: Indices, generator: np.random.Generator, settings: DirectionSettings
) -> Plan | str:
    species, taxa = _numbered(space, images)
    count = len(taxa)
    if count < LEAST_SPECIES:
        return f"{trait.name} is known of {count} species, and an order of fewer than {LEAST_SPECIES} says nothing"
    values = np.bincount(species, weights=trait.values[images]) / np.bincount(species)
    if len(np.unique(values)) < 2:
        return f"{trait.name} has the same mean in every species: ask for it within species"
    measure = measure_of(values)
    if measure == AREA and min(values.sum(), count - values.sum()) < 2:
        return f"one level of {trait.name} is of a single species, so that no direction can be tried on another"
    clades = [taxon.at(settings.left_out) for taxon in taxa]
    folds = _folds(clades, generator, settings.folds)
    if len(np.unique(folds)) < 2:
        return f"all species are of one {settings.left_out.label}, so that none can be left out"
    shuffled = _shuffled_between(values, clades, generator, draws=settings.draws)  # (P, S)
    return Plan(
        images=images,
        species=species,
        taxa=taxa,
        is_within=False,
        measure=measure,
        targets=np.vstack([values, shuffled]).T,
        folds=folds,
        weights=np.ones(count),
        redraws=_redraws(clades, generator, count=settings.redraws),
    )


def _within(
    space: Space, trait: Trait, images: Indices, generator: np.random.Generator, settings: DirectionSettings
) -> Plan | str:
    numbers = space.species[images]
    varied = [one for one in np.unique(numbers) if len(np.unique(trait.values[images[numbers == one]])) > 1]
    if not varied:
        return f"{trait.name} does not vary within any species"
    drawn = [_some(images[numbers == one], trait, generator, settings.images_per_species) for one in varied]
    images = np.concatenate(drawn)
    species, taxa = _numbered(space, images)
    groups = np.arange(len(images)) if space.groups is None else space.groups[images]
    units: Sequence[object] = [taxa[one].at(settings.left_out) for one in species] if len(taxa) > 1 else list(groups)
    folds = _folds(units, generator, settings.folds)
    if len(np.unique(folds)) < 2:
        what = f"species are of one {settings.left_out.label}" if len(taxa) > 1 else "images are of one observation"
        return f"all {what}, so that none can be left out"
    values = trait.values[images]
    shuffled = _shuffled_within(values, species, groups, generator, draws=settings.draws)
    return Plan(
        images=images,
        species=species,
        taxa=taxa,
        is_within=True,
        measure=AREA if trait.levels is not None else measure_of(values),
        targets=np.vstack([values, shuffled]).T,
        folds=folds,
        weights=1 / np.bincount(species)[species],
        redraws=_redraws([taxon.at(settings.left_out) for taxon in taxa], generator, count=settings.redraws),
    )


def _numbered(space: Space, images: Indices) -> tuple[Indices, list[Taxon]]:
    """The species of some images from 0 on, and who they are."""
    _, first, species = np.unique(space.species[images], return_index=True, return_inverse=True)
    return species, [space.taxa[images[row]] for row in first]


def _some(images: Indices, trait: Trait, generator: np.random.Generator, count: int) -> Indices:
    """At most so many of a species' images; of two levels, half of each where there are enough."""
    if len(images) <= count:
        return images
    if trait.levels is None:
        return np.sort(generator.choice(images, count, replace=False))
    parts = [images[trait.values[images] == level] for level in (0.0, 1.0)]
    fewer = min(count // 2, *map(len, parts))
    sizes = [min(len(part), count - fewer if len(part) > fewer else fewer) for part in parts]
    if sum(sizes) > count:
        sizes = [count // 2, count - count // 2]
    return np.sort(
        np.concatenate([generator.choice(part, size, replace=False) for part, size in zip(parts, sizes, strict=True)])
    )


def _folds(units: Sequence[object], generator: np.random.Generator, count: int) -> Indices:
    """A fold for each row; rows of one unit have one. Drawn without a look at values, which shuffles do not have."""
    known: dict[object, int] = {}
    place = np.array([known.setdefault(unit, len(known)) for unit in units], dtype=np.int64)
    return np.asarray((generator.permutation(len(known)) % count)[place])


def _redraws(clades: Sequence[object], generator: np.random.Generator, *, count: int) -> list[Indices]:
    """Drawings of species by their clades (S,), with replacement: as many clades as there are, all species of each."""
    known: dict[object, int] = {}
    place = np.array([known.setdefault(clade, len(known)) for clade in clades], dtype=np.int64)
    members = [np.flatnonzero(place == clade) for clade in range(len(known))]
    drawn = generator.integers(len(known), size=(count, len(known)))
    return [np.concatenate([members[clade] for clade in row]) for row in drawn.tolist()]


def _shuffled_between(
    values: Floats, clades: Sequence[object], generator: np.random.Generator, *, draws: int
) -> Floats:
    """Shuffles (P, S) of species' values that keep those of a clade together.

    Clades are put in a random order, the values within each too, and so laid along the species, clade by clade. Clades
    of one species are shuffled freely. Where clades are of one size, values of kin go to kin; where they are not, some
    are cut in two, and the null has a little less likeness of kin than the trait.
    """
    known: dict[object, int] = {}
    place = np.array([known.setdefault(clade, len(known)) for clade in clades], dtype=np.int64)
    along = np.argsort(place, kind="stable")
    found = np.empty((draws, len(values)))
    for row in range(draws):
        keys = generator.permutation(len(known))[place] + generator.random(len(values))
        found[row, along] = values[np.argsort(keys)]
    return found


def _shuffled_within(
    values: Floats, species: Indices, groups: Indices, generator: np.random.Generator, *, draws: int
) -> Floats:
    """Shuffles (P, M) of the values among a species' groups, or its images where a group has several values."""
    found = np.empty((draws, len(values)))
    for one in range(int(species.max()) + 1):
        rows = np.flatnonzero(species == one)
        _, first, place = np.unique(groups[rows], return_index=True, return_inverse=True)
        own = values[rows][first]
        if not (own[place] == values[rows]).all():
            own, place = values[rows], np.arange(len(rows))
        found[:, rows] = generator.permuted(np.tile(own, (draws, 1)), axis=1)[:, place]
    return found
