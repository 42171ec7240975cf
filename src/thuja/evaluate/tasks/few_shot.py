"""Few-shot: name a picture after seeing k pictures of each species (SimpleShot, arXiv:1911.04623).

The protocol of the BioCLIP papers: five folds, in each k pictures a class are drawn for support and
all others are asked; features CL2N, nearest class mean; mean and spread over the folds. The public
script stops at a class with no more than k pictures. Here such a class gives all but one of its
pictures for support, and a class of one picture is support alone: an answer that is always wrong.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.classify import NearestCentroid
from thuja.embeddings import Vectors

FOLDS = 5
SHOTS = (1, 5)

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One draw: the rows for support and the rows that are asked, apart and sorted."""

    support: Indices
    query: Indices


def draw_folds(truth: Indices, shots: int, *, seed: int = 0) -> list[Fold]:
    """Five draws of `shots` support images a class; rows with truth -1 are left out.

    Fold n draws with the generator of seed [seed, n], for every number of shots the same order: the
    support of one shot is part of the support of five.
    """
    folds = []
    for number in range(FOLDS):
        generator = np.random.default_rng([seed, number])
        support: list[int] = []
        query: list[int] = []
        for label in np.unique(truth[truth >= 0]):
            rows = generator.permutation(np.flatnonzero(truth == label)).tolist()
            kept = min(shots, max(1, len(rows) - 1))
            support += rows[:kept]
            query += rows[kept:]
        folds.append(Fold(support=np.array(sorted(support), np.int64), query=np.array(sorted(query), np.int64)))
    return folds


def answer(vectors: Vectors, truth: Indices, fold: Fold) -> Indices:
    """The class that each of the fold's queries is given: (Q,)."""
    centroids = NearestCentroid().fit(vectors[fold.support], truth[fold.support])
    return centroids.predict(vectors[fold.query])
