"""What more zero-shot answers say: whether a confidence means what it says, and how far up the tree mistakes are."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from thuja.evaluate.protocols.answers import Answers
from thuja.evaluate.task import Measure
from thuja.metrics.bootstrap import Interval, mean_over_clusters, over_clusters
from thuja.metrics.calibration import brier_of_answers, ece, ece_if_calibrated
from thuja.metrics.hierarchy import Agreement, ancestor_height, is_full_path, nlca
from thuja.metrics.ratios import Ratio, interval, redrawn
from thuja.metrics.selective import aurc

CONFIDENCE, TREE = "confidence", "whole path"
"""The parts that these measures are of."""
_HEIGHTS = ("severity", "severity of the wrong")
REPLICATES = 300
"""Draws for the intervals of ECE and AURC, which are computed anew in each."""

Floats = npt.NDArray[np.float64]


def confidence_measures(answers: Answers) -> list[Measure]:
    """ECE, with that of a calibrated model as its note, the Brier score of the answer, and AURC.

    The confidence is the posterior of the best class among the task's. Intervals draw species.
    """
    confidence = np.clip(answers.top.scores[:, 0].astype(np.float64), 0, 1)
    is_right, clusters = answers.is_right(), answers.clusters()

    def over(statistic: Callable[[Floats, Floats], float], marks: Floats) -> Interval:
        return over_clusters(
            lambda rows: statistic(confidence[rows], marks[rows]), clusters, answers.generator(), replicates=REPLICATES
        )

    floor = ece_if_calibrated(confidence, answers.generator())
    found = {
        "ECE": over(ece, is_right.astype(np.float64)),
        "Brier of the answer": mean_over_clusters(
            brier_of_answers(confidence, is_right), clusters, answers.generator()
        ),
        "AURC": over(aurc, (~is_right).astype(np.float64)),
    }
    notes = {"ECE": f"a calibrated model would show {floor.value:.3f} ({floor.low:.3f} to {floor.high:.3f})"}
    return list(_measures(answers, CONFIDENCE, found, notes=notes))


def tree_measures(answers: Answers) -> list[Measure]:
    """Full-path accuracy, nLCA and the severity of mistakes, over all and over the wrong; none without taxa.

    Severity is how many ranks the common ancestor of truth and answer lies above the truth. An image whose class has
    no name at all is left out.
    """
    taxa = answers.classes.taxa
    asked = np.array([bool(taxa) and taxa[label].rank is not None for label in answers.truth], dtype=bool)
    if not asked.any():
        return []
    truth, said = answers.truth[asked], answers.top.indices[asked, 0]
    agreement = Agreement.of([taxa[label] for label in truth], [taxa[label] for label in said])
    clusters, heights = answers.clusters()[asked], ancestor_height(agreement)
    ratios = {
        "full path": Ratio.of_rows(is_full_path(agreement), clusters),
        "nLCA": Ratio.of_rows(nlca(agreement), clusters),
        _HEIGHTS[0]: Ratio.of_rows(heights, clusters),
        _HEIGHTS[1]: Ratio.of_rows(heights, clusters, heights > 0),
    }
    drawn = redrawn(list(ratios.values()), answers.generator())
    found = {name: interval(drawn[:, place]) for place, name in enumerate(ratios)}
    if not (heights > 0).any():
        del found[_HEIGHTS[1]]
    measures = _measures(answers, TREE, found, notes={})
    images, species = int(asked.sum()), len(np.unique(clusters))
    return [
        replace(one, unit="ranks" if one.name in _HEIGHTS else "", units=images, clusters=species) for one in measures
    ]


def _measures(
    answers: Answers, part: str, found: Mapping[str, Interval], *, notes: Mapping[str, str]
) -> Iterator[Measure]:
    for name, one in found.items():
        yield Measure(
            part=part,
            way=answers.way,
            name=name,
            value=one.value,
            low=one.low,
            high=one.high,
            units=len(answers.rows),
            clusters=len(np.unique(answers.clusters())),
            note=notes.get(name, ""),
        )
