"""Vectors of length one, and vectors seen from the middle of others."""

from typing import Any

import numpy as np
import numpy.typing as npt

from thuja.embeddings import normalized

Floats = npt.NDArray[np.float32]


def unit(vectors: npt.NDArray[np.floating[Any]]) -> Floats:
    """Of length one, in float32; a vector of zeros stays: (N, D) to (N, D)."""
    return normalized(np.asarray(vectors, dtype=np.float32))


def centred(taught: Floats, asked: Floats) -> tuple[Floats, Floats]:
    """Both with the mean of `taught` taken off, and of length one."""
    mean = taught.mean(axis=0, keepdims=True)
    return unit(taught - mean), unit(asked - mean)
