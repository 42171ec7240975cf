"""The figures of a trait: species in order along the learned direction, predictions by clade, and the nulls."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from thuja.analyze.finding import Figure
from thuja.analyze.traits.analysis import Analysis
from thuja.analyze.traits.measure import Null
from thuja.analyze.traits.species import SpeciesTrait
from thuja.analyze.traits.tables import values_said
from thuja.report import INK
from thuja.report.colours import OTHERS, PALETTE
from thuja.report.drawing import drawing

Indices = npt.NDArray[np.int64]

_NAMED = 40
"""Species up to which each has its name under it."""


def figures_of(analysis: Analysis) -> list[Figure]:
    """All of them."""
    second = _shares(analysis) if analysis.problem.trait.is_category else _scatter(analysis)
    return [_ordering(analysis), second, _nulls(analysis)]


def _ordering(analysis: Analysis) -> Figure:
    """Every species at its place along the direction that was learnt without its clade."""
    problem, scores = analysis.problem, analysis.own.predictions.scores
    names = problem.trait.names
    panels = [0] if len(names) == 2 else list(range(min(scores.shape[1], len(PALETTE))))
    with drawing(8.6, 1.2 + 1.9 * len(panels), name=f"ordering-{analysis.trait}") as (figure, out):
        for place, column in enumerate(panels):
            axes = figure.add_subplot(len(panels), 1, place + 1)
            order = np.argsort(scores[:, column], kind="stable")
            heights = scores[order, column] if names else problem.trait.values[order]
            axes.scatter(
                range(len(order)),
                heights,
                s=14,
                c=_colours(problem.trait, order),
                linewidths=0,
            )
            axes.set_ylabel(f"score of {names[column]}" if names else analysis.trait)
            axes.set_xlim(-0.8, len(order) - 0.2)
            if len(order) <= _NAMED and len(panels) == 1:
                words = [problem.trait.taxa[row].scientific_name for row in order]
                axes.set_xticks(range(len(order)), words, rotation=90, fontsize=7, fontstyle="italic")
            else:
                axes.set_xticks([])
        axes.set_xlabel("species in order along the learned direction, each without its clade")
        if names:
            _legend(figure, names)
    return Figure(
        name=f"{analysis.trait}-ordering",
        caption="Species in order along the direction learnt without their clade"
        + (", coloured by category." if names else ", and the value that each has."),
        drawing=out[0],
    )


def _scatter(analysis: Analysis) -> Figure:
    """Predicted against true values, the commonest clades in colour."""
    problem, said = analysis.problem, values_said(analysis)
    clades, names = problem.clades.clades, problem.clades.names
    common = np.argsort(-np.bincount(clades), kind="stable")[: len(PALETTE)]
    with drawing(6.4, 4.4, name=f"predicted-{analysis.trait}") as (figure, out):
        axes = figure.add_subplot()
        others = ~np.isin(clades, common)
        if others.any():
            axes.scatter(problem.trait.values[others], said[others], s=14, c=OTHERS, linewidths=0, label="others")
        for colour, clade in zip(PALETTE, common, strict=False):
            chosen = clades == clade
            axes.scatter(
                problem.trait.values[chosen], said[chosen], s=18, c=colour, linewidths=0, label=names[int(clade)]
            )
        ends = [float(problem.trait.values.min()), float(problem.trait.values.max())]
        axes.plot(ends, ends, color=INK, linewidth=0.8, linestyle=(0, (3, 2)))
        axes.set_xlabel(analysis.trait)
        axes.set_ylabel("predicted without the clade")
        figure.legend(loc="outside right upper", fontsize=8)
    return Figure(
        name=f"{analysis.trait}-predicted",
        caption="Predicted and true values of species whose clade was left out; on the dashed line both are the same.",
        drawing=out[0],
    )


def _shares(analysis: Analysis) -> Figure:
    """Which category the species of each are named, as shares of a row."""
    problem, names = analysis.problem, analysis.problem.trait.names
    table = np.zeros((len(names), len(names)))
    np.add.at(table, (problem.trait.labels, values_said(analysis).astype(np.int64)), 1)
    shares = table / table.sum(axis=1, keepdims=True)
    with drawing(2.6 + 0.7 * len(names), 1.6 + 0.5 * len(names), name=f"predicted-{analysis.trait}") as (figure, out):
        axes = figure.add_subplot()
        axes.pcolormesh(shares, cmap="viridis", vmin=0, vmax=1)
        axes.invert_yaxis()
        for (row, column), share in np.ndenumerate(shares):
            axes.text(
                column + 0.5,
                row + 0.5,
                f"{share:.2f}",
                ha="center",
                va="center",
                fontsize=8.5,
                color="#ffffff" if share < 0.6 else "#000000",
            )
        ticks = np.arange(len(names)) + 0.5
        axes.set_xticks(ticks, names, rotation=90)
        axes.set_yticks(ticks, names)
        axes.tick_params(length=0)
        axes.set_xlabel("predicted without the clade")
        axes.set_ylabel(analysis.trait)
    return Figure(
        name=f"{analysis.trait}-predicted",
        caption="What the species of each category (rows) are taken for when their clade is left out, as shares.",
        drawing=out[0],
    )


def _nulls(analysis: Analysis) -> Figure:
    """The score and the t of the trait in the histograms of simulated traits, a row a choice of branch lengths."""
    own = analysis.own
    score = "balanced accuracy" if analysis.problem.trait.is_category else "R2"
    with drawing(8.6, 0.8 + 1.8 * len(own.scores), name=f"nulls-{analysis.trait}") as (figure, out):
        for row, name in enumerate(own.scores):
            for column, (null, word) in enumerate(((own.scores[name], score), (own.ts[name], "t of the regression"))):
                _histogram(figure.add_subplot(len(own.scores), 2, 2 * row + column + 1), null, title=f"{word}, {name}")
    return Figure(
        name=f"{analysis.trait}-nulls",
        caption="Traits simulated on the tree with the trait's signal, gone the whole way, and the trait (line).",
        drawing=out[0],
    )


def _colours(trait: SpeciesTrait, order: Indices) -> list[str]:
    if not trait.is_category:
        return [PALETTE[0]] * len(order)
    return [PALETTE[label % len(PALETTE)] for label in trait.labels[order].tolist()]


def _histogram(axes: Any, null: Null, *, title: str) -> None:
    axes.hist(null.draws, bins=20, color=OTHERS)
    axes.axvline(null.value, color=PALETTE[4], linewidth=1.6)
    axes.set_title(f"{title}: p = {null.p_value:.3f}", fontsize=9.5)
    axes.set_yticks([])


def _legend(figure: Any, names: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], marker="o", linestyle="", color=PALETTE[place % len(PALETTE)], label=name)
        for place, name in enumerate(names)
    ]
    figure.legend(handles=marks, loc="outside upper left", ncols=4, fontsize=8.5)
