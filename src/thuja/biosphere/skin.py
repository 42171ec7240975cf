"""The skin of a specimen: how much of colour 2 shows where, and the small heights of its texture."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.biosphere.coat import Field, coat, relief
from thuja.biosphere.scene import Specimen
from thuja.biosphere.shapes import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Skin:
    """`share` (h, w), 0 to 1: how much colour 2 shows at each fine pixel.

    `relief` (h, w), in the units of `Part.height`, or None: what the texture adds to the heights. It is to be
    added after the heights are smoothed, which would wipe it out.
    """

    share: Field
    relief: Field | None


def paint(specimen: Specimen, tones: npt.NDArray[np.uint8], at: tuple[Field, Field]) -> Skin:
    """The skin where parts of these tones (h, w) lie, 0 for none, `at` body coordinates x and y, both (h, w).

    The colours are balanced over the pixels that are handed in: hand in what is in the frame, no more, or
    a near view of one end would tell of the other.
    """
    looks = specimen.looks
    share = (tones == Tone.SECOND).astype(np.float32)
    pixels = np.flatnonzero(tones == Tone.COAT)  # the coat is a third of the frame: work on nothing else
    coat_x, coat_y = (axis.ravel()[pixels] for axis in at)
    pattern = coat(looks, coat_x, coat_y, seed=specimen.coat_seed)
    # A steep ramp stands for a hard edge: it keeps edges smooth at any size.
    share.ravel()[pixels] = np.clip((pattern - _balance(tones, pattern)) * 6 + 0.5, 0, 1)
    if looks.texture == "smooth":
        return Skin(share=share, relief=None)
    heights = np.zeros_like(share)
    heights.ravel()[pixels] = relief(looks.texture, coat_x, coat_y)
    return Skin(share=share, relief=heights)


def _balance(tones: npt.NDArray[np.uint8], pattern: Field) -> float:
    """The level of the coat's pattern (N,) above which colour 2 must show to cover half of the specimen.

    Equal areas of two opposite colours make a grey mean in every single picture (see colours.py).
    """
    if not pattern.size:
        return 0.0
    plain = np.count_nonzero(tones == Tone.FIRST) - np.count_nonzero(tones == Tone.SECOND)
    # Of C coat pixels, c take colour 2 so that c + second = C - c + first.
    share = min(max(0.5 + 0.5 * plain / pattern.size, 0.05), 0.95)
    levels = pattern[::5]
    rank = int((1 - share) * (levels.size - 1))
    return float(np.partition(levels, rank)[rank])
