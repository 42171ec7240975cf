"""The theorem's figures: predicted against measured, the error against the radius, Gram against tree."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axis import Axis
from matplotlib.ticker import NullFormatter

from thuja.analyze.theorem.costs import Costs
from thuja.analyze.theorem.gram import GramFit
from thuja.analyze.theorem.predicted import LEAST_COST
from thuja.analyze.theorem.radius import Radius
from thuja.report import INK
from thuja.report.colours import OTHERS, PALETTE
from thuja.report.drawing import drawing


def draw_costs(costs: Costs, *, tau: float) -> str | None:
    """A dot a species: the predicted cost (about the image mean; with p at the prototype) against the measured one.

    None where no species has a cost above rounding by both.
    """
    with drawing(5.6, 4.6, name=f"theorem-costs-{tau:g}") as (figure, out):
        axes = figure.add_subplot()
        ends: list[float] = []
        kinds = (
            ("p at the prototype", costs.at_prototype, PALETTE[1], "s"),
            ("p at the image mean", costs.predicted, PALETTE[0], "o"),
        )
        for name, predicted, colour, marker in kinds:
            is_shown = (predicted > LEAST_COST) & (costs.measured > LEAST_COST)
            x, y = predicted[is_shown], costs.measured[is_shown]
            if not len(x):
                continue
            axes.plot(x, y, marker, color=colour, markersize=4, alpha=0.75, linestyle="none", label=name)
            ends += [float(x.min()), float(x.max()), float(y.min()), float(y.max())]
        if not ends:
            return None
        span = [min(ends) / 1.5, max(ends) * 1.5]
        axes.plot(span, span, color=INK, linewidth=0.9)
        axes.set_xscale("log")
        axes.set_yscale("log")
        _say_plainly(axes.xaxis, axes.yaxis)
        axes.set_xlabel("predicted cost, nats")
        axes.set_ylabel("measured cost, nats")
        axes.set_title(f"Cost of variation within species, temperature {tau:.3g}")
        axes.legend(fontsize=8.5)
    return out[0]


def _say_plainly(*scales: Axis) -> None:
    """Numbers on a logarithmic axis as digits: a figure's words are not read as mathematics."""
    for scale in scales:
        scale.set_major_formatter("{x:g}")
        scale.set_minor_formatter(NullFormatter())


def draw_errors(radii: Mapping[float, Sequence[Radius]], *, tolerance: float) -> str | None:
    """A line a temperature: second order / exact - 1, the median over species, against |delta| / tau; a dot at c = 1.

    None without a temperature or a species.
    """
    shown = {tau: each for tau, each in radii.items() if each}
    if not shown:
        return None
    with drawing(6.4, 4.2, name="theorem-radius") as (figure, out):
        axes = figure.add_subplot()
        for number, (tau, each) in enumerate(shown.items()):
            errors = np.median([one.errors for one in each], axis=0)
            radius = float(np.median([one.radius for one in each]))
            colour = PALETTE[number % len(PALETTE)]
            axes.plot(each[0].scales * radius, errors, color=colour, linewidth=1.5, label=f"{tau:.3g}")
            here = float(np.interp(0.0, np.log(each[0].scales), errors))
            axes.plot([radius], [min(here, 3.0)], "o", color=colour, markersize=5)
        for level in (-tolerance, tolerance):
            axes.axhline(level, color=OTHERS, linewidth=0.8, linestyle="--")
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_xscale("log")
        _say_plainly(axes.xaxis)
        axes.set_ylim(-1.05, 3.1)
        axes.set_xlabel("length of the deviation / temperature")
        axes.set_ylabel("second order / exact cost - 1")
        axes.set_title("Where the second order is left (dots: the images as they are)")
        axes.legend(title="temperature", fontsize=8.5)
    return out[0]


def draw_gram(fits: Sequence[GramFit]) -> str | None:
    """A line a kind of text: the mean cosine of two prototypes against the rank steps between their taxa."""
    shown = [fit for fit in fits if len(fit.by_step) > 1]
    if not shown:
        return None
    with drawing(6.4, 4.0, name="theorem-gram-" + "-".join(fit.kind for fit in shown)) as (figure, out):
        axes = figure.add_subplot()
        for number, fit in enumerate(shown):
            axes.plot(
                [step.steps for step in fit.by_step],
                [step.cosine for step in fit.by_step],
                "o-",
                color=PALETTE[number % len(PALETTE)],
                linewidth=1.5,
                markersize=4.5,
                label=fit.kind,
            )
        axes.set_xlabel("rank steps between two taxa (2: one genus, 14: two kingdoms)")
        axes.set_ylabel("mean cosine of their texts")
        axes.set_title("Text prototypes against the tree")
        axes.legend(fontsize=8.5)
    return out[0]
