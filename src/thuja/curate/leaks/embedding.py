"""Images that an encoder finds alike: cosine against the vectors of evaluation sets."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from thuja.errors import BadFile

Vectors = npt.NDArray[np.float32]
Embed = Callable[[Sequence[Image.Image]], npt.NDArray[np.floating]]
"""RGB images to vectors (N, D). An importable function or an instance that can be pickled: other processes call it."""

_CHUNK = 4_096


def unit(vectors: npt.ArrayLike) -> Vectors:
    """(N, D) at length 1; vectors of length 0, or with what is no number in them, become 0 and are like nothing."""
    rows = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    is_good = np.isfinite(lengths) & (lengths > 0)
    scaled: Vectors = np.where(is_good, rows / np.where(is_good, lengths, 1), 0).astype(np.float32)
    return scaled


def alike(left: Vectors, right: Vectors, cosine: float) -> npt.NDArray[np.int64]:
    """Every (row of `left`, row of `right`) with at least this cosine, (P, 2). All N x M products are made."""
    if len(left) and len(right) and left.shape[1] != right.shape[1]:
        raise BadFile(
            f"the training images have vectors of {left.shape[1]} numbers, the evaluation sets of {right.shape[1]}",
            hint="both must come from one model",
        )
    found = [np.empty((0, 2), np.int64)]
    for begin in range(0, len(left), _CHUNK):
        for other in range(0, len(right), _CHUNK):
            products = left[begin : begin + _CHUNK] @ right[other : other + _CHUNK].T  # (B, C)
            near = np.argwhere(products >= np.float32(cosine - 1e-6))  # a copy's own cosine may round below 1
            found.append(near + np.array([begin, other]))
    return np.concatenate(found)
