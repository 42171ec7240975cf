"""What a pixel of a specimen can show, and in which colours."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from thuja.biosphere.colours import Colour, colour_pair
from thuja.biosphere.scene import Specimen

LEVELS = 63
"""Steps from colour 1 to colour 2: paint 1 is all colour 1, paint 1 + LEVELS all colour 2, paint 0 is bare."""


class Paint(IntEnum):
    """What shows that is neither bare nor a share of the two colours."""

    PUPIL = LEVELS + 2
    WHITE = LEVELS + 3
    SORE = LEVELS + 4
    RIM = LEVELS + 5
    SCRATCH = LEVELS + 6
    PARASITE = LEVELS + 7
    PARASITE_LEG = LEVELS + 8


PAINTS = LEVELS + 9
"""How many paints there are, the bare one among them."""
_FIXED = {
    Paint.PUPIL: (0.05, 0.05, 0.05),
    Paint.WHITE: (0.95, 0.95, 0.95),
    Paint.SORE: (0.20, 0.06, 0.06),
    Paint.RIM: (0.88, 0.76, 0.64),
    Paint.SCRATCH: (0.74, 0.72, 0.69),
    Paint.PARASITE: (0.92, 0.88, 0.74),
    Paint.PARASITE_LEG: (0.22, 0.15, 0.10),
}


def colours_of(specimen: Specimen) -> npt.NDArray[np.float32]:
    """The colour of every paint, (PAINTS, 3)."""
    first, second = worn_pair(specimen)
    table = np.zeros((PAINTS, 3), dtype=np.float32)
    share = np.linspace(0, 1, LEVELS + 1, dtype=np.float32)[:, None]
    table[1 : LEVELS + 2] = first + share * (second - first)
    for kind, colour in _FIXED.items():
        table[kind] = colour
    return table


def worn_pair(specimen: Specimen) -> tuple[Colour, Colour]:
    """The two colours as this specimen wears them: turned round if it is of that form, faded towards grey by wear."""
    first, second = colour_pair(specimen.looks)
    if specimen.is_reversed:
        first, second = second, first
    left = np.float32(1 - 0.55 * specimen.ailments.wear)
    return 0.5 + (first - 0.5) * left, 0.5 + (second - 0.5) * left
