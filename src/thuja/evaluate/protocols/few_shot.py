"""Few-shot: name a picture after seeing k pictures of each class (SimpleShot, arXiv:1911.04623).

The protocol of the BioCLIP papers: five folds, in each k pictures a class are drawn for support and
all others are asked; features CL2N, nearest class mean; mean and spread over the folds.

`draw_public` draws the folds that the papers' scripts draw, image for image. They stop at a class with fewer
than k pictures, and never ask one with just k. `draw_folds` draws them as it should be done: a class with
fewer gives all but one of its pictures for support (of one picture it is support alone, an answer that is
always wrong), and a picture of an observation that gave support is never asked.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from thuja.classify import NearestCentroid, Top
from thuja.embeddings import Vectors

FOLDS = 5
SHOTS = (1, 5)

Indices = npt.NDArray[np.int64]


class Script(StrEnum):
    """Which public script's draws: they shuffle alike, and start from other orders."""

    PAPERS = "few_shot.py"
    """BioCLIP's and BioCLIP 2's: it shuffles in place, so each fold starts from the order that the last one left."""
    LATER = "classification.py"
    """BioCLIP 2's later one: each fold starts from the order of the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One draw: the rows for support and the rows that are asked, apart and sorted."""

    support: Indices
    query: Indices


def draw_public(
    truth: Indices, shots: Sequence[int] = SHOTS, *, script: Script = Script.PAPERS
) -> dict[int, list[Fold]]:
    """The folds of a public script by number of shots; `shots` in the order that the script is given them.

    Before each fold it seeds Python's `random` with the fold's number, and shuffles the classes' lists of pictures
    in the order in which classes appear. A class with fewer pictures than shots would stop it, and is passed over;
    rows with truth -1 are left out.
    """
    rows_of = _by_appearance(truth)
    drawn: dict[int, list[Fold]] = {}
    for count in shots:
        drawn[count] = []
        for number in range(FOLDS):
            generator = random.Random(number)
            support: list[int] = []
            query: list[int] = []
            for rows in rows_of.values():
                if len(rows) >= count:
                    order = rows if script is Script.PAPERS else list(rows)
                    generator.shuffle(order)
                    support += order[:count]
                    query += order[count:]
            drawn[count].append(_fold(support, query))
    return drawn


def draw_folds(truth: Indices, shots: int, *, clusters: Indices | None = None, seed: int = 0) -> list[Fold]:
    """Five draws of `shots` support images a class; rows with truth -1 are left out.

    `clusters` (N,) numbers each image's observation: a class's support then is one image each of several
    observations, and no other image of these is asked. Fold n draws with the generator of seed [seed, n], for every
    number of shots the same order: the support of one shot is part of the support of five.
    """
    groups = _by_label(truth)
    folds = []
    for number in range(FOLDS):
        generator = np.random.default_rng([seed, number])
        support = np.sort(
            np.concatenate([_give(generator.permutation(rows), shots, clusters) for rows in groups] or [truth[:0]])
        )
        is_asked = truth >= 0
        is_asked[support] = False
        if clusters is not None:
            is_asked &= ~np.isin(clusters, clusters[support])
        folds.append(Fold(support=support, query=np.flatnonzero(is_asked)))
    return folds


def answer(vectors: Vectors, truth: Indices, fold: Fold) -> Indices:
    """The class that each of the fold's queries is given: (Q,)."""
    return nearest(vectors, truth, fold).indices[:, 0]


def nearest(vectors: Vectors, truth: Indices, fold: Fold) -> Top:
    """The class that each of the fold's queries is given, and its score: (Q, 1)."""
    centroids = NearestCentroid().fit(vectors[fold.support], truth[fold.support])
    return centroids.nearest(vectors, fold.query)


def _give(rows: Indices, shots: int, clusters: Indices | None) -> Indices:
    """What one class, its rows in drawn order, gives for support."""
    if clusters is not None:
        _, first = np.unique(clusters[rows], return_index=True)
        rows = rows[np.sort(first)]  # one row an observation, in drawn order
    return rows[: min(shots, max(1, len(rows) - 1))]


def _fold(support: list[int], query: list[int]) -> Fold:
    return Fold(support=np.array(sorted(support), dtype=np.int64), query=np.array(sorted(query), dtype=np.int64))


def _by_appearance(truth: Indices) -> dict[int, list[int]]:
    """The rows of each class, classes in the order in which they first appear."""
    rows_of: dict[int, list[int]] = {}
    for row, label in enumerate(truth.tolist()):
        if label >= 0:
            rows_of.setdefault(label, []).append(row)
    return rows_of


def _by_label(truth: Indices) -> list[Indices]:
    """The rows of each class, in order of class index."""
    order = np.argsort(truth, kind="stable")
    order = order[truth[order] >= 0]
    ends = np.flatnonzero(np.diff(truth[order])) + 1
    return [np.asarray(rows, dtype=np.int64) for rows in np.split(order, ends) if len(rows)]
