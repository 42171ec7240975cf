"""What the model's confidence in a species is worth: on pictures of trained species, and against those never met."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.classify import posteriors
from thuja.evaluate.chapter import Chapter, Shown, skipped
from thuja.evaluate.data import UNSEEN, species_of
from thuja.evaluate.grid import Grid
from thuja.evaluate.hierarchical import Ladder
from thuja.evaluate.suite_figures import reliability_diagrams
from thuja.evaluate.task import Measure, Way
from thuja.labels import LabelSpace
from thuja.metrics.bootstrap import Interval, mean_over_clusters, over_clusters
from thuja.metrics.calibration import brier, ece, ece_if_calibrated
from thuja.metrics.novelty import auroc, fpr_at_tpr
from thuja.metrics.selective import aurc, excess_aurc
from thuja.taxonomy import Rank

NAME, TITLE = "confidence", "What a confidence is worth"
ABOUT = (
    "The confidence in an answer is its posterior among the trained species. Of answers given with .8, eight in ten "
    "should be right: ECE is the mean distance from that, over 15 bins of confidence, and beside it stands what a "
    "model that keeps its word shows on as many pictures. Brier is the squared error of the whole posterior, 0 to 2. "
    "AURC is the mean share of errors as the least certain answers are left to a person one by one (less is better), "
    "excess AURC what the best order would take off it. AUROC is the chance that a picture of a trained species is "
    "held for surer than one of a species never met (.5 is a coin), FPR95 the share of the latter that pass where "
    "95 % of the former do."
)
REPLICATES = 300
"""Draws of species for each interval: these statistics are computed anew in each."""

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """Of N pictures: the best species' posterior, whether it is right, the Brier score (NaN without a true name)."""

    confidence: Floats
    is_right: Flags
    brier: Floats
    species: npt.NDArray[np.int64]

    @classmethod
    def of(cls, shown: Shown, labels: LabelSpace, truth: npt.NDArray[np.int64], *, scale: float) -> "_Answers":
        best, answer, errors = [], [], []
        start = 0
        for block in posteriors(shown.vectors, labels, scale=scale):
            own = truth[start : start + len(block)]
            found = np.full(len(block), np.nan)
            if (own >= 0).any():
                found[own >= 0] = brier(block[own >= 0], own[own >= 0])
            best.append(block.max(axis=1).astype(np.float64))
            answer.append(block.argmax(axis=1))
            errors.append(found)
            start += len(block)
        return cls(
            confidence=np.minimum(np.concatenate(best), 1),
            is_right=np.concatenate(answer) == truth,
            brier=np.concatenate(errors),
            species=species_of(shown.pictures.taxa),
        )

    def at(self, chosen: Flags) -> "_Answers":
        return _Answers(
            confidence=self.confidence[chosen],
            is_right=self.is_right[chosen],
            brier=self.brier[chosen],
            species=self.species[chosen],
        )


def measure_confidence(shown: Mapping[str, Shown], ladder: Ladder | None, *, scale: float, seed: int) -> Chapter:
    """Reliability and selective answers on `test`, and whether confidence tells `unseen` from it."""
    if ladder is None or len(ladder.texts[Rank.SPECIES]) < 2 or "test" not in shown:
        return skipped(NAME, TITLE, "There are no new pictures of trained species to tell apart, so no confidence.")
    labels = ladder.texts[Rank.SPECIES]
    found = {}
    for split, pictures in shown.items():
        truth = ladder.places(pictures.pictures.taxa)[:, Rank.SPECIES]
        answers = _Answers.of(pictures, labels, truth, scale=scale)
        found[split] = answers.at(truth >= 0) if split == "test" else answers.at(truth < 0)
    known, generator = found["test"], np.random.default_rng(seed)
    if not len(known.confidence):
        return skipped(NAME, TITLE, "No new picture is of a trained species, so no confidence can be right.")
    measures = _of_answers(known, generator)
    unseen = found.get(UNSEEN)
    notes = [] if unseen is not None else ["There are no pictures of species never met, so no AUROC against them."]
    if unseen is not None and len(unseen.confidence):
        measures += _against(known, unseen, generator)
    diagram = reliability_diagrams({"species, new pictures": {"model": (known.confidence, known.is_right)}})
    return Chapter(
        name=NAME,
        title=TITLE,
        about=ABOUT,
        grids=[_grid(measures)],
        figures=[(diagram, "The share right by confidence. On the dashed line a model keeps its word; a point's size "
                  "is its share of the pictures.")],
        notes=[*notes, f"Intervals draw species, {REPLICATES} times."],
        measures={"test": measures},
    )  # fmt: skip


def _of_answers(known: _Answers, generator: np.random.Generator) -> list[Measure]:
    """ECE beside that of a calibrated model, Brier, AURC and excess AURC."""
    confidence, wrong = known.confidence, (~known.is_right).astype(np.float64)

    def over(statistic: Callable[..., float], *columns: npt.NDArray[np.generic]) -> Interval:
        return over_clusters(
            lambda rows: statistic(*(column[rows] for column in columns)),
            known.species,
            generator,
            replicates=REPLICATES,
        )

    measured = {
        "ECE": over(ece, confidence, known.is_right),
        "ECE if calibrated": ece_if_calibrated(confidence, generator),
        "mean confidence": mean_over_clusters(confidence, known.species, generator),
        "accuracy": mean_over_clusters(known.is_right, known.species, generator),
        "Brier": mean_over_clusters(known.brier, known.species, generator),
        "AURC": over(aurc, confidence, wrong),
        "excess AURC": over(excess_aurc, confidence, wrong),
    }
    return [_measure(name, one, known) for name, one in measured.items()]


def _against(known: _Answers, unseen: _Answers, generator: np.random.Generator) -> list[Measure]:
    """AUROC and FPR95 of the two kinds of pictures; species of both are drawn."""
    confidence = np.concatenate([known.confidence, unseen.confidence])
    is_known = np.repeat([True, False], [len(known.confidence), len(unseen.confidence)])
    species = np.concatenate([known.species, known.species.max() + 1 + unseen.species])
    note = f"against {len(unseen.confidence):,} pictures of {len(np.unique(unseen.species)):,} species never met"

    def over(statistic: Callable[[Floats, Flags], float]) -> Interval:
        return over_clusters(
            lambda rows: statistic(confidence[rows], is_known[rows]), species, generator, replicates=REPLICATES
        )

    return [_measure(name, over(of), known, note=note) for name, of in (("AUROC", auroc), ("FPR95", fpr_at_tpr))]


def _measure(name: str, one: Interval, answers: _Answers, *, note: str = "") -> Measure:
    return Measure(
        way=Way.CORRECTED,
        name=name,
        value=one.value,
        low=one.low,
        high=one.high,
        units=len(answers.confidence),
        clusters=len(np.unique(answers.species)),
        note=note,
    )


def _grid(measures: list[Measure]) -> Grid:
    rows = [(one.name, f"{one.value:.3f}", f"{one.low:.3f} to {one.high:.3f}", one.note) for one in measures]
    told = f"{measures[0].units:,} new pictures of {measures[0].clusters:,} species"
    return Grid(
        title=f"The best species and its posterior, {told}",
        columns=("measure", "value", "95 %", "what it is held against"),
        rows=tuple(rows),
    )
