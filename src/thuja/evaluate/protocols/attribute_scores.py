"""The scores of answers to many yes-or-no labels: as published, as they should be, and what knowing nothing gives."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

import numpy as np
import numpy.typing as npt

from thuja.evaluate.task import Indices, Measure, Way
from thuja.metrics.bootstrap import draws_of, interval_of
from thuja.metrics.multilabel import Ranking, Tallies

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

THRESHOLDS = {Way.PUBLIC: 0.5, Way.CORRECTED: 0.0}
"""The logit above which the answer is yes: .5 is a probability of .62, and 0 one of .5."""
FEWER = 200
"""Replicates for mean average precision, which is slow to weigh again; the others have the usual number."""


class Headline(StrEnum):
    """The measure that stands in the papers' tables."""

    EXACT = "exact match"
    MACRO_F1 = "macro-F1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What R runs said of A images: `truth` (A, L), `logits` (R, A, L), each image's cluster (A,).

    `is_met` (A,) says whether an image's group was learnt from.
    """

    way: Way
    labels: tuple[str, ...]
    truth: Flags
    logits: npt.NDArray[np.floating]
    clusters: Indices
    is_met: Flags

    @property
    def said(self) -> Flags:
        """Which labels are said: (R, A, L)."""
        return np.asarray(self.logits > THRESHOLDS[self.way])

    def select(self, is_kept: Flags) -> "Answers":
        """The answers to these images."""
        _, clusters = np.unique(self.clusters[is_kept], return_inverse=True)
        return replace(
            self,
            truth=self.truth[is_kept],
            logits=self.logits[:, is_kept],
            clusters=clusters,
            is_met=self.is_met[is_kept],
        )

    def with_answer(self, said: Flags) -> "Answers":
        """The same question, answered by the same labels for every image: (L,)."""
        logits = np.broadcast_to(np.where(said, 1.0, -1.0), self.truth.shape)
        return replace(self, logits=logits[None])


def score_published(answers: Answers, headline: Headline, seed: int) -> list[Measure]:
    """The measure of the papers' table first, faults and all."""
    scorer = Scorer.of(answers, seed)
    if headline == Headline.EXACT:
        return [scorer.exact_match(), scorer.macro_f1()]
    columns = np.unique(answers.truth.astype(np.int64))  # what the script hands scikit-learn as labels: [0, 1]
    columns = columns[columns < len(answers.labels)]
    named = " and ".join(answers.labels[column] for column in columns)
    first = scorer.macro_f1(labels=columns, note=f"as the script has it, over {named} alone")
    return [first, scorer.macro_f1(part="all labels"), scorer.exact_match()]


def score_corrected(answers: Answers, headline: Headline, seed: int) -> list[Measure]:
    """The headline first, then the other scores, by whether the group was met in training, and by label."""
    scorer = Scorer.of(answers, seed)
    scores = [scorer.exact_match(), scorer.macro_f1()]
    if headline == Headline.MACRO_F1:
        scores.reverse()
    scores += [scorer.micro_f1(), scorer.label_accuracy(), scorer.mean_average_precision()]
    if answers.is_met.any() and not answers.is_met.all():
        for part, is_kept in (("groups met in training", answers.is_met), ("groups not met", ~answers.is_met)):
            some = Scorer.of(answers.select(is_kept), seed)
            scores += [some.exact_match(part=part), some.macro_f1(part=part)]
    scores += scorer.by_label()
    return [score for score in scores if np.isfinite(score.value)]  # of labels that are true of no image there is none


