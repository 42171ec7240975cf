"""Figures of a direction: species along it against their trait, and the two levels within each species."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thuja.analyze.directions.traits import Trait
from thuja.report import INK
from thuja.report.colours import OTHERS, PALETTE
from thuja.report.drawing import drawing

Floats = npt.NDArray[np.float64]

_NAMED = 30
"""Points up to which each has its name."""
_LINES = 120


def species_figure(scores: Floats, values: Floats, names: Sequence[str], trait: Trait) -> str:
    """Species (S,) along a direction that did not know them, against their trait."""
    with drawing(6.4, 4.2, name=f"direction-{trait.name}") as (figure, out):
        axes = figure.subplots()
        # Names of the same value would lie on each other: levels are spread a little, always in the same way.
        spread = _spread(len(scores)) if trait.levels is not None else np.zeros(len(scores))
        axes.scatter(values + spread, scores, s=22 if len(scores) <= _NAMED else 9, color=PALETTE[0], alpha=0.75, lw=0)
        if len(scores) <= _NAMED:
            for x, y, name in zip(values + spread, scores, names, strict=True):
                axes.annotate(name, (x, y), xytext=(4, 3), textcoords="offset points", fontsize=7.5, fontstyle="italic")
        _value_axis(axes, trait)
        axes.set_ylabel("place along the direction\n(learnt without these species)")
    return out[0]


def levels_figure(means: Floats, trait: Trait) -> str:
    """The two levels' means within each species (S, 2), joined by a line; those that go the other way stand out."""
    step = means[:, 1] - means[:, 0]
    drawn = np.argsort(step)[np.unique(np.linspace(0, len(step) - 1, min(_LINES, len(step))).astype(int))]
    with drawing(4.6, 4.0, name=f"within-{trait.name}") as (figure, out):
        axes = figure.subplots()
        for row in drawn:
            colour = PALETTE[2] if step[row] > 0 else PALETTE[4]
            axes.plot([0, 1], means[row], color=colour, lw=0.9, alpha=0.7, marker="o", ms=3)
        axes.axhline(0, color=OTHERS, lw=0.7)
        _value_axis(axes, trait)
        axes.set_xlim(-0.3, 1.3)
        axes.set_ylabel("place along the direction,\nfrom the species' mean")
    return out[0]


def images_figure(scores: Floats, values: Floats, trait: Trait) -> str:
    """Images (M,) from their species' mean: the direction against the trait."""
    with drawing(5.4, 4.0, name=f"within-{trait.name}") as (figure, out):
        axes = figure.subplots()
        axes.scatter(values, scores, s=6, color=PALETTE[0], alpha=0.4, lw=0)
        axes.set_xlabel(f"{trait.name}, from the species' mean")
        axes.set_ylabel("place along the direction,\nfrom the species' mean")
        axes.axhline(0, color=INK, lw=0.5)
    return out[0]


def _value_axis(axes: object, trait: Trait) -> None:
    set_ticks, set_label = axes.set_xticks, axes.set_xlabel  # type: ignore[attr-defined]
    if trait.levels is not None:
        set_ticks([0, 1], list(trait.levels))
    set_label(trait.name)


def _spread(count: int) -> Floats:
    """Small steps to either side that look even, and are the same in every run."""
    golden = (np.arange(count) * 0.618034) % 1
    return np.asarray(0.3 * (golden - 0.5))
