"""A picture as it is shown, decoded once: to a captioner no larger than it looks at, and to checks as pixels."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from thuja.captions.scaling import may_travel, scaled
from thuja.errors import ImageError
from thuja.images import DEFAULT_LIMITS, Limits, decode, encode_jpeg

LOOK: Final = 256
"""Checks are shown less than twice as many pixels a side: enough to measure colours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The bytes for the captioner, and the pixels (H, W, 3) for the checks."""

    data: bytes
    pixels: npt.NDArray[np.uint8]


def shown(data: bytes, *, max_side: int | None, limits: Limits = DEFAULT_LIMITS) -> Shown:
    """Decode a picture, so that nothing is paid for one that is broken; raises ImageError.

    A captioner that says no `max_side` is handed the bytes as they are.
    """
    if not data:
        raise ImageError("the image has no bytes", reason="empty_image")
    if max_side is None or may_travel(data, max_side):
        return Shown(data=data, pixels=_pixels(decode(data, limits=limits, draft=LOOK)))
    image = scaled(data, max_side, limits=limits)
    return Shown(data=encode_jpeg(image), pixels=_pixels(image))


def _pixels(image: Image.Image) -> npt.NDArray[np.uint8]:
    factor = max(image.size) // LOOK
    return np.asarray(image.reduce(factor) if factor > 1 else image)
