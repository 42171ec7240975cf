"""The papers' figure: species on a grey plane, the variants of each joined by a line that rises out of it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from matplotlib.lines import Line2D

from thuja.analyze.finding import Figure
from thuja.analyze.maps.variation import Floats, SpeciesAxes, species_axes
from thuja.embeddings import Vectors
from thuja.report.colours import OTHERS, PALETTE
from thuja.report.drawing import drawing
from thuja.report.page import INK

_MARKS: Final = ("o", "^", "s", "D", "P", "X")
_MOST_POINTS: Final = 60
"""Images drawn of a variant of a species: more hide the lines."""
_AXES: Final = ("species, axis 1", "species, axis 2", "outside the span")


def species_axes_figure(
    vectors: Vectors,
    species: Sequence[str],
    variants: Sequence[str | None],
    *,
    names: Sequence[str] | None = None,
    name: str = "species-axes",
    title: str = "",
) -> Figure:
    """Two principal axes of species means and one axis orthogonal to their span, lines between variant means.

    On the left the three axes, the span's first two as a grey plane; on the right the same plane seen on edge, where a
    line that stands upright is variation that parts no species. All axes have one scale. `names` are the species in
    colour (by default the eight with most images of two variants; the span is of all). Raises as `species_axes` does.
    """
    axes = species_axes(vectors, species, variants)
    shown = _shown(axes, names)
    with drawing(9.8, 4.6, name=name) as (figure, out):
        grid = figure.add_gridspec(1, 2, width_ratios=(1.35, 1))
        _draw_space(figure.add_subplot(grid[0], projection="3d", computed_zorder=False), axes, shown)
        _draw_edge(figure.add_subplot(grid[1]), axes, shown)
        figure.legend(
            handles=_legend(axes, shown), loc="outside lower center", ncols=4, fontsize=8.5, handletextpad=0.3
        )
        if title:
            figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    return Figure(name=name, caption=_caption(axes, len(shown)), drawing=out[0])


def _shown(axes: SpeciesAxes, names: Sequence[str] | None) -> Sequence[int]:
    """The species in colour, by number."""
    if names is not None:
        return [axes.species.index(one) for one in names if one in axes.species][: len(PALETTE)]
    has_two = np.bincount(axes.species_of, minlength=len(axes.species)) >= 2
    return [int(one) for one in np.flatnonzero(has_two)][: len(PALETTE)]


def _draw_space(plot: Any, axes: SpeciesAxes, shown: Sequence[int]) -> None:
    low, high = axes.means.min(axis=0), axes.means.max(axis=0)
    room = 0.18 * (high[:2] - low[:2]).max()
    (left, front), (right, back) = low[:2] - room, high[:2] + room
    level = float(np.median(_centres(axes)[:, 2]))
    sides_at = np.meshgrid((left, right), (front, back))
    plot.plot_surface(
        *sides_at, np.full((2, 2), level), color=OTHERS, edgecolor=OTHERS, alpha=0.22, linewidth=0.8, shade=False
    )
    for one, means in _species(axes):
        color = PALETTE[shown.index(one)] if one in shown else OTHERS
        for mean in means:
            plot.plot(*zip(mean, (*mean[:2], level), strict=True), color=color, linewidth=0.8, linestyle=":", alpha=0.8)
        for start, end in pairwise(means):
            plot.plot(*zip(start, end, strict=True), color=color, linewidth=2.2 if one in shown else 0.8)
    for place in range(len(axes.means)):
        one = int(axes.species_of[place])
        _mark(plot, axes.means[place], axes, place, color=PALETTE[shown.index(one)] if one in shown else OTHERS)
    sides = np.array([right - left, back - front, max(high[2] - low[2], 0.3 * (right - left))])
    plot.set_box_aspect(sides / sides.max(), zoom=1.3)
    plot.set(xlim=(left, right), ylim=(front, back), zlim=(min(low[2], level), max(high[2], level)))
    plot.view_init(elev=16, azim=-66)
    for axis, label in zip((plot.xaxis, plot.yaxis, plot.zaxis), _AXES, strict=True):
        axis.set_pane_color((0, 0, 0, 0))
        axis.line.set_color(INK)
        axis.set_ticks([])
        axis.set_label_text(label, fontsize=9, color=INK)
        axis.labelpad = -12
    plot.grid(visible=False)


def _draw_edge(plot: Any, axes: SpeciesAxes, shown: Sequence[int]) -> None:
    centres = _centres(axes)
    plot.axhline(float(np.median(centres[:, 2])), color=OTHERS, linewidth=5, alpha=0.3, zorder=0)
    for place in range(len(axes.means)):
        one = int(axes.species_of[place])
        rows = np.flatnonzero(axes.place_of == place)[:_MOST_POINTS]
        if one in shown:
            plot.scatter(
                *axes.points[rows][:, [0, 2]].T, s=5, color=PALETTE[shown.index(one)], alpha=0.28, linewidths=0,
                marker=_MARKS[int(axes.variant_of[place]) % len(_MARKS)],
            )  # fmt: skip
    for one, means in _species(axes):
        color = PALETTE[shown.index(one)] if one in shown else OTHERS
        for start, end in pairwise(means[:, [0, 2]]):
            plot.plot(*zip(start, end, strict=True), color=color, linewidth=2.2 if one in shown else 0.8, zorder=3)
    for place in range(len(axes.means)):
        one = int(axes.species_of[place])
        color = PALETTE[shown.index(one)] if one in shown else OTHERS
        _mark(plot, axes.means[place][[0, 2]], axes, place, color=color)
    plot.set_aspect("equal", adjustable="datalim")
    plot.set(xlabel=_AXES[0], ylabel=_AXES[2], xticks=[], yticks=[])
    plot.set_title("the plane seen on edge", fontsize=9.5, loc="left")


def _mark(plot: Any, at: Floats, axes: SpeciesAxes, place: int, *, color: str) -> None:
    """A variant's mean: full for the first variant, open for the others."""
    number = int(axes.variant_of[place])
    plot.plot(
        *[[value] for value in at], marker=_MARKS[number % len(_MARKS)], markersize=6.5, color=color, zorder=5,
        markerfacecolor=color if number == 0 else "white", markeredgewidth=1.6, linestyle="",
    )  # fmt: skip


