"""The experiment's figures: arms side by side with their worlds as dots, and what scale does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from thuja.experiments.emergence.page import STAGE_AND_SEX, means_of
from thuja.experiments.emergence.rows import Point
from thuja.jobs import write_text
from thuja.report.colours import OTHERS, PALETTE
from thuja.report.drawing import drawing

Panel = tuple[str, Sequence[tuple[str, str, tuple[str, ...]]]]
"""A title, and rows of a label, an arm and its scores."""

_ARMS: Final = (
    ("lineages", "emergence/plain"),
    ("shuffled", "emergence/shuffled"),
    ("classes", "emergence/cosine"),
    ("untrained", "emergence/untrained"),
    ("pixels", "emergence/pixels"),
    ("ImageNet", "emergence/imagenet"),
)


def write_figures(points: Sequence[Point], folder: Path) -> list[Path]:
    """Write `emergence-arms.svg` and `emergence-scale.svg` into a folder that is there."""
    made = {"emergence-arms": arms_figure(points), "emergence-scale": scale_figure(points)}
    paths = []
    for name, text in made.items():
        paths.append(folder / f"{name}.svg")
        write_text(paths[-1], text)
    return paths


def arms_figure(points: Sequence[Point]) -> str:
    """Four measures of every arm on no ground: a dot a world, a bar for their mean; ceilings where there are any."""
    truth, kin = ("true traits", "ceiling/truth"), ("tree alone", "ceiling/kin")
    panels: list[Panel] = [
        ("Tree: Kendall's tau", [(label, arm, ("tau_neutral",)) for label, arm in (*_ARMS, truth)]),
        ("Habitat, families left out", [(label, arm, ("habitat_neutral",)) for label, arm in (*_ARMS, truth, kin)]),
        ("Share in 10 directions", [(label, arm, ("split",)) for label, arm in _ARMS]),
        ("Fisher ratio, stage and sex", [(label, arm, STAGE_AND_SEX) for label, arm in _ARMS]),
    ]
    nulls = {1: ("habitat_null_neutral",), 2: ("split_null",)}
    with drawing(9.0, 5.6, name="emergence-arms") as (figure, out):
        for place, (axes, (title, rows)) in enumerate(zip(figure.subplots(2, 2).flat, panels, strict=True)):
            _dots(axes, points, rows)
            axes.set_title(title)
            if place in nulls:
                marks = [_mean(means_of(points, arm, nulls[place])) for _, arm, _ in rows]
                axes.plot(marks, range(len(rows)), "|", color=OTHERS, markersize=13, label="its null")
                axes.legend(loc="best")
    return out[0]


def scale_figure(points: Sequence[Point]) -> str:
    """The share inside, that against its null, and the Fisher ratio, by species and by pictures at equal steps."""
    series = {
        "species (64 pictures each)": [
            (6, "scale/species_x1"),
            (24, "scale/species_x4"),
            (96, "scale/all"),
        ],
        "pictures a species (96 species)": [(16, "scale/images_x4"), (64, "scale/all")],
        "species, 16 dimensions": [(24, "scale/narrow_species_x4"), (96, "scale/narrow")],
    }
    measures = {
        "Share in 10 directions": ("split",),
        "log of it over its null": ("log_split",),
        "Fisher ratio, stage and sex": STAGE_AND_SEX,
    }
    with drawing(9.0, 3.0, name="emergence-scale") as (figure, out):
        for axes, (title, names) in zip(figure.subplots(1, len(measures)).flat, measures.items(), strict=True):
            for colour, (label, arms) in zip(PALETTE, series.items(), strict=False):
                found = [(size, means_of(points, arm, names)) for size, arm in arms]
                sizes = [size for size, scores in found if scores]
                means = [_mean(scores) for _, scores in found if scores]
                axes.plot(sizes, means, "o-", color=colour, label=label)
                for size, scores in found:
                    axes.plot([size] * len(scores), list(scores.values()), ".", color=colour, alpha=0.4)
            axes.set_xscale("log", base=2)
            axes.set_title(title)
            axes.set_xlabel("how many")
        axes.legend(fontsize=7.5)
    return out[0]


def _dots(axes: Any, points: Sequence[Point], rows: Sequence[tuple[str, str, tuple[str, ...]]]) -> None:
    for place, (_, arm, names) in enumerate(rows):
        scores = means_of(points, arm, names)
        if not scores:
            continue
        axes.barh(place, _mean(scores), color=PALETTE[0], alpha=0.25, height=0.6)
        axes.plot(list(scores.values()), [place] * len(scores), "o", color=PALETTE[0], markersize=3)
    axes.set_yticks(range(len(rows)), [label for label, _, _ in rows])
    axes.invert_yaxis()


def _mean(scores: dict[tuple[str, int], float]) -> float:
    return float(np.mean(list(scores.values()))) if scores else float("nan")
