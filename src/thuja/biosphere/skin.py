"""The skin of a specimen: how much of colour 2 shows where, and the small heights of its texture."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.biosphere.coat import Field, coat
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


def paint(specimen: Specimen, tones: npt.NDArray[np.uint8], x: Field, y: Field) -> Skin:
    """The skin where parts of these tones (h, w) lie, 0 for none, at body coordinates x and y, both (h, w).

    The colours are balanced over the pixels that are handed in: hand in what is in the frame, no more, or
    a near view of one end would tell of the other.
    """
    pattern = coat(specimen.looks, x, y, specimen.coat_seed)
    is_coat = tones == Tone.COAT
    # A steep ramp stands for a hard edge: it keeps edges smooth at any size.
    marks = np.clip((pattern - _balance(tones, pattern, is_coat)) * 6 + 0.5, 0, 1)
    share = np.where(is_coat, marks, (tones == Tone.SECOND).astype(np.float32))
    return Skin(share=share, relief=None)


def _balance(tones: npt.NDArray[np.uint8], pattern: Field, is_coat: npt.NDArray[np.bool_]) -> float:
    """The level of the pattern above which colour 2 must show to cover half of the specimen.

    Equal areas of two opposite colours make a grey mean in every single picture (see colours.py).
    """
    thin = (slice(None, None, 3), slice(None, None, 3))
    levels = pattern[thin][is_coat[thin]]
    if not levels.size:
        return 0.0
    plain = np.count_nonzero(tones[thin] == Tone.FIRST) - np.count_nonzero(tones[thin] == Tone.SECOND)
    # Of C coat pixels, c take colour 2 so that c + second = C - c + first.
    share = np.clip(0.5 + 0.5 * plain / levels.size, 0.1, 0.9)
    return float(np.quantile(levels, 1 - share))
