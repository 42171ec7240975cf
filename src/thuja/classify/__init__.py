"""Heads on embeddings: text labels, their posterior summed up the tree, nearest centroids, a linear probe.

Arrays only: vectors and labels in, probabilities or class indices out. The (N, L) posterior of many
images over a large label space does not fit in memory: `posteriors` hands it out by block of images, and
`marginals` sums it up the tree by tile of labels, without ever having it.
"""

from thuja.classify.centroid import NearestCentroid
from thuja.classify.clades import Clades, Tree, roll_up
from thuja.classify.posterior import posteriors, zero_shot
from thuja.classify.probe import LinearProbe
from thuja.classify.tiled import Marginals, Ranked, best_at_every_rank, marginals
from thuja.classify.top import Top, top_k

__all__ = [
    "Clades",
    "LinearProbe",
    "Marginals",
    "NearestCentroid",
    "Ranked",
    "Top",
    "Tree",
    "best_at_every_rank",
    "marginals",
    "posteriors",
    "roll_up",
    "top_k",
    "zero_shot",
]
