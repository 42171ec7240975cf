"""Which pictures a world has, and any order of them, without laying out all: there may be millions."""

import numpy as np
import numpy.typing as npt

from thuja.biosphere.tree import Ints
from thuja.biosphere.world import World


def addresses_at(world: World, places: npt.NDArray[np.integer]) -> Ints:
    """Rows of `world.addresses()` (N, 2), without all the others in memory."""
    ends = np.cumsum([*(species.images for species in world.species), world.blanks])
    species = np.searchsorted(ends, places, side="right")
    return np.stack([species, places - np.concatenate([[0], ends])[species]], axis=1)


def shuffled(count: int, generator: np.random.Generator) -> npt.NDArray[np.int32]:
    """The numbers below `count` at random, in four bytes each."""
    order = np.arange(count, dtype=np.int32)
    generator.shuffle(order)
    return order
