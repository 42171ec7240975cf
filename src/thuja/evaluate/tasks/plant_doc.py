"""PlantDoc as BioCLIP 2 scores it: name a leaf's disease after one photo of each of 28 classes.

Had from https://github.com/pratikkayal/PlantDoc-Dataset (the cropped set), under CC BY 4.0. Several file names hold a
question mark or an asterisk, which Windows cannot store.

Layout: `train/<class>/<image>` and `test/<class>/<image>`.

What is odd: `train` has 28 classes and `test` 27: "Tomato two spotted spider mites leaf" has two images to train with
and none to test. The public script numbers each folder's classes by itself, in ASCII order, in which the two lower-case
classes "grape leaf" and "grape leaf black rot" come last: asked for the first, it wants spider mites, for the second
the healthy grape leaf.

Public: 1-shot SimpleShot, support from `train`, all of `test` asked, so numbered; 5 draws (the script's comment says
100). It loads the images in an order that torch shuffled, and draws among that: here the draws are its own, on the
images in order of their paths, so the mean agrees and the digits do not. Corrected: classes by name, 100 draws, classes
weigh alike.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from thuja.evaluate.protocols.classes import Classes
from thuja.evaluate.protocols.split_shots import SplitShots
from thuja.evaluate.task import About, Images, Task, require_layout

ABOUT = About(
    name="plantdoc",
    title="PlantDoc, one-shot",
    where="https://github.com/pratikkayal/PlantDoc-Dataset",
    licence="CC BY 4.0",
    layout="""train/<class>/<image>
        test/<class>/<image>""",
    column="PlantDoc",
    measure="accuracy",
    public="1-shot SimpleShot from train asked on test, 5 draws, each folder's classes numbered by itself",
    corrected="classes by name, 100 draws, classes weigh alike, intervals over classes",
)
_IMAGES = {".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}


def read(folder: Path) -> SplitShots:
    """The task from the two folders."""
    found = [(split, *row) for split in ("train", "test") for row in _listed(folder, split)]
    for split in ("train", "test"):
        if not any(row[0] == split for row in found):
            raise require_layout(folder, ABOUT, found=f"there is no image in a class's folder below {split}")
    names = sorted({name for _, name, _ in found})
    place = {name: number for number, name in enumerate(names)}
    return SplitShots(
        images=Images(folder=folder, paths=tuple(path for _, _, path in found)),
        truth=np.array([place[name] for _, name, _ in found], dtype=np.int64),
        is_support=np.array([split == "train" for split, _, _ in found]),
        classes=Classes(names=tuple(names)),
    )


def _listed(folder: Path, split: str) -> Iterator[tuple[str, str]]:
    """Class and path of each image of a split, in order of class and path."""
    for path in sorted((folder / split).glob("*/*")):
        if path.suffix.lower() in _IMAGES:
            yield path.parent.name, path.relative_to(folder).as_posix()


TASK = Task(about=ABOUT, read=read)
