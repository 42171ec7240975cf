"""The texts' side of a space beside its images' side: how far the two arrange the same species alike."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thuja.analyze.finding import Table
from thuja.analyze.tree.kin import Kin, Side
from thuja.analyze.tree.measured import Measured, told
from thuja.analyze.tree.neighbourhood import species_neighbourhood
from thuja.analyze.tree.order import pair_ranks
from thuja.analyze.tree.redraws import partial_correlation
from thuja.analyze.tree.settings import TreeSettings
from thuja.metrics.ratios import interval
from thuja.report import Cell

Floats = npt.NDArray[np.float64]

TEXTS = "texts"


def hold_against_texts(kin: Kin, images: Sequence[Side], texts: Side) -> list[Measured]:
    """How alike images (the first side's, then the controls') and texts arrange species, in all and given the tree."""
    found = kin.redraws.correlations(pair_ranks([kin.steps, texts.distances, *[one.distances for one in images]]))
    alike = [found[:, 1, 2 + place] for place in range(len(images))]
    beyond = [partial_correlation(found, (1, 2 + place), given=0) for place in range(len(images))]
    closer = found[:, 0, 1] - found[:, 0, 2]
    return [
        Measured(
            claim="images and texts arrange species alike",
            measure="Spearman's correlation of the two sides' distances",
            of="images and texts",
            own=alike[0],
            controls=_named(images, alike),
            chance=0.0,
            chance_is="no relation",
        ),
        Measured(
            claim="images and texts arrange species alike beyond what the taxonomy says",
            measure="partial Spearman's correlation of the two sides' distances given rank steps",
            of="images and texts",
            own=beyond[0],
            controls=_named(images, beyond),
            chance=0.0,
            chance_is="no relation",
        ),
        Measured(
            claim="texts follow the taxonomy more closely than images",
            measure="Spearman's correlation with rank steps, texts less images",
            of="images and texts",
            own=closer,
            chance=0.0,
            chance_is="no difference",
            note="texts made of lineages share words where species share clades",
        ),
    ]


def species_neighbour_table(kin: Kin, images: Side, texts: Side, *, settings: TreeSettings) -> Table:
    """The nearest other species by means of images and by texts: agreement at each rank above the species."""
    sides = {side.name: side.means for side in (images, texts) if side.means.any(axis=1).all()}
    steps = species_neighbourhood(kin.taxa, sides, kin.redraws, near=settings.near) if sides else []
    rows: list[Sequence[Cell]] = []
    for step in steps:
        possible = told(None if step.among_possible is None else interval(step.among_possible))
        rows.append(
            (
                step.side, step.rank.label, step.rows, round(step.ceiling, 4), round(step.chance, 4),
                *told(interval(step.over_all)), *possible,
            )
        )  # fmt: skip
    return Table(
        name="tree_species_neighbours",
        caption="The nearest other species, by means of images and by texts: how often it is of the same clade. Of all "
        "species with a name at the rank (at most the ceiling), and of those that can be right.",
        columns=("side", "rank", "species", "ceiling", "chance", "right", "95 %", "of those that can", "95 %"),
        rows=rows,
    )


def _named(images: Sequence[Side], values: Sequence[Floats]) -> dict[str, npt.NDArray[np.float64]]:
    return {side.name: value for side, value in zip(images[1:], values[1:], strict=True)}
