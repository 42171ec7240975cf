"""Vectors of length one, and vectors seen from the middle of others."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def unit(vectors: npt.NDArray[np.floating[Any]]) -> Floats:
    """Of length one, in float32; a vector of zeros stays: (N, D) to (N, D)."""
    wide = np.asarray(vectors, dtype=np.float32)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(norms > 0, norms, 1), dtype=np.float32)


def centred(taught: Floats, asked: Floats) -> tuple[Floats, Floats]:
    """Both with the mean of `taught` taken off, and of length one."""
    mean = taught.mean(axis=0, keepdims=True)
    return unit(taught - mean), unit(asked - mean)
