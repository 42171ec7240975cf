"""Static maps: points in the colours of a trait or a clade, and species in order along an axis."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.colors import LinearSegmentedColormap, Normalize
from scipy.stats import spearmanr

from thuja.analyze.finding import Figure
from thuja.errors import ThujaError
from thuja.record import Value
from thuja.report.colours import OTHERS, PALETTE
from thuja.report.drawing import drawing
from thuja.report.page import INK

Floats = npt.NDArray[np.float64]

# Dark to light in one hue's neighbourhood, neither end lost on white paper or on a dark page.
RAMP: Final = ("#3b4cc0", "#3f8fd2", "#2fb5a4", "#8fce5a", "#f2c230")
_MANY: Final = 4000
"""Points above which a drawing holds a picture of them in place of a circle each."""


def map_figure(
    points: npt.ArrayLike,
    values: Sequence[Value | None],
    *,
    name: str,
    caption: str = "",
    axes: tuple[str, str] = ("", ""),
    label: str = "",
    centres: Sequence[str] | None = None,
) -> Figure:
    """Points (N, 2) coloured by `values` (N,): numbers by a ramp, words by a palette with "others"; None is grey.

    `axes` names the two axes, `label` what the values are. With `centres` (N,), a name for each point, the mean of each
    name's points is written onto the map. Raises ThujaError for points that are not pairs of numbers, one a value.
    """
    places = np.asarray(points, dtype=np.float64)
    if places.shape != (len(values), 2) or not np.isfinite(places).all():
        raise ThujaError(f"expected {len(values)} points of two numbers, got an array of shape {places.shape}")
    with drawing(6.4, 4.8, name=name) as (figure, out):
        plot = figure.add_subplot()
        known = [value for value in values if value is not None]
        is_number = bool(known) and all(isinstance(value, int | float) and value is not True for value in known)
        if is_number and not any(isinstance(value, bool) for value in known):
            _by_number(figure, plot, places, values=values, label=label)
        else:
            _by_word(figure, plot, places, values=values, label=label)
        if centres is not None:
            _write_centres(plot, places, centres)
        plot.set(xticks=[], yticks=[], xlabel=axes[0], ylabel=axes[1])
        plot.margins(0.06)
        plot.set_aspect("equal", adjustable="datalim")
    return Figure(name=name, caption=caption, drawing=out[0])


def order_figure(
    scores: npt.ArrayLike,
    species: Sequence[str],
    trait: Sequence[float | None],
    *,
    name: str,
    caption: str = "",
    labels: tuple[str, str] = ("along the axis", "trait"),
) -> Figure:
    """Species from the least of a trait to the most, and where their images (N,) fall along an axis: one row a species.

    A species' trait is the mean of its images' known values; species of unknown trait are left out. The rank
    correlation of species means stands in the figure, for what it is worth without a null. Raises ThujaError where
    fewer than two species have a value.
    """
    along = np.asarray(scores, dtype=np.float64)
    rows: dict[str, list[int]] = {}
    for row, one in enumerate(species):
        if trait[row] is not None:
            rows.setdefault(one, []).append(row)
    if len(rows) < 2:
        raise ThujaError(f"an order wants two species with a known trait, got {len(rows)}")
    values = {one: float(np.mean([trait[row] for row in its])) for one, its in rows.items()}
    order = sorted(values, key=lambda one: values[one])
    means = np.array([along[rows[one]].mean() for one in order])
    levels = np.array([values[one] for one in order])
    color = _ramp()(_normal(levels)(levels))
    with drawing(6.4, 1.1 + 0.3 * len(order), name=name) as (figure, out):
        plot = figure.add_subplot()
        for height, one in enumerate(order):
            its = along[rows[one]]
            plot.scatter(its, np.full(len(its), height), s=9, color=color[height], alpha=0.35, linewidths=0)
        plot.plot(means, range(len(order)), color=OTHERS, linewidth=1, zorder=2)
        plot.scatter(means, range(len(order)), s=44, color=color, edgecolors=INK, linewidths=0.8, zorder=3)
        plot.set(yticks=range(len(order)), yticklabels=[f"{one}  {values[one]:.3g}" for one in order], xlabel=labels[0])
        plot.tick_params(axis="y", length=0)
        plot.spines["left"].set_visible(False)
        plot.margins(y=0.5 / len(order) + 0.03)
        said = _rank_correlation(means, levels)
        plot.set_title(f"species in the order of {labels[1]}{said}", fontsize=9.5)
    return Figure(name=name, caption=caption, drawing=out[0])


def _rank_correlation(means: Floats, levels: Floats) -> str:
    if len(np.unique(means)) < 2 or len(np.unique(levels)) < 2:
        return ""
    return f"; Spearman's ρ of their means {spearmanr(means, levels).statistic:.2f}"


def _by_number(figure: Any, plot: Any, places: Floats, *, values: Sequence[Value | None], label: str) -> None:
    numbers = np.array([np.nan if value is None else float(value) for value in values])
    is_known = np.isfinite(numbers)
    _scatter(plot, places[~is_known], OTHERS, count=len(places))
    shown = _scatter(plot, places[is_known], numbers[is_known], count=len(places))
    shown.set(cmap=_ramp(), norm=_normal(numbers[is_known]))
    bar = figure.colorbar(shown, ax=plot, label=label, shrink=0.7, aspect=28, pad=0.02)
    bar.solids.set_alpha(1)
    bar.outline.set_visible(False)
    if not is_known.all():
        plot.scatter([], [], s=22, color=OTHERS, label="not known")
        plot.legend(loc="upper left", fontsize=8.5)


def _by_word(figure: Any, plot: Any, places: Floats, *, values: Sequence[Value | None], label: str) -> None:
    words = np.array(["" if value is None else str(value) for value in values], dtype=object)
    is_known = np.array([value is not None for value in values])
    names, counts = np.unique(words[is_known].astype(str), return_counts=True)
    # Few enough for a colour each stand by name, so that maps of different images have the same colours.
    order = np.arange(len(names)) if len(names) <= len(PALETTE) else np.argsort(-counts, kind="stable")
    first = [str(one) for one in names[order][: len(PALETTE)]]
    rest = len(names) - len(first)
    colour_of = dict(zip(first, PALETTE, strict=False))
    colours = np.array(
        [colour_of.get(word, OTHERS) if known else OTHERS for word, known in zip(words, is_known, strict=True)]
    )
    is_coloured = colours != OTHERS
    _scatter(plot, places[~is_coloured], OTHERS, count=len(places))
    # All classes in one go, in the order of the rows, so that none lies over all others.
    _scatter(plot, places[is_coloured], colours[is_coloured], count=len(places))
    for one in first:
        plot.scatter([], [], s=22, color=colour_of[one], label=one)
    left = int((~is_coloured).sum())
    if left:
        said = " and ".join(
            part for part in (f"{rest} others" * (rest > 0), "not known" * bool((~is_known).any())) if part
        )
        plot.scatter([], [], s=22, color=OTHERS, label=said)
    figure.legend(title=label or None, loc="outside right upper", fontsize=8.5, title_fontsize=9, alignment="left")


def _scatter(plot: Any, places: Floats, colours: Any, *, count: int) -> Any:
    size = float(np.clip(9000 / max(count, 1), 3, 26))
    keywords: Any = {"color": colours} if isinstance(colours, str) else {"c": colours}
    return plot.scatter(
        *places.T, s=size, alpha=0.75, linewidths=0, rasterized=count > _MANY, **keywords,
    )  # fmt: skip


def _write_centres(plot: Any, places: Floats, centres: Sequence[str]) -> None:
    names, place = np.unique(np.asarray(centres, dtype=str), return_inverse=True)
    for number, one in enumerate(names):
        at = places[place == number].mean(axis=0)
        plot.plot(*at, marker="+", color=INK, markersize=6)
        plot.annotate(one, at, xytext=(5, 3), textcoords="offset points", fontsize=8, color=INK, weight="bold")


def _ramp() -> LinearSegmentedColormap:
    return LinearSegmentedColormap.from_list("thuja", list(RAMP))


def _normal(numbers: Floats) -> Normalize:
    low, high = (float(numbers.min()), float(numbers.max())) if len(numbers) else (0.0, 1.0)
    return Normalize(low, high if high > low else low + 1)
