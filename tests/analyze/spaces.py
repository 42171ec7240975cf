"""Embedding spaces of known answer: species that differ along some axes, and what varies within them along others."""

from collections.abc import Mapping, Sequence

import numpy as np

from thuja.analyze import Prototypes, Space
from thuja.taxonomy import Taxon


def taxa_of(species: int) -> list[Taxon]:
    """S species, two of a genus, four of a family."""
    return [
        Taxon(
            kingdom="Animalia",
            phylum="Chordata",
            class_="Aves",
            order=f"Ordo{number // 8}",
            family=f"Familia{number // 4}",
            genus=f"Genus{number // 2}",
            species=f"species{number}",
        )
        for number in range(species)
    ]


def means_along(species: int, axes: int, width: int, generator: np.random.Generator, *, apart: float) -> np.ndarray:
    """Means (S, D) of standard deviation `apart` along each of the first `axes`, as uncorrelated as they can be."""
    means = np.zeros((species, width))
    if axes < species:
        columns = np.column_stack([np.ones(species), generator.standard_normal((species, axes))])
        means[:, :axes] = np.sqrt(species) * np.linalg.qr(columns)[0][:, 1:]
    else:
        means[:, :axes] = generator.standard_normal((species, axes))
    return apart * means


def partial_space(
    inside: float,
    *,
    seed: int = 0,
    species: int = 12,
    each: int = 24,
    width: int = 48,
    apart: float = 3.0,
    axes: int | None = None,
) -> Space:
    """Species that differ along `axes` (S - 1), with that share of the variation within them inside these.

    0 is orthogonal by construction and 1 entangled. `life_stage` is a step of two standard deviations, of which the
    same share lies inside: along the first axis, and along the last.
    """
    generator = np.random.default_rng(seed)
    axes = species - 1 if axes is None else axes
    means = means_along(species, axes, width, generator, apart=apart)
    variances = np.concatenate([np.full(axes, inside / axes), np.full(width - axes, (1 - inside) / (width - axes))])
    number = np.repeat(np.arange(species), each)
    is_young = np.tile(np.arange(each) % 2 == 1, species)
    rests = generator.standard_normal((len(number), width)) * np.sqrt(variances)
    step = np.zeros(width)
    step[0], step[-1] = np.sqrt(inside), np.sqrt(1 - inside)
    vectors = means[number] + rests + np.where(is_young, 1.0, -1.0)[:, None] * step
    return space_of(vectors, number, columns={"life_stage": ["young" if young else "adult" for young in is_young]})


def random_space(
    seed: int, *, species: int = 12, each: int = 24, width: int = 48, apart: float = 1.0, axes: int | None = None
) -> Space:
    """Everything varies alike in every direction: means (or in the first `axes`), images, and two levels at random."""
    generator = np.random.default_rng(seed)
    number = np.repeat(np.arange(species), each)
    means = apart * generator.standard_normal((species, width))
    means[:, width if axes is None else axes :] = 0.0
    vectors = means[number] + generator.standard_normal((len(number), width))
    levels = [("young", "adult")[one] for one in generator.integers(2, size=len(number))]
    return space_of(vectors, number, columns={"life_stage": levels})


def crowded_space(inside: float, *, seed: int = 0, clades: int = 40, width: int = 40, each: int = 24) -> Space:
    """Clades of three species, more than dimensions: each clade in a plane of its own, which `inside` of the variation
    of its species lies in; the rest lies in a plane beside it. Globally no dimension is free.
    """
    generator = np.random.default_rng(seed)
    species = 3 * clades
    centres = 4 * generator.standard_normal((clades, width))
    planes = [np.linalg.qr(generator.standard_normal((width, 4)))[0] for _ in range(clades)]
    number = np.repeat(np.arange(species), each)
    rows = []
    for one in range(species):
        own, beside = planes[one // 3][:, :2], planes[one // 3][:, 2:]
        angle = 2 * np.pi * (one % 3) / 3
        mean = centres[one // 3] + 1.5 * own @ np.array([np.cos(angle), np.sin(angle)])
        along = np.sqrt(inside / 2) * generator.standard_normal((each, 2)) @ own.T
        across = np.sqrt((1 - inside) / 2) * generator.standard_normal((each, 2)) @ beside.T
        rows.append(mean + along + across)
    return space_of(np.concatenate(rows), number)


def space_of(
    vectors: np.ndarray,
    species: np.ndarray,
    *,
    columns: Mapping[str, Sequence[str]] | None = None,
    groups: np.ndarray | None = None,
    controls: Mapping[str, np.ndarray] | None = None,
    prototypes: np.ndarray | None = None,
) -> Space:
    """A space of these vectors and numbers of species."""
    taxa = taxa_of(int(species.max()) + 1)
    return Space(
        vectors=vectors,
        taxa=[taxa[number] for number in species],
        columns=columns or {},
        groups=groups,
        controls=controls or {},
        prototypes=None if prototypes is None else Prototypes(taxa=taxa, vectors=prototypes),
    )
