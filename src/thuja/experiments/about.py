"""A word for each arm of the ablation grid, and what a grid comes to before it is run."""

from collections.abc import Mapping
from typing import Final

from thuja.experiments.captions.about import ABOUT as ON_CAPTIONS
from thuja.experiments.emergence.about import ABOUT as ON_EMERGENCE
from thuja.experiments.grid import Grid
from thuja.experiments.sizes import Size
from thuja.experiments.table import counted

ABOUT: Final[Mapping[str, str]] = {
    "start/untrained": "the model as it is drawn from the seed",
    "text/mixture": "names in BioCLIP's mixture of five types",
    "text/com": "common names alone",
    "text/sci": "scientific names alone",
    "text/taxon": "lineages alone",
    "text/sci_com": "scientific and common names",
    "text/taxon_com": "lineages and common names",
    "loss/clip": "every other text of the batch is wrong, as in CLIP",
    "loss/multi_positive": "all pictures of a species are right for its text",
    "loss/levels": "one contrastive loss a rank",
    "loss/sigmoid": "each pair by itself, as in SigLIP",
    "loss/cross_entropy": "species as classes, no texts",
    "loss/cosine_cross_entropy": "species as classes by angle, no texts",
    "loss/hierarchical_cross_entropy": "the classes of every rank, no texts",
    "loss/supervised_contrastive": "pictures of a species against all others, no texts",
    "species/x1": "a sixteenth of the species, as many pictures in all",
    "species/x4": "a quarter of the species, as many pictures in all",
    "species/x16": "all species, a sixteenth of the pictures of each",
    "images/x16": "all pictures of all species, twice the epochs",
    "images/x1_equal_steps": "a sixteenth of the pictures, as many steps",
    "images/x1_equal_epochs": "a sixteenth of the pictures, as many epochs",
    "images/x4_equal_steps": "a quarter of the pictures, as many steps",
    "images/x4_equal_epochs": "a quarter of the pictures, as many epochs",
    "replay/without": "life alone",
    "replay/one_projector": "things in every batch, under the projector of taxa",
    "replay/two_projectors": "things in every batch, under their own projector",
    "forgetting/before": "a model that knows things, before it learns life",
    "forgetting/without": "it learns life with all its weights",
    "forgetting/replay": "it learns life, with things in every batch",
    "forgetting/distilled": "it learns life, held near what it was",
    "forgetting/adapters": "it learns life by low-rank adapters",
    "forgetting/adapters_distilled": "by low-rank adapters, held near what it was",
    "control/plain": "lineages as they are",
    "control/binomial": "genus and epithet alone",
    "control/shuffled": "names shuffled among the species",
    "control/reversed": "lineages from the species up",
    "control/random": "words of random letters",
    **ON_CAPTIONS,
    **ON_EMERGENCE,
}
"""By `GROUP/NAME`."""

_CELL_MINUTES: Final[Mapping[str, float]] = {"tiny": 0.5, "wide": 0.5, "emergence": 2.0}
"""What a cell takes on one core of a CPU, where it was measured."""


def arms_told(grid: Grid) -> list[str]:
    """One line an arm: its label, and what it is."""
    width = max(len(arm.label) for arm in grid.arms)
    return [f"{arm.label:{width}}  {ABOUT.get(arm.label, '')}".rstrip() for arm in grid.arms]


def grid_told(grid: Grid, size: Size, *, workers: int) -> str:
    """How many cells the grid has and about how long they take."""
    cells = len({cell.key for cell in grid.cells()})
    counts = f"{counted(grid.arms, 'arm')} in {counted(grid.places, 'world')} from {counted(grid.seeds, 'seed')}"
    minutes = _CELL_MINUTES.get(size.name)
    if minutes is None:
        return f"{counts}: {cells:,} cells to measure, what several arms have in common once"
    most = cells * minutes / max(1, workers)
    long = f"{most:.0f} minutes" if most < 100 else f"{most / 60:.1f} hours"
    return f"{counts}: {cells:,} cells to measure, what several arms have in common once; about {long} on a CPU"
