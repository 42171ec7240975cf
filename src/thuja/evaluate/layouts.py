"""The papers' tables: which figure of which task stands in which column."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its heading, the task by name, the part and the measure that stand in it.

    Without a measure it is the one that the task says of itself.
    """

    heading: str
    task: str
    part: str = ""
    measure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One table: a row a model, columns, and the mean over them. `name` is that of its files."""

    name: str
    title: str
    columns: tuple[Column, ...]


_CLASSIFIED: Final = (
    ("NABirds", "nabirds"),
    ("Plankton", "meta-album-plk"),
    ("Insects", "meta-album-ins"),
    ("Insects 2", "meta-album-ins-2"),
    ("Camera Trap", "camera-traps"),
    ("PlantNet", "meta-album-plt-net"),
    ("Fungi", "meta-album-fng"),
    ("Plant Village", "meta-album-plt-vil"),
    ("Med. Leaf", "meta-album-med-lf"),
    ("Rare Species", "rare-species"),
)

ZERO_SHOT: Final = Layout(
    name="zero-shot",
    title="Zero-shot classification, top-1 accuracy",
    columns=tuple(Column(heading=heading, task=task, measure="top-1") for heading, task in _CLASSIFIED),
)


def few_shot(shots: int) -> Layout:
    """The ten tasks of zero-shot after so many images of each class."""
    return Layout(
        name=f"few-shot-{shots}",
        title=f"{shots}-shot classification, accuracy",
        columns=tuple(
            Column(heading=heading, task=task, part=f"{shots}-shot", measure="accuracy")
            for heading, task in _CLASSIFIED
        ),
    )


BEYOND_SPECIES: Final = Layout(
    name="beyond-species",
    title="Beyond species",
    columns=(
        Column(heading="FishNet", task="fishnet"),
        Column(heading="NeWT", task="newt"),
        Column(heading="AwA2", task="awa2"),
        Column(heading="Herbarium19", task="herbarium19"),
        Column(heading="PlantDoc", task="plantdoc"),
    ),
)

RETRIEVAL: Final = Layout(
    name="retrieval",
    title="Retrieval: INQUIRE-Rerank by AP, Cornell Bird and PlantID by R@10",
    columns=(
        *(
            Column(heading=f"INQUIRE {part}", task="inquire-rerank", part=part)
            for part in ("Appearance", "Behavior", "Context", "Species")
        ),
        Column(heading="Cornell Bird I2T", task="cornell-bird", part="image to text"),
        Column(heading="Cornell Bird T2I", task="cornell-bird", part="text to image"),
        Column(heading="PlantID I2T", task="plant-id", part="image to text"),
        Column(heading="PlantID T2I", task="plant-id", part="text to image"),
    ),
)


def layouts(shots: tuple[int, ...]) -> tuple[Layout, ...]:
    """The tables of a suite, in the papers' order."""
    return (ZERO_SHOT, *map(few_shot, shots), BEYOND_SPECIES, RETRIEVAL)
