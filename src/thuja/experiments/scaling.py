"""Nested subsets of training pictures: so many species, so many pictures of each, the same ones for every arm."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput, UsageError
from thuja.taxonomy import Taxon

Rows = npt.NDArray[np.int64]

PARTS = 16
"""The parts that species and pictures are cut into: x1, x4 and x16 are 1, 4 and all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """Which part of the training pictures an arm sees, in sixteenths of the species and of each species' pictures.

    Of two subsets of one seed, the one with fewer species or pictures lies within the other.
    """

    species: int = PARTS
    images: int = PARTS

    def __post_init__(self) -> None:
        for what, part in (("species", self.species), ("images", self.images)):
            if not 1 <= part <= PARTS:
                raise UsageError(f"a subset has 1 to {PARTS} sixteenths of the {what}, got {part}")


def choose(taxa: Sequence[Taxon], subset: Subset, *, seed: int) -> Rows:
    """The rows (K,) of a subset, rising, given the taxon of each training picture (N).

    All species give the same number of pictures: sixteenths of what the one with fewest has, so that equal parts are
    equal numbers; what does not divide by 16 is left over. Raises EmptyInput where the world is too small for it.
    """
    rows_of: dict[Taxon, list[int]] = defaultdict(list)
    for row, taxon in enumerate(taxa):
        rows_of[taxon].append(row)
    species = sorted(rows_of)
    fewest = min(map(len, rows_of.values()), default=0)
    if len(species) < PARTS or fewest < PARTS:
        raise EmptyInput(
            f"scaling needs at least {PARTS} species of {PARTS} training pictures, "
            f"got {len(species)} with at least {fewest}",
            hint="a larger world, or --only the other groups",
        )
    unit = len(species) // PARTS, fewest // PARTS
    kept = np.random.default_rng([seed, 0]).permutation(len(species))[: unit[0] * subset.species]
    # Each species has an order of its own, whichever others are there: so subsets nest.
    orders = [np.random.default_rng([seed, 1, place]).permutation(rows_of[species[place]]) for place in kept]
    return np.sort(np.concatenate([order[: unit[1] * subset.images] for order in orders]))
