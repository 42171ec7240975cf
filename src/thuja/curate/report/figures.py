"""The figures of a curation's report: SVG text drawn by matplotlib in the report's ink, on its paper."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import matplotlib as mpl
import matplotlib.ticker  # not loaded by matplotlib itself
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from thuja.curate.outputs import DoneStep
from thuja.report import INK
from thuja.report.colours import OTHERS, PALETTE
from thuja.report.drawing import drawing

_POINTS = 400
"""Points of a rank plot; more are not told apart, and a million make a page of many megabytes."""
_LEVEL = 50


def long_tail(images: npt.NDArray[np.int64]) -> str:
    """Images of each species by its rank, on two logarithmic axes; `images` are sorted, the most first."""
    places = thinned(len(images))
    with drawing(8.6, 3.4, name="tail") as (figure, out):
        axes = figure.add_subplot()
        axes.plot(places + 1, images[places], color=PALETTE[0], linewidth=1.8)
        axes.set_xscale("log")
        axes.set_yscale("log")
        enough = int((images >= _LEVEL).sum())
        if enough > 0:
            axes.axhline(_LEVEL, color=OTHERS, linewidth=0.9, linestyle=(0, (4, 3)))
            note = f"{enough:,} species with {_LEVEL} images or more"
            is_above = enough == len(images)  # then the curve is where the note would stand
            axes.annotate(
                note, (len(images), _LEVEL), xytext=(0, -4 if is_above else 3), textcoords="offset points",
                ha="right", va="top" if is_above else "bottom", fontsize=8.5, color=INK,
            )  # fmt: skip
        axes.set_xlabel("species, from the commonest to the rarest")
        axes.set_ylabel("images")
        _plain_numbers(axes.xaxis, len(images))
        _plain_numbers(axes.yaxis, int(images.max()))
    return out[0]


def thinned(count: int) -> npt.NDArray[np.int64]:
    """Indices from 0 to count - 1, evenly spread on a logarithmic axis, both ends among them."""
    if count <= _POINTS:
        return np.arange(count)
    return np.unique(np.rint(np.geomspace(1, count, _POINTS)).astype(np.int64)) - 1


def _plain_numbers(axis: Any, most: int) -> None:
    """Ticks in figures, not as powers of ten: they are read by people who count images."""
    between = (1, 2, 5) if most < 200 else (1,)
    ticks = [first * 10**power for power in range(len(str(most)) + 1) for first in between]
    axis.set_major_locator(mpl.ticker.FixedLocator([tick for tick in ticks if tick <= 2 * most]))
    axis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axis.set_minor_formatter(mpl.ticker.NullFormatter())


def depth_lines(shares: Mapping[str, Sequence[float]], ranks: Sequence[str]) -> str:
    """For each source, the share of images with a name at each rank."""
    with drawing(8.6, 2.9, name="depth") as (figure, out):
        axes = figure.add_subplot()
        for (source, values), colour in zip(shares.items(), cycle(PALETTE), strict=False):
            axes.plot(range(len(ranks)), values, color=colour, linewidth=1.6, marker="o", markersize=4, label=source)
        axes.set_xticks(range(len(ranks)), ranks)
        axes.set_ylim(0, 103)
        axes.set_ylabel("per cent of images")
        if len(shares) > 1:
            axes.legend(fontsize=8.5, loc="lower left")
    return out[0]


def step_bars(steps: Sequence[DoneStep]) -> str:
    """What every step kept and dropped of what it was given, from the first step at the top."""
    with drawing(8.6, 0.7 + 0.3 * len(steps), name="steps") as (figure, out):
        axes = figure.add_subplot()
        places = range(len(steps))
        kept = np.array([step.kept for step in steps])
        lost = np.array([sum(step.dropped.values()) for step in steps])
        axes.barh(places, kept, 0.72, color=PALETTE[2], label="kept")
        axes.barh(places, lost, 0.72, left=kept, color=PALETTE[4], label="dropped")
        for place, count in zip(places, lost, strict=True):
            if count:
                end = (int(kept[place] + count), place)
                text = f"-{count:,}"
                axes.annotate(
                    text, end, xytext=(4, 0), textcoords="offset points", va="center", fontsize=8.5, color=INK
                )
        axes.set_yticks(places, [step.name for step in steps])
        axes.invert_yaxis()
        axes.set_xlim(0, 1.12 * max(1, *(step.read for step in steps)))
        _few_numbers(axes)
        axes.set_xlabel("images")
        axes.tick_params(axis="y", length=0)
        figure.legend(loc="outside upper left", ncols=2, fontsize=8.5)
    return out[0]


def year_bars(years: Mapping[int, int]) -> str:
    """Images by year."""
    with drawing(8.6, 2.3, name="years") as (figure, out):
        axes = figure.add_subplot()
        axes.bar(list(years), list(years.values()), 0.85, color=PALETTE[0])
        axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(10, integer=True))
        axes.yaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.set_ylabel("images")
    return out[0]


def _few_numbers(axes: Axes) -> None:
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:,.0f}"))
