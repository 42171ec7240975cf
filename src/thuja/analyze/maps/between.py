"""Rows on a map that was fitted without them: between the points of their nearest fitted rows.

A row lands on the barycentre of these, weighted by one over their squared distance: between two clusters it lands in
the middle, and no new cluster can form. Where it lands is its own matter. UMAP's `transform` starts rows at random by
their place in the table: among other rows, one in 20 of BioCLIP 2's lay a quarter of the map elsewhere.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import NearestNeighbors

from thuja.analyze.maps.linear import Axes, principal_axes
from thuja.embeddings import Vectors

Floats = npt.NDArray[np.float64]

_NEAREST: Final = 5
_NARROW: Final = 50
"""Principal axes that nearness is measured along: noise is in the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Fitted rows along some axes, `narrow` (N, d), and their `points` (N, k) on a map."""

    axes: Axes
    narrow: Floats
    points: Floats

    @classmethod
    def of(cls, vectors: Vectors, points: Floats) -> "Between":
        """The rows (N, D) that a map was fitted on, and where it has them."""
        axes = principal_axes(vectors, dimensions=_NARROW)
        return cls(axes=axes, narrow=axes.place(vectors), points=points)

    def place(self, vectors: Vectors) -> Floats:
        """The points (M, k) of any rows (M, D); a fitted one lies where it was fitted."""
        rows = self.axes.place(vectors)
        nearest = NearestNeighbors(n_neighbors=min(_NEAREST, len(self.points))).fit(self.narrow)
        distances, places = nearest.kneighbors(rows)  # (M, n) each
        # A fitted row is its own nearest: what is left of its distance is rounding, and its weight all but all.
        closest = np.maximum(distances[:, :1], np.finfo(float).tiny)
        weights = (closest / np.maximum(distances, closest)) ** 2
        weights[distances <= 1e-9 * np.abs(rows).max(initial=1)] = 1e18
        pulled = (weights[:, :, None] * self.points[places]).sum(axis=1)
        return np.asarray(pulled / weights.sum(axis=1, keepdims=True))
