"""The figures of a suite's page: bars by rank, and what confidences are worth."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.lines import Line2D

from thuja.evaluate.task import Measure
from thuja.metrics.calibration import ece, reliability
from thuja.report import INK
from thuja.report.colours import PALETTE
from thuja.report.drawing import drawing

Confidences = tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]

_PER_ROW: Final = 3


def rank_bars(task: str, ranks: Sequence[str], found: Mapping[str, Mapping[str, Measure]]) -> str:
    """For each rank the share that each model gets, with its interval: measures by model, then by rank."""
    width = 0.82 / len(found)
    with drawing(8.6, 3.0, name=f"ranks-{task}") as (figure, out):
        axes = figure.add_subplot()
        for number, ((model, measures), colour) in enumerate(zip(found.items(), cycle(PALETTE), strict=False)):
            places = [place for place, rank in enumerate(ranks) if rank in measures]
            shown = [measures[ranks[place]] for place in places]
            middles = [place + (number - (len(found) - 1) / 2) * width for place in places]
            axes.bar(middles, [100 * one.value for one in shown], width * 0.9, color=colour, label=model)
            for middle, one in zip(middles, shown, strict=True):
                if one.low is not None and one.high is not None:
                    axes.plot([middle, middle], [100 * one.low, 100 * one.high], color=INK, linewidth=0.9)
        axes.set_xticks(range(len(ranks)), ranks)
        axes.set_ylabel("per cent")
        axes.set_ylim(0, 100)
        figure.legend(loc="outside upper left", ncols=3, fontsize=8.5)
    return out[0]


def reliability_diagrams(found: Mapping[str, Mapping[str, Confidences]]) -> str:
    """What share of answers is right by the confidence that they were given with: by task, then by model."""
    rows = -(-len(found) // _PER_ROW)
    columns = min(_PER_ROW, len(found))
    colours = dict(
        zip(dict.fromkeys(model for models in found.values() for model in models), cycle(PALETTE), strict=False)
    )
    with drawing(2.9 * columns, 2.8 * rows + 0.4, name="reliability-" + "-".join(found)) as (figure, out):
        for number, (task, models) in enumerate(found.items()):
            axes = figure.add_subplot(rows, columns, number + 1)
            axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=(0, (3, 2)))
            for line, (model, (scores, right)) in enumerate(models.items()):
                bins = reliability(scores, right)
                sizes = 8 + 80 * bins.counts / bins.counts.sum()
                axes.plot(bins.confidence, bins.accuracy, color=colours[model], linewidth=1.3, clip_on=False)
                axes.scatter(bins.confidence, bins.accuracy, color=colours[model], s=sizes, linewidths=0, clip_on=False)
                told = f"ECE {ece(scores, right):.2f}"
                axes.text(0.03, 0.97 - 0.08 * line, told, color=colours[model], va="top", fontsize=8)
            axes.set_title(task)
            axes.set_xlim(0, 1)
            axes.set_ylim(0, 1)
            axes.set_xlabel("confidence")
            axes.set_ylabel("share right" if number % columns == 0 else "")
        handles = [Line2D([], [], color=colour, label=model, marker="o") for model, colour in colours.items()]
        figure.legend(handles=handles, loc="outside upper left", ncols=3, fontsize=8.5)
    return out[0]
