"""Spaces with a direction of a trait that is known."""

import numpy as np

from thuja.analyze import Space
from thuja.taxonomy import Taxon

WIDTH = 12


def unit(generator: np.random.Generator, width: int = WIDTH) -> np.ndarray:
    drawn = generator.standard_normal(width)
    return drawn / np.linalg.norm(drawn)


def taxa_of(species: np.ndarray) -> list[Taxon]:
    """Four species a genus, two genera a family."""
    return [
        Taxon(kingdom="Animalia", family=f"F{one // 8}idae", genus=f"G{one // 4}", species=f"s{one}") for one in species
    ]


def between_space(
    generator: np.random.Generator, *, species: int = 60, sizes: int | np.ndarray = 6, strength: float = 3.0, **columns
) -> tuple[Space, np.ndarray]:
    """A space whose species lie along a known direction by their `size`, and that direction."""
    numbers = np.repeat(np.arange(species), sizes)
    size = generator.standard_normal(species)
    axis = unit(generator)
    places = generator.standard_normal((species, WIDTH)) * 0.6
    places -= np.outer(places @ axis, axis)
    vectors = places[numbers] + strength * np.outer(size[numbers], axis)
    vectors += 0.5 * generator.standard_normal(vectors.shape)
    space = Space(
        vectors=vectors.astype(np.float32),
        taxa=taxa_of(numbers),
        columns={"size": [float(value) for value in size[numbers]], **columns},
    )
    return space, axis


def within_space(
    generator: np.random.Generator, *, species: int = 10, images: int = 12, strength: float = 2.0
) -> tuple[Space, np.ndarray]:
    """A space in which the two stages of every species part along one known direction."""
    numbers = np.repeat(np.arange(species), images)
    adult = generator.random(len(numbers)) < 0.4
    for one in range(species):
        rows = np.flatnonzero(numbers == one)
        adult[rows[0]], adult[rows[1]] = True, False
    axis = unit(generator)
    vectors = 4 * generator.standard_normal((species, WIDTH))[numbers] + strength * np.outer(adult, axis)
    vectors += 0.5 * generator.standard_normal(vectors.shape)
    stage = ["adult" if one else "young" for one in adult]
    return Space(vectors=vectors, taxa=taxa_of(numbers), columns={"stage": stage}), axis
