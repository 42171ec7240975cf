"""The figures that the papers of BioCLIP 2 and BioCAP print, in per cent, in the order of a layout's columns.

Only what the authors state in full is here, from the two project pages and the model card of BioCAP. Few-shot has
means alone, from notes of others on the paper of BioCLIP 2, and is marked so. The suite of the first BioCLIP paper
is left out: it had Birds525, which was taken offline, so that no row can be measured again and no mean compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from thuja.evaluate.layouts import BEYOND_SPECIES, RETRIEVAL, ZERO_SHOT, Layout, few_shot

BIOCLIP2: Final = "project page of BioCLIP 2"
BIOCAP: Final = "project page and model card of BioCAP"
NOTES: Final = "notes of others on BioCLIP 2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One printed row: its figures in the order of the layout's columns, or none, and the mean as it is printed.

    `is_secondary` marks a row that others report of the authors; `note` says what is odd about it.
    """

    model: str
    figures: Sequence[float]
    mean: float
    source: str
    is_secondary: bool = False
    note: str = ""


def published_rows(layout: Layout) -> tuple[Published, ...]:
    """The printed rows of a layout; none where nothing is printed."""
    return _ROWS.get(layout.name, ())


def _row(model: str, figures: str, mean: float, *, source: str, note: str = "") -> Published:
    return Published(model=model, figures=tuple(map(float, figures.split())), mean=mean, source=source, note=note)


def _means(shots: dict[str, float]) -> tuple[Published, ...]:
    return tuple(
        Published(model=model, figures=(), mean=mean, source=NOTES, is_secondary=True, note="the mean alone is known")
        for model, mean in shots.items()
    )


# NABirds, Plankton, Insects, Insects 2, Camera Trap, PlantNet, Fungi, Plant Village, Med. Leaf, Rare Species
_ZERO_SHOT = (
    _row("CLIP B/16", "39.0 3.3 7.4 9.3 28.1 52.5 8.6 5.1 15.0 25.7", 19.4, source=BIOCLIP2),
    _row(
        "SigLIP B/16",
        "50.2 3.7 17.6 9.6 26.7 76.3 28.3 26.1 45.4 30.7",
        32.3,
        source=BIOCLIP2,
        note="the mean is printed as 32.3; that of the ten printed figures is 31.5",
    ),
    _row("FG-CLIP B/16", "48.3 1.9 6.9 9.3 26.4 55.6 7.3 5.9 15.7 29.4", 20.7, source=BIOCAP),
    _row("CLIP L/14 (LAION-2B)", "66.5 1.3 9.0 11.7 29.5 61.7 7.6 6.5 25.6 35.2", 25.5, source=BIOCLIP2),
    _row("SigLIP L/16", "61.7 2.4 27.3 20.7 33.7 81.8 36.9 28.5 54.5 47.6", 39.5, source=BIOCLIP2),
    _row("BioTrove-CLIP B/16", "39.4 1.0 20.5 15.7 10.7 64.4 38.2 15.7 31.6 24.6", 26.2, source=BIOCLIP2),
    _row("BioCLIP B/16", "58.8 6.1 34.9 20.5 31.7 88.2 40.9 19.0 38.5 37.1", 37.6, source=BIOCLIP2),
    _row("BioCAP B/16", "67.6 7.2 41.9 23.7 37.4 93.6 64.4 33.0 51.4 44.2", 46.4, source=BIOCAP),
    _row("BioCLIP 2 L/14", "74.9 3.9 55.3 27.7 53.9 96.8 83.8 25.1 57.8 76.8", 55.6, source=BIOCLIP2),
)

# FishNet, NeWT, AwA2, Herbarium19, PlantDoc
_BEYOND_SPECIES = (
    _row("CLIP L/14", "27.9 83.4 61.6 18.2 22.3", 42.7, source=BIOCLIP2),
    _row("SigLIP", "31.9 83.2 67.3 18.6 28.2", 45.8, source=BIOCLIP2),
    _row("Supervised, ImageNet-21k", "29.4 75.8 52.7 14.9 25.1", 39.6, source=BIOCLIP2),
    _row("DINOv2", "37.4 83.7 48.6 28.1 38.6", 47.3, source=BIOCLIP2),
    _row("BioTrove-CLIP", "22.1 82.5 45.7 20.4 37.7", 41.7, source=BIOCLIP2),
    _row("BioCLIP", "30.1 82.7 65.9 26.8 39.5", 49.0, source=BIOCLIP2),
    _row("BioCLIP 2", "39.8 89.1 69.5 48.6 40.4", 57.5, source=BIOCLIP2),
)

# INQUIRE: Appearance, Behavior, Context, Species; Cornell Bird and PlantID: image to text, text to image
_RETRIEVAL = (
    _row("CLIP B/16", "30.8 32.9 37.2 37.1 33.8 29.1 25.0 22.1", 31.0, source=BIOCAP),
    _row("SigLIP B/16", "34.6 37.2 41.4 36.2 47.7 50.2 42.1 38.1", 40.9, source=BIOCAP),
    _row("FG-CLIP", "28.8 31.1 32.5 41.0 49.4 48.1 28.7 27.4", 35.9, source=BIOCAP),
    _row("BioTrove-CLIP", "28.5 22.2 30.5 39.5 16.5 13.8 47.4 50.1", 31.1, source=BIOCAP),
    _row("BioCLIP", "27.4 27.2 30.8 41.1 15.1 16.2 47.8 45.0", 31.3, source=BIOCAP),
    _row("BioCAP", "37.1 33.6 37.0 43.0 54.0 52.0 81.4 83.0", 52.6, source=BIOCAP),
)

_ROWS: Final = {
    ZERO_SHOT.name: _ZERO_SHOT,
    few_shot(1).name: _means({"CLIP L/14": 39.8, "BioCLIP": 50.0, "BioCLIP 2": 64.1}),
    few_shot(5).name: _means({"CLIP L/14": 58.3, "BioCLIP": 68.5, "BioCLIP 2": 78.3}),
    BEYOND_SPECIES.name: _BEYOND_SPECIES,
    RETRIEVAL.name: _RETRIEVAL,
}
