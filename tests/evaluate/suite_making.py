"""Small real tasks over made pictures, and a model whose vectors are the pictures' mean colours.

A picture is a flat colour, and a class is one: red, green, blue, yellow. By the text "red" and by the mean of red
pictures alike, a picture is named by its colour, so which answers are right is known: a picture that is painted in the
colour of another class is wrong.
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from thuja.evaluate.protocols.classes import Classes
from thuja.evaluate.protocols.labelled import Labelled
from thuja.evaluate.seen import Flaw, Seen
from thuja.evaluate.suite import Entrant
from thuja.evaluate.suite_tasks import Entry
from thuja.evaluate.task import About, Images, Task, View, require_layout
from thuja.taxonomy import Taxon

COLOURS = {"red": (220, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 220), "yellow": (210, 210, 20)}
TAXA = {
    "red": Taxon(kingdom="Animalia", class_="Aves", family="F0", genus="G0", species="rubra"),
    "green": Taxon(kingdom="Animalia", class_="Aves", family="F0", genus="G0", species="viridis"),
    "blue": Taxon(kingdom="Animalia", class_="Mammalia", family="F1", genus="G1", species="caerulea"),
    "yellow": Taxon(kingdom="Animalia", class_="Mammalia", family="F1", genus="G2", species="flava"),
}
TABLE = "labels.csv"


def about(name: str) -> About:
    return About(
        name=name, title=name.capitalize(), where="made by the tests", licence="CC0", layout=f"{TABLE} and its images",
        column=name, measure="top-1", public="colours by their names", corrected="the same",
    )  # fmt: skip


def read(folder: Path) -> Labelled:
    if not (folder / TABLE).is_file():
        raise require_layout(folder, about("colours"), found=f"there is no {TABLE}")
    with (folder / TABLE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = tuple(COLOURS)
    return Labelled(
        images=Images(folder=folder, paths=tuple(row["path"] for row in rows)),
        truth=np.array([names.index(row["class"]) for row in rows], dtype=np.int64),
        classes=Classes(names=names, texts=names, taxa=tuple(TAXA.values())),
    )


def colours_task(name: str = "colours") -> Task:
    return Task(about=about(name), read=read)


def paint(folder: Path, pictures: Sequence[tuple[str, str]]) -> Path:
    """A folder of the task: (class, colour painted) of each picture, shades a little apart."""
    rows = [f"{label}/{number}.png" for number, (label, _) in enumerate(pictures)]
    for path, (number, (_, colour)) in zip(rows, enumerate(pictures), strict=True):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shade = np.array(COLOURS[colour]) + number % 20
        Image.fromarray(np.full((8, 8, 3), shade, dtype=np.uint8)).save(folder / path)
    lines = ["path,class", *(f"{path},{label}" for path, (label, _) in zip(rows, pictures, strict=True))]
    (folder / TABLE).write_text("\n".join(lines) + "\n")
    return folder


def balanced(each: int, wrong: int = 0) -> list[tuple[str, str]]:
    """So many pictures of every class; of each, the last `wrong` are painted as the next class."""
    names = list(COLOURS)
    return [
        (name, names[(place + 1) % len(names)] if number >= each - wrong else name)
        for place, name in enumerate(names)
        for number in range(each)
    ]


@dataclass
class Colours:
    """A lens. With `is_blind` green looks red to it; without `reads` it reads no text; `looked` is what it encoded."""

    model: str = "colours-1"
    heads: tuple[str, ...] = ("own",)
    is_blind: bool = False
    reads: bool = True
    looked: list[str] = field(default_factory=list)
    on_look: Callable[[Images], None] = field(default=lambda images: None)

    def images(self, images: Images, head: str = "") -> Seen:
        self.on_look(images)
        rows, vectors, flaws = [], [], []
        for row, path in enumerate(images.files()):
            try:
                pixels = np.asarray(Image.open(path).convert("RGB"), dtype=np.float32).mean(axis=(0, 1))
            except OSError as error:
                flaws.append(Flaw(images.paths[row], "undecodable", type(error).__name__))
                continue
            self.looked.append(images.paths[row])
            rows.append(row)
            vectors.append(self.vector(pixels) + (1 if head == "caption" else 0))
        return Seen(
            rows=np.array(rows, dtype=np.int64),
            vectors=np.array(vectors, dtype=np.float32).reshape(-1, 3),
            flaws=tuple(flaws),
        )

    def view(self, seen: Seen, head: str = "") -> View:
        return View(vectors=seen.vectors, texts=self.texts if self.reads else None, scale=20.0)

    def texts(self, words: Sequence[str]) -> np.ndarray:
        """A text is the colour that it names."""
        found = [next(colour for name, colour in COLOURS.items() if name in word) for word in words]
        vectors = np.array([self.vector(np.array(colour, dtype=np.float32)) for colour in found], dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def vector(self, pixels: np.ndarray) -> np.ndarray:
        red, green, blue = pixels
        return np.array([max(red, green), 0, blue] if self.is_blind else [red, green, blue], dtype=np.float32)


def entrant(label: str = "mine", **given) -> Entrant:
    return Entrant(label=label, lens=Colours(**given))


def entry(folder: Path, name: str = "colours") -> Entry:
    return Entry(name=name, task=colours_task(name), place=folder)
