"""The two colours of an organism, and what English calls them.

Colour 2 is colour 1 mirrored through mid-grey, and the coat shows both in equal areas (skin.py). So
the mean colour of every picture is the same grey but for its ground, and a linear model of the
pixels, which sees means only, learns next to nothing from colour; a model that can tell a patch
from its neighbour sees two vivid colours and their pattern. Half of each species wears the colours
the other way round, so that the plain parts, a beak or a leg, give no mean away either.
"""

import colorsys

import numpy as np
import numpy.typing as npt

from thuja.biosphere.traits import Looks

Colour = npt.NDArray[np.float32]
"""Red, green and blue from 0 to 1, as in the file (sRGB), shape (3,)."""

_NAMED = {
    "red": (0.80, 0.12, 0.12),
    "orange": (0.95, 0.55, 0.12),
    "yellow": (0.93, 0.88, 0.20),
    "lime": (0.60, 0.85, 0.20),
    "green": (0.15, 0.60, 0.20),
    "turquoise": (0.15, 0.75, 0.68),
    "sky blue": (0.40, 0.70, 0.95),
    "blue": (0.15, 0.25, 0.80),
    "purple": (0.48, 0.15, 0.70),
    "magenta": (0.85, 0.20, 0.75),
    "pink": (0.95, 0.62, 0.72),
    "brown": (0.42, 0.24, 0.10),
    "olive": (0.42, 0.42, 0.12),
    "cream": (0.93, 0.88, 0.72),
    "dark blue": (0.08, 0.12, 0.32),
    "dark green": (0.06, 0.26, 0.12),
    "maroon": (0.36, 0.06, 0.12),
    "grey": (0.5, 0.5, 0.5),
}
_NAMES = tuple(_NAMED)
_LEVELS = np.array(list(_NAMED.values()))  # (18, 3)


def colour_pair(looks: Looks) -> tuple[Colour, Colour]:
    """Colours 1 and 2."""
    # Reach shrinks as lightness leaves the middle, so that no channel is cut off and the mirror stays true.
    lift = 2 * looks.lightness - 1
    reach = (0.58 + 0.36 * looks.chroma) * (1 - 0.42 * abs(lift))
    step = reach * direction(150 * looks.hue) + 0.2 * lift
    return np.asarray(0.5 + step, dtype=np.float32), np.asarray(0.5 - step, dtype=np.float32)


def colour_name(colour: Colour) -> str:
    """The nearest of eighteen English colour words."""
    return _NAMES[int(np.argmin(((_LEVELS - colour) ** 2).sum(axis=1)))]


def from_hsv(hue: float, saturation: float, value: float) -> Colour:
    """A colour from its hue in degrees, and saturation and value from 0 to 1."""
    return np.asarray(colorsys.hsv_to_rgb(hue % 360 / 360, saturation, value), dtype=np.float32)


def direction(hue: float) -> Colour:
    """From mid-grey to the full hue, (3,); the direction of hue + 180 is its negative."""
    return from_hsv(hue, 1.0, 1.0) - 0.5
