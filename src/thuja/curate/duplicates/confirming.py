"""A second look at two images whose hashes are near: by their pixels, or by an embedding that is handed in.

PDQ hears the coarse layout only. Two specimens on one plain ground, or two animals before one camera, have near hashes;
what tells them apart is a difference in one place and none elsewhere, where a copy differs a little everywhere.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from thuja.curate.duplicates.bands import Flags
from thuja.curate.duplicates.hashing import PREPARED_SIDE, prepared

Floats = npt.NDArray[np.float32]
Thumbnails = npt.NDArray[np.uint8]
Embed = Callable[[Sequence[Image.Image]], npt.NDArray[np.floating]]
"""RGB images to one vector each, (N, D). An importable function or an instance that pickles, for other processes."""

_LEAST_CORRELATION: Final = 0.9
_BLOCKS: Final = 8
_SMALL: Final = 0.05
"""A mean difference of no block above this, in standard deviations of the image, is noise of compression."""
_PEAK: Final = 8.0
"""A copy's worst block differs by at most this many times the mean; something put in at one place by 20 times.
Thresholds chosen on 5,744 copies and 306 images with another inset, see docs/curate-duplicates.md."""
_PAIRS: Final = 2_000


def thumbnail(image: Image.Image) -> Thumbnails:
    """What `same_pixels` compares, (64, 64): the luminance of the preparation that PDQ sees."""
    return np.asarray(Image.fromarray(prepared(image)).convert("L"))


def same_pixels(left: Thumbnails, right: Thumbnails) -> Flags:
    """Whether each pair of thumbnails (P, 64, 64) shows one image, at any brightness and contrast. Returns (P,)."""
    parts = [_same(left[at : at + _PAIRS], right[at : at + _PAIRS]) for at in range(0, len(left), _PAIRS)]
    return np.concatenate([np.empty(0, bool), *parts])


def same_vectors(left: Floats, right: Floats, min_cosine: float) -> Flags:
    """Whether each pair of vectors (P, D) has at least this cosine. Returns (P,); a null vector is like nothing."""
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    cosines = np.einsum("pd,pd->p", left, right) / np.where(lengths == 0, 1, lengths)
    same: Flags = (cosines >= min_cosine) & (lengths > 0)
    return same


def _same(left: Thumbnails, right: Thumbnails) -> Flags:
    one, other = _standard(left), _standard(right)
    correlations = (one * other).mean(axis=(1, 2))
    side = PREPARED_SIDE // _BLOCKS
    differences = np.abs(one - other).reshape(-1, _BLOCKS, side, _BLOCKS, side).mean(axis=(2, 4))  # (P, 8, 8)
    worst, mean = differences.max(axis=(1, 2)), differences.mean(axis=(1, 2))
    same: Flags = (correlations >= _LEAST_CORRELATION) & ((worst <= _SMALL) | (worst <= _PEAK * mean))
    return same


def _standard(images: Thumbnails) -> Floats:
    """Mean 0 and standard deviation 1 each; a blank image stays 0, which correlates with nothing."""
    centred = images.astype(np.float32)
    centred -= centred.mean(axis=(1, 2), keepdims=True)
    deviations = centred.std(axis=(1, 2), keepdims=True)
    centred /= np.where(deviations < 1e-3, np.float32(1), deviations)
    return centred
