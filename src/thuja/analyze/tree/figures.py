"""The figures of the tree: distances by rank, neighbours by rank, and two trees face to face."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from thuja.analyze.finding import Figure
from thuja.analyze.tree.clades import grow
from thuja.analyze.tree.conformity import rank_name
from thuja.analyze.tree.distances import condensed, pairwise_distances
from thuja.analyze.tree.kin import Kin, Side
from thuja.analyze.tree.neighbourhood import Step
from thuja.analyze.tree.redraws import clade_numbers
from thuja.analyze.tree.settings import Metric
from thuja.analyze.tree.tangle import Branch, of_lineages, of_linkage, untangle
from thuja.metrics.ratios import interval
from thuja.report import INK
from thuja.report.colours import OTHERS, PALETTE
from thuja.report.drawing import drawing
from thuja.taxonomy import RANKS, Rank, Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_LONGEST = 26


def distance_figure(kin: Kin, sides: Sequence[Side], name: str) -> Figure:
    """Boxes of the distances of pairs by the rank at which they meet, a colour a side."""
    met = condensed(kin.depths).astype(np.int64)
    levels = np.unique(met)[::-1].tolist()
    width = 0.8 / len(sides)
    with drawing(7.4, 3.6, name=name) as (figure, out):
        axes = figure.subplots()
        for number, side in enumerate(sides):
            values = condensed(side.distances)
            values = values / max(float(values.mean()), 1e-300)
            boxes = []
            for level in levels:
                low, first, middle, third, high = np.quantile(values[met == level], _QUANTILES)
                boxes.append({"whislo": low, "q1": first, "med": middle, "q3": third, "whishi": high, "fliers": []})
            places = np.arange(len(levels)) + (number - (len(sides) - 1) / 2) * width
            colour = PALETTE[number % len(PALETTE)]
            drawn = axes.bxp(boxes, positions=places, widths=0.8 * width, showfliers=False, patch_artist=True)
            for box in drawn["boxes"]:
                box.set(facecolor=colour, edgecolor=colour, alpha=0.5)
            for part in ("medians", "whiskers", "caps"):
                for line in drawn[part]:
                    line.set(color=INK if part == "medians" else colour)
            axes.plot([], [], color=colour, linewidth=6, alpha=0.5, label=side.name)
        axes.set_xticks(range(len(levels)), [rank_name(level) for level in levels])
        axes.set(xlabel="rank of the common ancestor", ylabel="distance / mean of all pairs")
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    caption = (
        "Distances between species by the rank of their common ancestor, each side's as a share of its own mean. "
        "Boxes hold the middle half, whiskers nine tenths. Where boxes of neighbouring ranks overlap, the space "
        "does not tell these ranks apart."
    )
    return Figure(name=name, caption=caption, drawing=out[0])


def agreement_figure(steps: Sequence[Step], name: str) -> Figure:
    """The share of images whose neighbour agrees, by rank and side, under its ceiling and over chance."""
    names, ranks = list(dict.fromkeys(step.side for step in steps)), sorted({step.rank for step in steps})
    place = {rank: number for number, rank in enumerate(ranks)}
    with drawing(7.4, 3.4, name=name) as (figure, out):
        axes = figure.subplots()
        for step in steps:
            if step.side == names[0]:
                axes.bar(place[step.rank], step.ceiling, width=0.84, color=OTHERS, alpha=0.25, linewidth=0)
                axes.hlines(step.chance, place[step.rank] - 0.42, place[step.rank] + 0.42, color=INK, linestyle=":")
        for number, side in enumerate(names):
            own = [step for step in steps if step.side == side]
            shares = [interval(step.over_all) for step in own]
            along = [place[step.rank] + (number - (len(names) - 1) / 2) * 0.14 for step in own]
            axes.errorbar(
                along,
                [share.value for share in shares],
                yerr=[
                    [max(0.0, share.value - share.low) for share in shares],
                    [max(0.0, share.high - share.value) for share in shares],
                ],
                fmt="o",
                markersize=4.5,
                color=PALETTE[number % len(PALETTE)],
                label=side,
            )
        axes.bar(0, 0, color=OTHERS, alpha=0.25, label="ceiling")
        axes.plot([], [], color=INK, linestyle=":", label="chance")
        axes.set_xticks(range(len(ranks)), [rank.label for rank in ranks])
        axes.set(ylim=(0, 1.03), ylabel="neighbour of the same taxon")
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    caption = (
        "How often an image's nearest other image is of the same taxon. Grey is the ceiling: images whose taxon occurs "
        "again. The dotted line is a random other image."
    )
    return Figure(name=name, caption=caption, drawing=out[0])


def tanglegram(kin: Kin, side: Side, name: str, *, metric: Metric, most: int) -> Figure | None:
    """The taxonomy beside the tree of a side's means; by clade where there are more than `most` species."""
    taxa, means, rank = _leaves(kin, side, most)
    if len(taxa) < 3:
        return None
    apart = pairwise_distances(means, metric)
    left, right = of_lineages(taxa), of_linkage(grow(apart), len(taxa))
    entangled = untangle(left, right)
    colours, key = _colours(taxa)
    with drawing(8.6, 1.1 + 0.165 * len(taxa), name=name) as (figure, out):
        axes = figure.subplots()
        ends = [_draw(axes, branch, start=start, end=end) for branch, start, end in ((left, 0, 1), (right, 6, 5))]
        for leaf, taxon in enumerate(taxa):
            label = taxon.scientific_name
            label = label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"
            heights = [end[leaf] for end in ends]
            axes.text(1.04, heights[0], label, va="center", ha="left", fontsize=7)
            axes.text(4.96, heights[1], label, va="center", ha="right", fontsize=7)
            axes.plot([2.35, 3.65], heights, color=colours[leaf], linewidth=1.1)
        for label, colour in key.items():
            axes.plot([], [], color=colour, label=label)
        if key:
            figure.legend(loc="outside lower center", ncols=4, fontsize=8)
        axes.set_axis_off()
        axes.set(xlim=(-0.05, 6.05), ylim=(-len(taxa) + 0.4, 1.9))
        for place, label in ((0.0, "taxonomy"), (6.0, side.name)):
            axes.text(place, 1.2, label, ha="left" if place == 0 else "right", fontsize=10.5)
    each = "a species" if rank == Rank.SPECIES else f"one {rank.label}, the mean of its species"
    caption = (
        f"The taxonomy (left) and the average-linkage tree of {side.name} (right), {len(taxa)} leaves, each {each}. "
        f"Branches are rotated so that few lines cross: {entangled:.0%} of pairs of lines do."
    )
    return Figure(name=name, caption=caption, drawing=out[0])


