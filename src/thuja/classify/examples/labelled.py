"""Labelled vectors to learn from, and what comes of leaving observations out of them in turn."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from thuja.classify.examples.intervals import Share, share_of
from thuja.embeddings import Vectors
from thuja.errors import EmptyInput, ThujaError

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MOST_LEFT_OUT = 2000
"""Observations that are left out in turn, at most; with more of them these are drawn evenly from all classes."""

ROUNDS = 10
"""In how many rounds examples are left out, at most."""

_CELLS = 2**26
"""What the scores of the images left out may hold: 256 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """N vectors of length one (N, D), the class of each (0 to `count` - 1), and the observation of each (N,).

    Images of one observation are of one organism at one moment, and alike: they are left out together.
    """

    vectors: Floats
    classes: Indices
    observations: Indices
    count: int

    @classmethod
    def of(cls, vectors: Vectors, classes: npt.ArrayLike, observations: npt.ArrayLike | None = None) -> Self:
        """From vectors of any length, class indices, and observations by any names; without these each is its own.

        Raises EmptyInput for no vector, ThujaError where one is not a number or the counts differ.
        """
        wide = np.array(vectors, dtype=np.float32)
        truth = np.asarray(classes, dtype=np.int64)
        if wide.ndim != 2 or len(wide) == 0:
            raise EmptyInput("there is no example to learn from")
        groups = np.arange(len(wide)) if observations is None else np.asarray(observations)
        if not len(truth) == len(groups) == len(wide):
            raise ThujaError(f"got {len(wide)} vectors, {len(truth)} classes and {len(groups)} observations")
        if not np.isfinite(wide).all():
            bad = int((~np.isfinite(wide).all(axis=1)).sum())
            raise ThujaError(f"{bad} of {len(wide)} example vectors are not numbers", hint="make them again")
        norms = np.sqrt(np.einsum("nd,nd->n", wide, wide))
        wide /= np.where(norms > 0, norms, 1)[:, None]
        _, place = np.unique(groups, return_inverse=True)
        return cls(
            vectors=wide, classes=truth, observations=place.reshape(-1).astype(np.int64), count=int(truth.max()) + 1
        )

    def __len__(self) -> int:
        return len(self.vectors)

    def at(self, rows: npt.ArrayLike) -> Self:
        """These examples alone, by position or mask; the classes keep their numbers."""
        picked = np.asarray(rows)
        return type(self)(
            vectors=self.vectors[picked],
            classes=self.classes[picked],
            observations=self.observations[picked],
            count=self.count,
        )

    def sources(self) -> Indices:
        """A number for each example's pair of observation and class: (N,)."""
        _, place = np.unique(self.observations * self.count + self.classes, return_inverse=True)
        return np.asarray(place.reshape(-1), dtype=np.int64)

    def left_out_rows(self) -> Indices:
        """The rows of the observations that are left out in turn: all, or an even draw from the classes."""
        names, first = np.unique(self.observations, return_index=True)
        chosen = min(MOST_LEFT_OUT, len(names))
        order = names[np.argsort(self.classes[first], kind="stable")]  # observations, class by class
        while True:
            places = np.linspace(0, len(order) - 1, chosen).round().astype(np.int64)
            rows = np.flatnonzero(np.isin(self.observations, order[places]))
            if chosen == 1 or len(rows) * self.count <= _CELLS:
                return rows
            chosen = max(1, chosen // 2)

    def rounds(self) -> Indices:
        """The round in which each example is left out, whole observations at a time: (N,).

        There are as many rounds as the largest class has observations, and at most ROUNDS; those of a class are
        spread over them.
        """
        _, first, place = np.unique(self.observations, return_index=True, return_inverse=True)
        order = np.argsort(self.classes[first], kind="stable")
        most = int(np.bincount(self.classes[first]).max())
        rounds = np.empty(len(order), dtype=np.int64)
        rounds[order] = np.arange(len(order)) % min(max(most, 2), ROUNDS)
        return rounds[place.reshape(-1)]

    def can_be_right(self) -> Flags:
        """Whether an example's class has one that is left out in another round: (N,)."""
        rounds = self.rounds()
        pairs = rounds * self.count + self.classes
        _, place, together = np.unique(pairs, return_inverse=True, return_counts=True)
        return np.asarray(np.bincount(self.classes)[self.classes] > together[place.reshape(-1)])


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What a head says of R examples, each asked without its observation: logarithms of probabilities (R, C).

    `rows` are their places among the examples. A class that has no other observation has the probability 0: its
    examples cannot be right, whatever the head, and are counted apart.
    """

    rows: Indices
    log_probabilities: Floats
    truth: Indices
    observations: Indices
    can_be_right: Flags

    @classmethod
    def of(cls, labelled: Labelled, rows: Indices, log_probabilities: Floats) -> Self:
        """The answers to these rows of the examples."""
        return cls(
            rows=rows,
            log_probabilities=log_probabilities,
            truth=labelled.classes[rows],
            observations=labelled.observations[rows],
            can_be_right=labelled.can_be_right()[rows],
        )

    def accuracy(self) -> Share | None:
        """The share of right ones among those that can be right; None where none can."""
        asked = self.can_be_right
        if not asked.any():
            return None
        answers = self.log_probabilities[asked].argmax(axis=1)
        return share_of(answers == self.truth[asked], self.observations[asked])

    def at(self, rows: Indices) -> Self:
        """The answers to those of these examples that were asked."""
        picked = np.isin(self.rows, rows)
        return type(self)(
            rows=self.rows[picked],
            log_probabilities=self.log_probabilities[picked],
            truth=self.truth[picked],
            observations=self.observations[picked],
            can_be_right=self.can_be_right[picked],
        )

    def loss(self) -> float:
        """The mean negative logarithm of the true class's probability, of those that can be right."""
        return mean_loss(self.log_probabilities[self.can_be_right], self.truth[self.can_be_right])


def mean_loss(log_probabilities: Floats, truth: Indices) -> float:
    """The mean of -log p(true class): (R, C), (R,); infinity for no row."""
    if not len(truth):
        return float("inf")
    return float(-log_probabilities[np.arange(len(truth)), truth].mean(dtype=np.float64))


def log_softmax(scores: Floats) -> Floats:
    """The logarithm of the soft-max of each row, -inf staying -inf: (N, C) to (N, C)."""
    peaks = scores.max(axis=1, keepdims=True)
    moved = scores - np.where(np.isfinite(peaks), peaks, 0)
    total = np.exp(moved).sum(axis=1, keepdims=True)
    return np.asarray(moved - np.log(np.where(total > 0, total, 1)), dtype=np.float32)


def doubtful_loss(log_probabilities: Floats, truth: Indices) -> float:
    """`mean_loss` with the doubt that R answers leave, however right all of them are.

    Platt's targets (1999): the truth is asked for with (R + 1) / (R + 2) only, and what is left of every class alike.
    Without it thirty right answers of thirty would make a head say 100 %.
    """
    doubt = 1 / (len(truth) + 2)
    is_known = np.isfinite(log_probabilities)
    known = np.where(is_known, log_probabilities, 0).sum(axis=1, dtype=np.float64) / is_known.sum(axis=1)
    return float((1 - doubt) * mean_loss(log_probabilities, truth) - doubt * known.mean())


def fit_temperature(scores: Floats, truth: Indices, *, usual: float) -> float:
    """The temperature under which soft-max(scores / temperature) fits the truth best; `usual` for no row.

    Best is the least `doubtful_loss`, on a grid of ratios to the usual one, then between its neighbours: it has one
    valley in 1 / temperature.
    """
    if not len(truth):
        return usual
    grid = usual * np.geomspace(1 / 256, 64, 29)
    for _ in range(3):
        losses = [doubtful_loss(log_softmax(scores / np.float32(value)), truth) for value in grid]
        best = int(np.argmin(losses))
        grid = np.geomspace(grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)], 9)
    return float(grid[len(grid) // 2])