def _legend(axes: SpeciesAxes, shown: Sequence[int]) -> Sequence[Line2D]:
    lines = [
        Line2D([], [], color=color, linewidth=2.2, label=axes.species[one])
        for color, one in zip(PALETTE, shown, strict=False)
    ]
    if len(shown) < len(axes.species):
        lines.append(Line2D([], [], color=OTHERS, linewidth=1, label=f"{len(axes.species) - len(shown)} other species"))
    marks = [
        Line2D([], [], color=INK, linestyle="", marker=_MARKS[number % len(_MARKS)], label=variant,
               markerfacecolor=INK if number == 0 else "none")
        for number, variant in enumerate(axes.variants)
    ]  # fmt: skip
    return [*lines, *marks]


def _species(axes: SpeciesAxes) -> Sequence[tuple[int, Floats]]:
    """The variant means of each species, those in the back first, so that what is near is drawn over it."""
    order = np.argsort(-_centres(axes)[:, 1], kind="stable")
    return [(int(one), axes.means[axes.species_of == one]) for one in order]


def _centres(axes: SpeciesAxes) -> Floats:
    return np.array([axes.means[axes.species_of == one].mean(axis=0) for one in range(len(axes.species))])


def _caption(axes: SpeciesAxes, shown: int) -> str:
    variants = " and ".join(axes.variants) if len(axes.variants) < 4 else "variants"
    return (
        f"The means of {variants} of {shown} species on two principal axes of species means and one axis orthogonal to "
        f"the span of all {len(axes.species)}. The third axis is chosen outside the span, so lines leave the plane "
        "whatever the model: what tells is how much stays in. Of the squared differences between variants "
        f"{_share(axes.in_span)} lie inside the span, where a span that knows nothing holds {_share(axes.by_chance)}; "
        f"{_share(axes.on_third)} lie along the third axis."
    )


def _share(value: float) -> str:
    return f"{100 * value:.3g} %" if value >= 0.001 else "under 0.1 %"
