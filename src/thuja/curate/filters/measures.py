"""How sharp an image is and how much contrast it has: two figures of one small preparation."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE = 224
"""The longer side of the preparation: what a model is shown, so that what it cannot see counts for nothing."""

Luminance = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Both figures of one image."""

    sharpness: float
    contrast: float


def luminance(image: Image.Image) -> Luminance:
    """(H, W) grey values, 0 to 255, the longer side at most SIDE; an image smaller than that stays as it is."""
    grey = image.convert("L")
    scale = SIDE / max(grey.size)
    if scale < 1:
        width, height = (max(1, round(side * scale)) for side in grey.size)
        # By whole steps to twice the size first: a tenth of the time, and the same figures.
        grey = grey.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.asarray(grey, dtype=np.float32)


def measures_of(image: Image.Image) -> Measures:
    """Sharpness and contrast of an RGB or grey image."""
    grey = luminance(image)
    return Measures(sharpness=_sharpness(grey), contrast=_contrast(grey))


def sharpness_of(image: Image.Image) -> float:
    """The variance of the Laplacian over the inner pixels, in squared grey values; 0 for an image of one colour."""
    return _sharpness(luminance(image))


def contrast_of(image: Image.Image) -> float:
    """Grey values between the 1st and the 99th percentile: 0 for a blank, some 200 for a photo of full range.

    Not the standard deviation: a small subject on plain ground (a plankter, a pinned insect) has a small
    one, and is what the image is about.
    """
    return _contrast(luminance(image))


def _sharpness(grey: Luminance) -> float:
    if min(grey.shape) < 3:
        return 0.0
    inner = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner  # (H - 2, W - 2)
    return float(laplacian.var())


def _contrast(grey: Luminance) -> float:
    counts = np.bincount(grey.astype(np.uint8).ravel(), minlength=256).cumsum()
    low, high = np.searchsorted(counts, [0.01 * counts[-1], 0.99 * counts[-1]])
    return float(high - low)
