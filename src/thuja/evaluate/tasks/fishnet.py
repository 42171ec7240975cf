"""FishNet: where a fish feeds and lives, nine yes-or-no labels learnt by a probe (Khan et al., ICCV 2023).

Had: images from the link in https://github.com/faixan-khan/FishNet (Image_Library, 5.4 GB), tables from its folder
anns/. 94,532 images of 17,357 species; the nine labels come from FishBase. Licence: none is stated; the images
are of FishBase and iNaturalist, each under its own.

Layout: train.csv, test.csv (columns image, Folder, species, Genus, FeedingPath, Tropical, ... by name; the public code
reads them by position, which is the same in the released test.csv) and Image_Library/<Folder>/<last part of image>.
Rows that lack any of the nine labels are dropped, as there. FeedingPath is pelagic (yes) or benthic.

Public code and what is corrected: see thuja.evaluate.protocols.attributes; rate 1e-4, and an image is right if all
nine labels are. Groups are species; rows from iNaturalist have no species, and stand under their genus. The two
tables share species: corrected scores are told for groups that training met and for those that it did not.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from thuja.errors import BadFile, EmptyInput
from thuja.evaluate.csv_tables import read_rows, require_below
from thuja.evaluate.protocols.attribute_scores import Headline
from thuja.evaluate.protocols.attributes import Attributes
from thuja.evaluate.task import About, Images, Task, require_layout

LABELS = (
    "FeedingPath",
    "Tropical",
    "Temperate",
    "Subtropical",
    "Boreal",
    "Polar",
    "freshwater",
    "saltwater",
    "brackish",
)
FOLDER = "Image_Library"
_TABLES = {"train.csv": True, "test.csv": False}
_COLUMNS = ("image", "Folder", "species", "Genus", *LABELS)

ABOUT = About(
    name="fishnet",
    title="FishNet",
    where="https://github.com/faixan-khan/FishNet: images by its link, tables from its folder anns/",
    licence="not stated; images of FishBase and iNaturalist, each under its own",
    layout=f"""train.csv and test.csv with the columns {", ".join(_COLUMNS)}
        {FOLDER}/<Folder>/<image>""",
    column="FishNet",
    measure=Headline.EXACT.value,
    public="yes above logit .5, dropout on while asked, 50 epochs, exact match of nine labels",
    corrected="yes above probability .5, no dropout, stopped on species held out; F1 and AP; new species apart",
)


def read(folder: Path) -> Attributes:
    """Read the two tables; raises BadFile for another layout, EmptyInput where no row has all nine labels."""
    rows = [
        (path, group, labels, is_taught)
        for name, is_taught in _TABLES.items()
        for path, group, labels in _read_rows(folder, name)
    ]
    if not rows:
        raise EmptyInput(f"no row of {', '.join(_TABLES)} in {folder} has all of {len(LABELS)} labels")
    paths, groups, truth, is_taught = zip(*rows, strict=True)
    return Attributes(
        images=Images(folder=folder, paths=paths),
        labels=LABELS,
        truth=np.array(truth, dtype=bool),
        is_taught=np.array(is_taught, dtype=bool),
        groups=groups,
        headline=Headline.EXACT,
        rate=1e-4,
    )


def _read_rows(folder: Path, name: str) -> Iterator[tuple[str, str, list[bool]]]:
    """Path, group and labels of each row that has all labels."""
    path = folder / name
    if not path.is_file() or not (folder / FOLDER).is_dir():
        raise require_layout(folder, ABOUT, found=f"it holds no {name if not path.is_file() else FOLDER}")
    rows = read_rows(path, ABOUT, _COLUMNS)
    images = [f"{FOLDER}/{row['Folder']}/{row['image'].rsplit('/', 1)[-1]}" for row in rows]
    require_below(path, images)
    for number, (row, image) in enumerate(zip(rows, images, strict=True), start=2):
        values = [row[label] for label in LABELS]
        if all(values):
            group = row["species"] or row["Genus"] or row["Folder"]
            yield image, group, [_is_yes(value, f"{path}, row {number}") for value in values]


def _is_yes(value: str, where: str) -> bool:
    if value in ("pelagic", "benthic"):
        return value == "pelagic"
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if number not in (0.0, 1.0):
        raise BadFile(f'{where}: a label is 0, 1, pelagic or benthic, got "{value}"')
    return bool(number)


TASK = Task(about=ABOUT, read=read)
