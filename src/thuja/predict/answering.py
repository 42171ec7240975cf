"""From what was seen to Predictions: whoever judges vectors is handed in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from thuja.embeddings import Vectors
from thuja.encode import Encoder, Failure
from thuja.predict.answers import Judgement, Prediction
from thuja.predict.inputs.queries import Query, Seen
from thuja.predict.inputs.seeing import Note
from thuja.predict.outputs.exports import About
from thuja.predict.outputs.layout import Layout

BLOCK = 256
"""Vectors judged at once: label vectors are read from memory once for all of them."""


class Judge(Protocol):
    """Whoever answers: a model with its labels, calibration and all, and the question that it was asked."""

    @property
    def encoder(self) -> Encoder:
        """What makes vectors of images."""

    @property
    def layout(self) -> Layout:
        """What its answers make columns of: rank, question, places, unseen, targets."""

    @property
    def about(self) -> About:
        """How exports call it."""

    @property
    def note(self) -> Note | None:
        """What it reads of an image besides its vector."""

    def plan(self) -> Mapping[str, object]:
        """All that decides an answer and is not in the vectors: JSON, such as labels, calibration, question."""

    def judge(self, queries: Sequence[Query], vectors: Vectors) -> Sequence[Judgement]:
        """A Judgement for each of N queries and their vectors (N, D), in their order."""


def answered(judge: Judge, seen: Iterable[Seen], *, first: int = BLOCK) -> Iterator[Prediction]:
    """A Prediction for each, in their order, as they are made.

    The `first` are judged together, then twice as many each time, up to BLOCK: whoever looks on sees answers soon,
    and many are made fast.
    """
    waiting: list[Seen] = []
    block = min(first, BLOCK)
    for one in seen:
        waiting.append(one)
        if len(waiting) >= block:
            yield from judged(judge, waiting)
            waiting, block = [], min(2 * block, BLOCK)
    yield from judged(judge, waiting)


def judged(judge: Judge, seen: Sequence[Seen]) -> list[Prediction]:
    """Predictions of what was seen, judged at once; what could not be seen is told as it is."""
    good = [(one.query, one.outcome) for one in seen if not isinstance(one.outcome, Failure)]
    judgements: Iterator[Judgement] = iter(())
    if good:
        judgements = iter(judge.judge([query for query, _ in good], np.stack([vector for _, vector in good])))
    return [one.prediction(None if isinstance(one.outcome, Failure) else next(judgements)) for one in seen]
