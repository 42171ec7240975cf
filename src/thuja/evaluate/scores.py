"""The scores of an evaluation: one row a task, split, rank and method, and how they are made."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from thuja.evaluate.protocols.few_shot import Fold
from thuja.evaluate.question import Question
from thuja.metrics.accuracy import Hits, is_in_top
from thuja.metrics.bootstrap import Interval, bootstrap

Indices = npt.NDArray[np.int64]


class Method(StrEnum):
    """Who answered: the model, or one of the baselines that stand beside it."""

    MODEL = "model"
    ROLLED_UP = "model, rolled up"
    CENTROID = "model, centroid"
    CHANCE = "chance"
    MAJORITY = "majority"
    PIXELS = "raw pixels"
    UNTRAINED_TEXT = "untrained, text"
    UNTRAINED = "untrained, centroid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How one method did on one task.

    `candidates` is the number of possible answers, `classes` how many of them occur, `images` how
    many were asked. The intervals are over resampled species; None where a method draws nothing.
    `top5` is None below five candidates; `spread` is the standard deviation of macro accuracy over
    few-shot folds.
    """

    task: str
    split: str
    rank: str
    method: Method
    accuracy: float
    macro: float
    candidates: int
    classes: int
    images: int
    accuracy_interval: tuple[float, float] | None = None
    macro_interval: tuple[float, float] | None = None
    top5: float | None = None
    spread: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """A row of scores.json."""
        return asdict(self) | {"method": self.method.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A question put to one split under one name; `species` (N,) is each image's cluster.

    `name` is "zero-shot", "zero-shot, all names" or "few-shot, k shots"; `split` is "test" (new
    pictures of species met in training) or "unseen" (species never met).
    """

    name: str
    split: str
    question: Question
    species: Indices

    def score(self, ranked: Indices, method: Method, generator: np.random.Generator) -> Score:
        """Score ranked answers: (N, K) candidate indices, best first, -1 for none."""
        asked = self.question.asked
        truth, ranked = self.question.truth[asked], ranked[asked]
        hits = Hits(is_right=ranked[:, 0] == truth, classes=truth, species=self.species[asked])
        accuracy, macro = bootstrap(hits, generator)
        return self._score(
            method,
            accuracy=accuracy,
            macro=macro,
            top5=float(is_in_top(ranked, truth, 5).mean()) if ranked.shape[1] >= 5 else None,
        )

    def score_folds(self, answers: Sequence[Indices], folds: Sequence[Fold], method: Method) -> Score:
        """Score few-shot answers, one array of a fold's queries each: means over the folds."""
        hits = []
        for answer, fold in zip(answers, folds, strict=True):
            truth = self.question.truth[fold.query]
            hits.append(Hits(is_right=answer == truth, classes=truth, species=truth))
        macros = [hit.macro_accuracy() for hit in hits]
        return self._score(
            method,
            accuracy=_certain(float(np.mean([hit.accuracy() for hit in hits]))),
            macro=_certain(float(np.mean(macros))),
            spread=float(np.std(macros)),
            images=len(folds[0].query),
        )

    def chance(self) -> Score:
        """Guessing among the candidates, all equally likely."""
        share = 1 / len(self.question.candidates)
        top5 = 5 * share if len(self.question.candidates) >= 5 else None
        return self._score(Method.CHANCE, accuracy=_certain(share), macro=_certain(share), top5=top5)

    def majority(self, trained: Indices) -> Score:
        """Always the candidate that is commonest in training (`trained`: candidate indices)."""
        common = int(np.bincount(trained[trained >= 0], minlength=1).argmax())
        truth = self.question.truth[self.question.asked]
        macro = float(common in truth) / len(np.unique(truth))
        return self._score(Method.MAJORITY, accuracy=_certain(float((truth == common).mean())), macro=_certain(macro))

    def _score(
        self,
        method: Method,
        *,
        accuracy: Interval,
        macro: Interval,
        top5: float | None = None,
        spread: float | None = None,
        images: int | None = None,
    ) -> Score:
        truth = self.question.truth[self.question.asked]
        return Score(
            task=self.name,
            split=self.split,
            rank=self.question.rank.label,
            method=method,
            accuracy=accuracy.value,
            macro=macro.value,
            candidates=len(self.question.candidates),
            classes=len(np.unique(truth)),
            images=len(truth) if images is None else images,
            accuracy_interval=_ends(accuracy),
            macro_interval=_ends(macro),
            top5=top5,
            spread=spread,
        )


def _certain(value: float) -> Interval:
    return Interval(value=value, low=value, high=value)


def _ends(interval: Interval) -> tuple[float, float] | None:
    return None if interval.low == interval.high == interval.value else (interval.low, interval.high)
