"""Whether a map may be believed: how many of a point's neighbours on it are neighbours in the space too."""

from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.metrics import pairwise_distances_chunked

from thuja.embeddings import Vectors
from thuja.errors import ThujaError

Floats = npt.NDArray[np.float64]

FEWEST: Final = 8
"""Rows below which neighbours are most of the map, and trustworthiness says nothing."""


def trust_of_points(vectors: Vectors, points: Floats, *, neighbours: int = 10) -> Floats:
    """The trustworthiness of each point (N,) of a map (N, k) of vectors (N, D), whose mean is the map's.

    Venna and Kaski's (2001), as scikit-learn has it: of a point's `neighbours` nearest on the map, each that is not
    among its `neighbours` nearest in the space costs by how far down it stands there; 1 where none does, about .5 for a
    map of chance. N rows cost N² distances, a block of rows at a time. Raises ThujaError unless 0 < 2 `neighbours` < N.
    """
    count = len(vectors)
    if len(points) != count:
        raise ThujaError(f"expected {count} points, one a vector, got {len(points)}")
    if not 0 < 2 * neighbours < count:
        raise ThujaError(
            f"trustworthiness of {count} points wants fewer than {count / 2:g} neighbours, got {neighbours}"
        )
    costs = np.empty(count)
    start = 0
    # Both are walked in the same blocks: each is as long as a block of the space's distances allows.
    for apart in pairwise_distances_chunked(np.asarray(vectors, dtype=np.float64), working_memory=64):
        rows = np.arange(start, start + len(apart))
        here = ((points[rows, None, :] - points[None, :, :]) ** 2).sum(axis=2)  # (b, N)
        for distances in (apart, here):
            distances[np.arange(len(rows)), rows] = np.inf
        near = np.argsort(here, axis=1, kind="stable")[:, :neighbours]
        order = np.argsort(apart, axis=1, kind="stable")
        places = np.empty_like(order)
        np.put_along_axis(places, order, np.arange(count)[None, :], axis=1)
        costs[rows] = np.maximum(np.take_along_axis(places, near, axis=1) + 1 - neighbours, 0).sum(axis=1)
        start += len(apart)
    return np.asarray(1 - costs * 2 / (neighbours * (2 * count - 3 * neighbours - 1)))