def baselines(answers: Answers, taught: Flags, seed: int) -> list[Measure]:
    """What knowing nothing of the image gives: the commonest set of labels in training, and yes to all."""
    sets, counts = np.unique(taught, axis=0, return_counts=True)
    scorer = Scorer.of(answers, seed)
    measures = []
    for part, said in (("majority", sets[counts.argmax()]), ("yes to all", np.ones(taught.shape[1], dtype=bool))):
        ignorant = replace(scorer, answers=answers.with_answer(said))
        measures += [ignorant.exact_match(part=part), ignorant.macro_f1(part=part)]
    return [measure for measure in measures if np.isfinite(measure.value)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """Answers, and how often each of S clusters counts in each of B replicates: `weights` (B, S)."""

    answers: Answers
    weights: Floats

    @classmethod
    def of(cls, answers: Answers, seed: int) -> Self:
        """Draw the clusters with replacement, the same for all that is scored."""
        count = int(answers.clusters.max()) + 1
        drawn = np.concatenate(list(draws_of(count, np.random.default_rng(seed))))
        return cls(answers=answers, weights=drawn.astype(np.float64))

    def exact_match(self, *, part: str = "") -> Measure:
        """The share of images of which all labels are right."""
        return self._mean(Headline.EXACT, (self.answers.said == self.answers.truth).all(axis=2), part=part)

    def label_accuracy(self) -> Measure:
        """The share of labels that are right."""
        return self._mean("label accuracy", (self.answers.said == self.answers.truth).mean(axis=2))

    def macro_f1(self, *, part: str = "", labels: Indices | None = None, note: str = "") -> Measure:
        """The mean of F1 over labels; corrected, over those that are true of some image."""
        is_corrected = self.answers.way == Way.CORRECTED
        absent = int((~self.answers.truth.any(axis=0)).sum())
        if is_corrected and absent:
            note = f"without {absent} labels that are true of no image"

        def statistic(run: int, weights: Floats | None) -> Floats:
            tallies = self._tally(run) if labels is None else self._tally(run).select(labels)
            return tallies.macro_f1(weights, is_occurring_only=is_corrected)

        return self._weighed(Headline.MACRO_F1, statistic, part=part, note=note)

    def micro_f1(self) -> Measure:
        """F1 of all labels thrown together."""
        return self._weighed("micro-F1", lambda run, weights: self._tally(run).micro_f1(weights))

    def mean_average_precision(self) -> Measure:
        """The mean of average precision over the labels that are true of some image."""
        clusters = self.answers.clusters

        def statistic(run: int, weights: Floats | None) -> Floats:
            ranking = Ranking.of(self.answers.truth, self.answers.logits[run])
            times = np.ones((1, self.weights.shape[1])) if weights is None else weights[:FEWER]
            return np.array([_mean_of_known(ranking.average_precision(row[clusters])) for row in times])

        return self._weighed("mAP", statistic)

    def by_label(self) -> Iterator[Measure]:
        """Average precision, F1 and prevalence of each label, means over the runs."""
        answers, runs = self.answers, range(len(self.answers.logits))
        precision = np.mean(
            [Ranking.of(answers.truth, logits).average_precision() for logits in answers.logits], axis=0
        )
        f1 = np.mean([self._tally(run).f1()[0] for run in runs], axis=0)
        prevalence = answers.truth.mean(axis=0)
        for row, label in enumerate(answers.labels):
            note = f"chance gives the prevalence, {prevalence[row]:.3f}"
            yield self._of_label(label, "average precision", precision[row], note=note)
            yield self._of_label(label, "F1", f1[row])
            yield self._of_label(label, "prevalence", prevalence[row])

    def _of_label(self, label: str, name: str, value: float, *, note: str = "") -> Measure:
        count = len(self.answers.truth)
        return Measure(part=label, way=self.answers.way, name=name, value=float(value), units=count, note=note)

    def _tally(self, run: int) -> Tallies:
        return Tallies.of(self.answers.truth, self.answers.said[run], self.answers.clusters)

    def _mean(self, name: str, values: npt.NDArray[np.generic], *, part: str = "") -> Measure:
        """A mean over images of (R, A) values."""
        sizes = np.bincount(self.answers.clusters).astype(np.float64)

        def statistic(run: int, weights: Floats | None) -> Floats:
            sums = np.bincount(self.answers.clusters, weights=values[run].astype(np.float64))
            times = np.ones((1, len(sizes))) if weights is None else weights
            return np.asarray((times @ sums) / (times @ sizes))

        return self._weighed(name, statistic, part=part)

    def _weighed(
        self, name: str, statistic: Callable[[int, Floats | None], Floats], *, part: str = "", note: str = ""
    ) -> Measure:
        """A statistic of one run's answers, once or in each of the replicates: the mean over the runs."""
        runs = range(len(self.answers.logits))
        values = np.array([statistic(run, None)[0] for run in runs])
        replicates = np.mean([statistic(run, self.weights) for run in runs], axis=0)
        interval = interval_of(float(values.mean()), replicates)
        return Measure(
            part=part,
            way=self.answers.way,
            name=str(name),
            value=interval.value,
            low=interval.low,
            high=interval.high,
            units=len(self.answers.truth),
            clusters=self.weights.shape[1],
            spread=float(values.std()) if len(values) > 1 else None,
            note=note,
        )


def _mean_of_known(scores: Floats) -> float:
    """The mean of those that are numbers; NaN if none is."""
    return float(np.nanmean(scores)) if np.isfinite(scores).any() else float("nan")
