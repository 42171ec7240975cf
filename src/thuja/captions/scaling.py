"""An image no larger than a captioner looks at."""

import math

from PIL import Image

from thuja.images import DEFAULT_LIMITS, Limits, decode, is_plain_jpeg, upright_size
from thuja.images.plain import fitted_size


def may_travel(data: bytes, max_side: int) -> bool:
    """Whether the bytes are sent as they are; what is larger than its pixels hides something in its scan."""
    return len(data) <= 3 * max_side**2 and is_plain_jpeg(data, max_side)


def scaled(data: bytes, max_side: int, *, limits: Limits = DEFAULT_LIMITS) -> Image.Image:
    """The picture with no longer side than `max_side`; raises ImageError.

    Bilinear, which Pillow widens to what is averaged: two thirds of the time of bicubic, for less than two grey levels.
    """
    width, height = upright_size(data, limits=limits)
    # `draft` is about the shorter side: a photo of 1024 x 768 for 448 x 336 is decoded at 512 x 384.
    draft = math.ceil(min(width, height) * min(1.0, max_side / max(width, height)))
    image = decode(data, limits=limits, draft=max(draft, 1))
    size = fitted_size(image.size, max_side)
    return image if size == image.size else image.resize(size, Image.Resampling.BILINEAR)
