"""Heads learnt from a few examples: the nearest class mean, a linear probe, the votes of the nearest examples.

Each says the logarithm of a probability for every class. What makes its scores probabilities (a temperature, how fast
votes fade) is fitted to examples that were asked without their own observation.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from thuja.classify.centroid import NearestCentroid
from thuja.classify.examples.labelled import Floats, Indices, Labelled, LeftOut, fit_temperature, log_softmax
from thuja.classify.examples.left_out import Scorer, left_out_scores
from thuja.classify.examples.votes import nearest_votes
from thuja.classify.probe import LinearProbe

State = dict[str, npt.NDArray[np.float32]]
"""What a head has learnt, as arrays by name."""

USUAL_TEMPERATURE = 0.1
"""Of a nearest centroid where no example can be left out."""

_STRENGTHS = (0.01, 0.1, 1.0)
_USUAL_STRENGTH = 0.1
_TRIED_ROUNDS = 2
_MOST_COST = 10_000_000_000
"""Examples times classes times dimensions times rounds of a probe: some 20 seconds of one processor."""
_MOST_VOTES = 50
_VOTES = (1, 3, 10, _MOST_VOTES)
_USUAL_VOTES = (16.0, 0.1)
_SHARPNESS = (4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
_DOUBTS = (0.003, 0.01, 0.03, 0.1, 0.3, 0.6)
_TILE = 4096


class HeadKind(StrEnum):
    """The heads, by the word that the command line has for each."""

    CENTROID = "centroid"
    PROBE = "probe"
    KNN = "knn"


class Head(Protocol):
    """What names an image by examples."""

    @property
    def kind(self) -> HeadKind:
        """Which head it is."""

    def log_probabilities(self, vectors: Floats) -> Floats:
        """(N, D) vectors of length one to (N, C)."""

    def state(self) -> State:
        """What was learnt beyond the examples themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CentroidHead:
    """SimpleShot (CL2N, arXiv:1911.04623): the soft-max of likeness / temperature."""

    centroids: NearestCentroid
    temperature: float
    kind: HeadKind = HeadKind.CENTROID

    @classmethod
    def fit(cls, labelled: Labelled) -> tuple["CentroidHead", LeftOut]:
        """The head, and what it says of examples without their observation."""
        rows = labelled.left_out_rows()
        likeness = left_out_scores(labelled, rows, _centroids)
        told = LeftOut.of(labelled, rows, likeness)
        temperature = fit_temperature(
            likeness[told.can_be_right], told.truth[told.can_be_right], usual=USUAL_TEMPERATURE
        )
        head = cls.restore(labelled, {"temperature": np.array([temperature], dtype=np.float32)})
        return head, LeftOut.of(labelled, rows, log_softmax(likeness / np.float32(temperature)))

    @classmethod
    def restore(cls, labelled: Labelled, state: State) -> "CentroidHead":
        """From the examples and what `state` gave."""
        centroids = NearestCentroid().fit(labelled.vectors, labelled.classes)
        return cls(centroids=centroids, temperature=float(state["temperature"][0]))

    def log_probabilities(self, vectors: Floats) -> Floats:
        """(N, D) vectors of length one to (N, C)."""
        return log_softmax(self.centroids.likeness(vectors) / np.float32(self.temperature))

    def state(self) -> State:
        """The temperature."""
        return {"temperature": np.array([self.temperature], dtype=np.float32)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeHead:
    """A linear probe, its standardisation and temperature taken into its weights: (D, C) and (C,)."""

    weights: Floats
    bias: Floats
    kind: HeadKind = HeadKind.PROBE

    @classmethod
    def fit(cls, labelled: Labelled) -> tuple["ProbeHead", LeftOut]:
        """The head, and what probes of the same strength say of observations left out.

        The strength is the one whose probes are least surprised by the observations that they did not see, in a few
        of the rounds. Where a probe takes long, those of some rounds alone are asked.
        """
        rounds, rows = labelled.rounds(), labelled.left_out_rows()
        cost = len(labelled) * labelled.count * labelled.vectors.shape[1]
        few, many = (rows[rounds[rows] < count] for count in (_TRIED_ROUNDS, max(_TRIED_ROUNDS, _MOST_COST // cost)))
        losses = [_probed(labelled, few, strength)[0].loss() for strength in _STRENGTHS]
        strength = _STRENGTHS[int(np.argmin(losses))] if np.isfinite(losses).all() else _USUAL_STRENGTH
        told, temperature = _probed(labelled, many, strength)
        return cls.of(_linear_probe(strength).fit(labelled.vectors, labelled.classes), temperature), told

    @classmethod
    def of(cls, probe: LinearProbe, temperature: float) -> "ProbeHead":
        """A fitted probe of all classes, at a temperature."""
        weights, bias = probe.linear()
        return cls(weights=weights / np.float32(temperature), bias=bias / np.float32(temperature))

    @classmethod
    def restore(cls, _: Labelled, state: State) -> "ProbeHead":
        """From what `state` gave."""
        return cls(weights=state["weights"], bias=state["bias"])

    def log_probabilities(self, vectors: Floats) -> Floats:
        """(N, D) vectors of length one to (N, C)."""
        return log_softmax(vectors @ self.weights + self.bias)

    def state(self) -> State:
        """The weights."""
        return {"weights": self.weights, "bias": self.bias}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnnHead:
    """The nearest examples vote, each with exp(sharpness * cosine), and at most `cap` of one source.

    A share `doubt` of the probability goes to all classes alike: a class without a vote is not impossible.
    """

    gallery: Labelled
    k: int
    cap: int
    sharpness: float
    doubt: float
    kind: HeadKind = HeadKind.KNN

    @classmethod
    def fit(cls, labelled: Labelled, *, cap: int = 1) -> tuple["KnnHead", LeftOut]:
        """The head, and what it says of examples without their observation.

        How many vote, how fast a vote fades and how much is in doubt are what fits these answers best.
        """
        rows = labelled.left_out_rows()
        rounds = labelled.rounds()
        cosines, classes = nearest_votes(
            labelled.vectors[rows], labelled, k=_MOST_VOTES, cap=cap, hidden=(rounds[rows], rounds)
        )
        asked = labelled.can_be_right()[rows]
        k, sharpness, doubt = _fitted_votes(cosines[asked], classes[asked], labelled.classes[rows[asked]], labelled)
        head = cls(gallery=labelled, k=k, cap=cap, sharpness=sharpness, doubt=doubt)
        return head, LeftOut.of(labelled, rows, head._counted(cosines[:, :k], classes[:, :k]))

    @classmethod
    def restore(cls, labelled: Labelled, state: State) -> "KnnHead":
        """From the examples and what `state` gave."""
        k, cap, sharpness, doubt = state["votes"].tolist()
        return cls(gallery=labelled, k=int(k), cap=int(cap), sharpness=sharpness, doubt=doubt)

    def log_probabilities(self, vectors: Floats) -> Floats:
        """(N, D) vectors of length one to (N, C)."""
        return self._counted(*nearest_votes(vectors, self.gallery, k=self.k, cap=self.cap))

    def state(self) -> State:
        """How votes are counted."""
        return {"votes": np.array([self.k, self.cap, self.sharpness, self.doubt], dtype=np.float32)}

    def _counted(self, cosines: Floats, classes: Indices) -> Floats:
        """The votes (Q, k) as logarithms of probabilities: (Q, C)."""
        votes = _weights(cosines, self.sharpness)
        shares = np.zeros((len(votes), self.gallery.count), dtype=np.float32)
        np.add.at(shares, (np.arange(len(votes))[:, None], classes), votes)
        doubt = np.float32(self.doubt)
        return np.asarray(np.log((1 - doubt) * shares + doubt / np.float32(self.gallery.count)))


def _centroids(labelled: Labelled) -> Scorer:
    centroids = NearestCentroid().fit(labelled.vectors, labelled.classes)
    return centroids.classes_, centroids.likeness


def _linear_probe(strength: float) -> LinearProbe:
    # What a smaller tolerance changes lies far within the interval of any score here, at three times the time.
    return LinearProbe(strength=strength, tolerance=1e-3, is_fast=True)


def _probe(labelled: Labelled, *, strength: float) -> Scorer:
    classes = np.unique(labelled.classes)
    if len(classes) < 2:
        return classes, lambda vectors: np.zeros((len(vectors), 1), dtype=np.float32)
    weights, bias = _linear_probe(strength).fit(labelled.vectors, labelled.classes).linear()
    return classes, lambda vectors: np.asarray(vectors @ weights + bias, dtype=np.float32)


def _probed(labelled: Labelled, rows: Indices, strength: float) -> tuple[LeftOut, float]:
    """What probes say of these rows without their observations, and the temperature that fits it."""
    scores = left_out_scores(labelled, rows, partial(_probe, strength=strength))
    asked = labelled.can_be_right()[rows]
    temperature = fit_temperature(scores[asked], labelled.classes[rows[asked]], usual=1.0)
    return LeftOut.of(labelled, rows, log_softmax(scores / np.float32(temperature))), temperature


def _weights(cosines: Floats, sharpness: float) -> Floats:
    """What each vote is worth, a row summing to one; nothing where nobody may vote: (Q, k) to (Q, k)."""
    nearest = np.where(np.isfinite(cosines[:, :1]), cosines[:, :1], 0)
    votes = np.exp(np.float32(sharpness) * (cosines - nearest))
    total = votes.sum(axis=1, keepdims=True)
    return np.asarray(votes / np.where(total > 0, total, 1), dtype=np.float32)


def _fitted_votes(cosines: Floats, classes: Indices, truth: Indices, labelled: Labelled) -> tuple[int, float, float]:
    """How many vote, how fast a vote fades, and the doubt, under which the truth of Q votes is least surprising."""
    most = min(_MOST_VOTES, len(labelled))
    best, best_loss = (most, *_USUAL_VOTES), np.inf
    if not len(truth):
        return best
    for k in dict.fromkeys(min(k, most) for k in _VOTES):
        for sharpness in _SHARPNESS:
            shares = _shares_of(cosines[:, :k], classes[:, :k], truth, sharpness=sharpness)
            # However right all answers are, so many of them leave this doubt.
            for doubt in (1 / (len(truth) + 2), *(doubt for doubt in _DOUBTS if doubt * (len(truth) + 2) > 1)):
                loss = float(-np.log((1 - doubt) * shares + doubt / labelled.count).mean())
                if loss < best_loss:
                    best, best_loss = (k, sharpness, doubt), loss
    return best


def _shares_of(cosines: Floats, classes: Indices, truth: Indices, *, sharpness: float) -> Floats:
    """The share of the votes for the true class: (Q,)."""
    return np.asarray((_weights(cosines, sharpness) * (classes == truth[:, None])).sum(axis=1), dtype=np.float32)


def probabilities(head: Head, vectors: Floats) -> Floats:
    """What a head says of any number of vectors, in blocks: (N, D) to (N, C)."""
    blocks = [np.exp(head.log_probabilities(vectors[start : start + _TILE])) for start in range(0, len(vectors), _TILE)]
    return np.concatenate(blocks) if blocks else np.zeros((0, 0), dtype=np.float32)


def restored(kind: HeadKind, labelled: Labelled, state: State) -> Head:
    """The head that `state` came of, over the same examples."""
    if kind is HeadKind.CENTROID:
        return CentroidHead.restore(labelled, state)
    return ProbeHead.restore(labelled, state) if kind is HeadKind.PROBE else KnnHead.restore(labelled, state)
