"""The axes of the papers' figure: two of what parts species, and one of what varies within them and parts none.

BioCLIP 2's project page draws the first two principal axes of species and one orthogonal dimension. How that third one
is found is not public: ours is the direction, orthogonal to all differences between species means, along which variant
means differ most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.analyze.maps.linear import principal_axes
from thuja.analyze.space import require_numbers
from thuja.embeddings import Vectors
from thuja.errors import ThujaError

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_FLAT: Final = 1e-9
"""Of a length: what is shorter than this share of the vectors' is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeciesAxes:
    """Three orthogonal directions (D, 3): two of the species means, one outside their span.

    `means` (V, 3) are the variants' means on them, of species `species_of` (V,) and variant `variant_of` (V,); `points`
    (N, 3) the images of a known variant, `place_of` (N,) the row of `means` that each belongs to. `species_of` and
    `variant_of` are places in `species` and `variants`. `in_span`, `on_third` are shares of the squared
    length of all differences between a species' variant means: inside the span of species, and along the third axis.
    `by_chance` is the share inside a span of as many dimensions that knows nothing: (S - 1) / D.
    """

    directions: Floats
    points: Floats
    means: Floats
    species: Sequence[str]
    variants: Sequence[str]
    species_of: Indices
    variant_of: Indices
    place_of: Indices
    in_span: float
    on_third: float
    by_chance: float


def species_axes(vectors: Vectors, species: Sequence[str], variants: Sequence[str | None]) -> SpeciesAxes:
    """The axes of images (N, D), each of a species and of a variant of it (a life stage, a sex); None is left out.

    A species' mean is the mean of its variants' means, so that many adults do not move it. The third axis points from
    the variant that comes first by name to the others. Images of an unknown variant are not used. Raises ThujaError for
    fewer than three species, none of two variants, as many species as dimensions (nothing is outside their span), and
    species or variants that do not differ.
    """
    require_numbers(vectors, "vectors", count=len(vectors))
    if not len(vectors) == len(species) == len(variants):
        raise ThujaError(f"expected {len(vectors)} species and variants, got {len(species)} and {len(variants)}")
    known = np.array([row for row, name in enumerate(variants) if name is not None], dtype=np.int64)
    kinds, species_at = np.unique([str(species[row]) for row in known], return_inverse=True)
    names, variant_at = np.unique([str(variants[row]) for row in known], return_inverse=True)
    used = np.asarray(vectors[known], dtype=np.float64)
    pairs, place = np.unique(species_at * max(len(names), 1) + variant_at, return_inverse=True)
    species_of, variant_of = pairs // max(len(names), 1), pairs % max(len(names), 1)
    has_two = np.bincount(species_of, minlength=len(kinds)) >= 2
    _require_axes(len(kinds), int(has_two.sum()), vectors.shape[1])
    means = _means(used, place, len(pairs))  # (V, D)
    centres = _means(means, species_of, len(kinds))  # (S, D)
    principal = principal_axes(centres, dimensions=2)
    scale = float(np.abs(used).max()) * _FLAT
    span = _span(centres, scale)
    apart = (means - centres[species_of])[has_two[species_of]]
    outside = apart - (apart @ span) @ span.T
    if len(principal.shares) < 2:
        raise ThujaError("the species means lie on one line: there is no plane of species to draw")
    total = float((apart**2).sum())
    if np.sqrt((outside**2).sum()) <= scale:
        said = "do not differ" if np.sqrt(total) <= scale else "differ inside the span of species alone"
        raise ThujaError(f"the variants of a species {said}: there is no third axis to draw")
    third = np.linalg.svd(outside, full_matrices=False)[2][0]
    # From the first variant to the others.
    if (apart[variant_of[has_two[species_of]] == 0] @ third).sum() > 0:
        third = -third
    directions = np.column_stack([principal.directions, third])
    return SpeciesAxes(
        directions=directions,
        points=(used - principal.origin) @ directions,
        means=(means - principal.origin) @ directions,
        species=kinds.tolist(),
        variants=names.tolist(),
        species_of=species_of,
        variant_of=variant_of,
        place_of=place,
        in_span=float(((apart @ span) ** 2).sum()) / total,
        on_third=float(((apart @ third) ** 2).sum()) / total,
        by_chance=span.shape[1] / vectors.shape[1],
    )


def _require_axes(species: int, of_two: int, dimensions: int) -> None:
    if species < 3:
        raise ThujaError(f"a plane of species wants at least three, got {species} with a known variant")
    if not of_two:
        raise ThujaError("no species has two variants: there is no difference within a species to draw")
    if species > dimensions:
        raise ThujaError(
            f"the means of {species} species fill a space of {dimensions} dimensions: no axis is orthogonal to them",
            hint="take fewer species, such as those of a family",
        )


def _means(vectors: Floats, place: Indices, count: int) -> Floats:
    sums = np.zeros((count, vectors.shape[1]))
    np.add.at(sums, place, vectors)
    return np.asarray(sums / np.bincount(place, minlength=count)[:, None])


def _span(centres: Floats, scale: float) -> Floats:
    """An orthonormal basis (D, k) of all differences between the centres (S, D)."""
    _, lengths, axes = np.linalg.svd(centres - centres.mean(axis=0), full_matrices=False)
    return np.asarray(axes[lengths > scale].T)