def _leaves(kin: Kin, side: Side, most: int) -> tuple[list[Taxon], Floats, Rank]:
    """The species, or else the clades of the deepest rank that has few enough, or of the next one the largest."""
    found = (list(kin.taxa), side.means, Rank.SPECIES)
    for rank in reversed(RANKS):
        numbers = clade_numbers(kin.taxa, rank)
        sizes = np.bincount(numbers)
        kept = np.sort(np.argsort(-sizes, kind="stable")[:most])
        first = np.unique(numbers, return_index=True)[1]
        sums = np.zeros((len(sizes), side.means.shape[1]))
        np.add.at(sums, numbers, side.means)
        taxa = [kin.taxa[int(first[number])].at(rank) for number in kept]
        if len(sizes) < 3:
            return found
        found = (taxa, (sums / sizes[:, None])[kept], rank)
        if len(sizes) <= most:
            return found
    return found


def _draw(axes: Axes, root: Branch, *, start: float, end: float) -> dict[int, float]:
    """Draw a tree from its root at `start` to its leaves at `end`; the height of each leaf."""
    places = {leaf: -float(place) for place, leaf in enumerate(root.leaves())}
    tallest = max(root.height, 1e-12)

    def x(branch: Branch) -> float:
        return end + (start - end) * branch.height / tallest

    def draw(branch: Branch) -> float:
        if branch.leaf >= 0:
            return places[branch.leaf]
        heights = [draw(child) for child in branch.children]
        axes.plot([x(branch)] * 2, [min(heights), max(heights)], color=INK, linewidth=0.7)
        for child, height in zip(branch.children, heights, strict=True):
            axes.plot([x(branch), x(child)], [height] * 2, color=INK, linewidth=0.7)
        return float(np.mean(heights))

    draw(root)
    return places


def _colours(taxa: Sequence[Taxon]) -> tuple[list[str], dict[str, str]]:
    """A colour for each leaf by its clade at the deepest rank with at most as many clades as there are colours."""
    for rank in reversed(RANKS):
        numbers = clade_numbers(taxa, rank)
        if 2 <= numbers.max() + 1 <= len(PALETTE) and numbers.max() + 1 < len(taxa):
            names = {
                taxa[place].at(rank).scientific_name or "no name": int(numbers[place]) for place in range(len(taxa))
            }
            return [PALETTE[number] for number in numbers], {name: PALETTE[place] for name, place in names.items()}
    return [OTHERS] * len(taxa), {}
