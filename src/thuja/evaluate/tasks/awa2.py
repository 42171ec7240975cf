"""AwA2, Animals with Attributes 2: 85 attributes of animals that training never showed (Xian et al., TPAMI 2018).

Had: https://cvml.ista.ac.at/AwA2/AwA2-data.zip (13 GB). 37,322 images of 50 classes, 40 to learn from and 10 to ask.
Licence: each image its own, all free to use and share; the files are in the archive.

Layout: the archive's folder Animals_with_Attributes2: JPEGImages/<class>/*.jpg, classes.txt and predicates.txt
(a number and a name a line), predicate-matrix-binary.txt (a line a class, a 0 or 1 an attribute), trainclasses.txt and
testclasses.txt (a name a line).

Public code: see thuja.evaluate.protocols.attributes; rate 1e-5, macro-F1. The script hands scikit-learn
labels=np.unique(truth), which is [0, 1]; for many labels those are columns, so the published figure is the mean F1 of
the first two attributes, black and white. That is repeated here, and the mean over all 85 stands beside it. It reads
names in classes.txt without their numbers, and images in the order of the file system; here they are sorted.
Attributes are of a class, so images of a class have the same: groups are classes.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from thuja.errors import BadFile
from thuja.evaluate.csv_tables import read_lines
from thuja.evaluate.protocols.attribute_scores import Headline
from thuja.evaluate.protocols.attributes import Attributes
from thuja.evaluate.task import About, Images, Task, require_layout

FOLDER = "JPEGImages"
MATRIX = "predicate-matrix-binary.txt"
ENDINGS = (".jpg", ".jpeg", ".png")
_LISTS = {"trainclasses.txt": True, "testclasses.txt": False}
_FILES = ("classes.txt", "predicates.txt", MATRIX, *_LISTS)

ABOUT = About(
    name="awa2",
    title="AwA2",
    where="https://cvml.ista.ac.at/AwA2/AwA2-data.zip",
    licence="each image its own, free to use and share; see the archive's folder licenses",
    layout=f"{', '.join(_FILES)}\n{FOLDER}/<class>/<image>",
    column="AwA2",
    measure=Headline.MACRO_F1.value,
    public="yes above logit .5, dropout on while asked, 50 epochs, F1 of the first two attributes alone",
    corrected="yes above probability .5, no dropout, stopped on classes held out; F1 and AP of all attributes",
)


def read(folder: Path) -> Attributes:
    """Read the lists and the matrix; raises BadFile for another layout."""
    for name in (*_FILES, FOLDER):
        if not (folder / name).exists():
            raise require_layout(folder, ABOUT, found=f"it holds no {name}")
    classes, labels = _read_names(folder / "classes.txt"), _read_names(folder / "predicates.txt")
    matrix = _read_matrix(folder / MATRIX, len(classes), len(labels))
    paths: list[str] = []
    groups: list[str] = []
    is_taught: list[bool] = []
    for name, is_it in _LISTS.items():
        for group in _read_names(folder / name):
            if group not in classes or not (folder / FOLDER / group).is_dir():
                raise BadFile(f'{folder / name} names "{group}", which classes.txt or {FOLDER} does not have')
            found = [
                f"{FOLDER}/{group}/{path.name}"
                for path in sorted((folder / FOLDER / group).iterdir())
                if path.suffix.lower() in ENDINGS
            ]
            paths += found
            groups += [group] * len(found)
            is_taught += [is_it] * len(found)
    place = {group: row for row, group in enumerate(classes)}
    return Attributes(
        images=Images(folder=folder, paths=tuple(paths)),
        labels=labels,
        truth=matrix[[place[group] for group in groups]],
        is_taught=np.array(is_taught, dtype=bool),
        groups=tuple(groups),
        headline=Headline.MACRO_F1,
        rate=1e-5,
    )


def _read_names(path: Path) -> tuple[str, ...]:
    """The last word of each line: names stand alone, or after their number."""
    return tuple(line.split()[-1] for line in read_lines(path))


def _read_matrix(path: Path, classes: int, labels: int) -> npt.NDArray[np.bool_]:
    rows = [line.split() for line in read_lines(path)]
    if len(rows) != classes or any(len(row) != labels or set(row) - {"0", "1"} for row in rows):
        raise BadFile(
            f"{path} must hold a 0 or 1 for each of {labels} attributes of {classes} classes",
            hint="take classes.txt, predicates.txt and the matrix from the same archive",
        )
    return np.array([[value == "1" for value in row] for row in rows], dtype=bool)


TASK = Task(about=ABOUT, read=read)
