"""Exact neighbours by cosine between two sets of vectors, a tile at a time: a (Q, N) matrix is never held whole."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.classify import Top
from thuja.embeddings import Vectors
from thuja.evaluate.protocols.lengths import unit

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

_GALLERY_TILE = 4096
_QUESTION_TILE = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """A sorted list of candidates for each of Q questions, one behind the other; none is empty."""

    starts: Indices
    values: Indices

    @classmethod
    def of(cls, questions: Indices, candidates: Indices) -> "Lists":
        """From E pairs of a question and a candidate, any of which may stand twice; questions are 0 to Q - 1."""
        pairs = np.unique(np.stack([questions, candidates], axis=1), axis=0)
        lists = cls(starts=np.searchsorted(pairs[:, 0], np.arange(pairs[-1, 0] + 1)), values=pairs[:, 1])
        assert lists.lengths().all(), "a question without a candidate"
        return lists

    def __len__(self) -> int:
        return len(self.starts)

    def lengths(self) -> Indices:
        """How many each question has: (Q,)."""
        return np.diff(self.starts, append=len(self.values))

    def owners(self) -> Indices:
        """The question of each value: (E,)."""
        return np.repeat(np.arange(len(self)), self.lengths())


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the best right candidate of each of Q questions stands.

    `ahead` candidates stand before it, `level` are as good (itself among them), and `right` of those are right.
    `first` is the candidate that is answered, `scores` its cosine.
    """

    ahead: Indices
    level: Indices
    right: Indices
    first: Indices
    scores: Floats


def nearest(questions: Vectors, gallery: Vectors, k: int, *, order: Indices) -> Top:
    """The k rows of the gallery nearest to each question, best first: (Q, D), (N, D) to two (Q, k).

    `order` holds every row of the gallery once: among equals the earlier in it stands first. Every question
    keeps its best k, and of a tile only what beats the k-th is looked at. Tiles begin small and double, so that
    this is about k rows of any.
    """
    depth = min(k, len(order))
    asked = unit(questions)
    count = len(asked)
    names = np.repeat(np.arange(count), depth)
    best = np.full((count, depth), -np.inf, dtype=np.float32)
    found = np.full((count, depth), -1, dtype=np.int64)
    start = 0
    while start < len(order):
        rows = order[start : start + min(_GALLERY_TILE, max(start, 4 * depth))]
        start += len(rows)
        scores = asked @ unit(gallery[rows]).T  # (Q, T)
        question, column = np.nonzero(scores > best[:, -1:])
        owners = np.concatenate([names, question])
        values = np.concatenate([best.ravel(), scores[question, column]])
        # A stable sort: what was found before stands before what is equal.
        ranked = np.lexsort((-values, owners))
        ends = np.cumsum(np.bincount(owners, minlength=count))
        place = np.arange(len(ranked)) - np.repeat(np.concatenate([[0], ends[:-1]]), np.diff(ends, prepend=0))
        kept = ranked[place < depth]
        best = values[kept].reshape(count, depth)
        found = np.concatenate([found.ravel(), rows[column]])[kept].reshape(count, depth)
    return Top(indices=found, scores=best)


def place_own(questions: Vectors, candidates: Vectors, columns: Indices) -> Places:
    """Where candidate q stands for question q, the last first among equals.

    Candidate j has the vector `candidates[columns[j]]`: one that stands twice then scores the same to the bit.
    """
    count = len(columns)
    places = []
    for rows, scores in _tiles(questions, candidates):
        scores = scores[:, columns]  # (T, Q)
        own = scores[np.arange(len(rows)), rows][:, None]
        is_before = (scores > own) | ((scores == own) & (np.arange(count) > rows[:, None]))
        first = count - 1 - scores[:, ::-1].argmax(axis=1)
        ones = np.ones(len(rows), dtype=np.int64)
        places.append(
            Places(
                ahead=is_before.sum(axis=1),
                level=ones,
                right=ones,
                first=first,
                scores=scores[np.arange(len(rows)), first],
            )
        )
    return _joined(places)


def place_right(questions: Vectors, candidates: Vectors, right: Lists) -> Places:
    """Where the best right candidate stands for each question: (Q, D), (C, D), a list of C's rows for each Q."""
    owners = right.owners()
    places = []
    for rows, scores in _tiles(questions, candidates):
        inside = slice(*np.searchsorted(owners, [rows[0], rows[-1] + 1]))
        owner, starts = owners[inside] - rows[0], right.starts[rows] - right.starts[rows[0]]
        told = scores[owner, right.values[inside]]
        best = np.maximum.reduceat(told, starts)
        first = scores.argmax(axis=1)
        places.append(
            Places(
                ahead=(scores > best[:, None]).sum(axis=1),
                level=(scores == best[:, None]).sum(axis=1),
                right=np.add.reduceat((told == best[owner]).astype(np.int64), starts),
                first=first,
                scores=scores[np.arange(len(rows)), first],
            )
        )
    return _joined(places)


def _tiles(questions: Vectors, candidates: Vectors) -> Iterator[tuple[Indices, Floats]]:
    """Row numbers of some questions, and their cosine to every candidate."""
    shown = unit(candidates)
    for start in range(0, len(questions), _QUESTION_TILE):
        tile = unit(questions[start : start + _QUESTION_TILE])
        yield np.arange(start, start + len(tile)), tile @ shown.T


def _joined(parts: list[Places]) -> Places:
    return Places(
        ahead=np.concatenate([part.ahead for part in parts]),
        level=np.concatenate([part.level for part in parts]),
        right=np.concatenate([part.right for part in parts]),
        first=np.concatenate([part.first for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
    )
