"""IDLE-OO Camera Traps: five small balanced sets of LILA BC, 2,586 images; the papers give their mean.

Had from https://huggingface.co/datasets/imageomics/IDLE-OO-Camera-Traps; the images are LILA BC's, under the licence
that https://lila.science names for each set.

Layout, one folder for all: `<set>-balanced.csv` (LILA's columns, the seven ranks with `cls` for the class, `filepath`)
and the images at `data/test/<filepath>` or `images/<filepath>`, that is `<set>/<image>`. Sets: desert-lion, ENA24,
island, ohio-small-animals, orinoquia.

What is odd: the tables have no `class`, so the public few-shot script, which reads it, does not run on them as they
are; here the class is the text, as in zero-shot. In island 17 labels name 16 species and 16 are coarser ("bird",
"rat", "crab"), some the ancestors of others; rooster and domestic chicken are one species, petrel and petrel chick one
family, and of each second one there is a single image, at which the public 5-shot script stops. Sequences are named in
two sets; the third has them in its image names, island has the date and camera there, and ENA24 tells neither.

Public: text "taxon_com" in 80 prompts, names in lower case made upper, top-1, the plain mean of five. Corrected:
classes weigh alike, every rank, images of a sequence (in island: of a camera on a day) are one observation: coati and
Nicobar pigeon then are one observation each, and are never asked in few-shot.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from thuja.evaluate.csv_tables import read_rows
from thuja.evaluate.label_table import RANK_COLUMNS, ClassText, Row, check_rows, differs, first_with, labelled
from thuja.evaluate.protocols.labelled import Labelled
from thuja.evaluate.protocols.several import Several
from thuja.evaluate.task import About, Images, Task

_LAYOUT = """<set>-balanced.csv (image_id, sequence_id, location_id, common_name, kingdom ... cls ... species, filepath)
    data/test/<set>/<image> or images/<set>/<image>"""
_WHERE = "https://huggingface.co/datasets/imageomics/IDLE-OO-Camera-Traps"
_LICENCE = "LILA BC's, for each set at https://lila.science"
_COLUMNS = (*RANK_COLUMNS, "common_name", "image_id", "sequence_id", "location_id", "filepath")
_DAY = re.compile(r"(?<!\d)(?:(20[01]\d[01]\d[0-3]\d)_?\d{6}|([0-3]\d[01]\d20[01]\d)\d{5,6})(?!\d)")
"""The date in an image name: year first, or last with an hour of one or two digits behind it."""


def by_sequence(row: Row) -> str:
    """LILA's sequence, or nothing where it is unknown."""
    return "" if row["sequence_id"].endswith("unknown") else row["sequence_id"]


def by_folder(row: Row) -> str:
    """The folder that the image lay in, which is a sequence."""
    return row["image_id"].rpartition("/")[0]


def by_camera_and_day(row: Row) -> str:
    """The camera and the date in the image name; the camera alone where there is no date."""
    found = _DAY.search(row["image_id"])
    return f"{row['location_id']} {(found[1] or found[2]) if found else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrapSet:
    """One set: its name in paths, its size, and what its images are one picture of."""

    name: str
    images: int
    classes: int
    observation: Callable[[Row], str] = by_sequence

    def about(self) -> About:
        """What the set is, for a person who has to fetch it."""
        return About(
            name=f"camera-trap-{self.name.lower()}",
            title=f"Camera Trap: {self.name}",
            where=_WHERE,
            licence=_LICENCE,
            layout=_LAYOUT.replace("<set>", self.name),
            column="",
            measure="top-1",
            public=f"{self.images:,} images among {self.classes} taxa by lineage and common name, 80 prompts",
            corrected="classes weigh alike; every rank; few-shot by sequence",
        )

    def read(self, folder: Path) -> Labelled:
        """The set from the folder of all."""
        table = folder / f"{self.name}-balanced.csv"
        rows = read_rows(table, self.about(), _COLUMNS)
        check_rows(table, rows)
        images = first_with((folder / "data" / "test", folder / "images"), rows[0]["filepath"])
        task = labelled(images, rows, ClassText.TAXON_COM, observation=self.observation)
        return replace(task, note=differs(task, images=self.images, classes=self.classes))

    def task(self) -> Task:
        """The set as a task."""
        return Task(about=self.about(), read=self.read)


SETS = (
    TrapSet(name="desert-lion", images=352, classes=32, observation=by_folder),
    TrapSet(name="ENA24", images=1_120, classes=20),
    TrapSet(name="island", images=310, classes=33, observation=by_camera_and_day),
    TrapSet(name="ohio-small-animals", images=468, classes=39),
    TrapSet(name="orinoquia", images=336, classes=28),
)
ABOUT = About(
    name="camera-traps",
    title="Camera Trap",
    where=_WHERE,
    licence=_LICENCE,
    layout=_LAYOUT,
    column="CamTrap",
    measure="top-1",
    public="the mean over the five sets of what each makes",
    corrected="the same mean of the corrected measures, its interval from theirs",
)


def read(folder: Path) -> Several:
    """All five sets and their mean."""
    tasks = {trap.name: trap.read(folder) for trap in SETS}
    below = {task.images.folder for task in tasks.values()}
    if len(below) > 1:  # some sets' images are missing: the others tell where they belong
        there = next((task.images.folder for task in tasks.values() if not task.images.missing()), min(below))
        tasks = {
            name: replace(task, images=Images(folder=there, paths=task.images.paths)) for name, task in tasks.items()
        }
    return Several(tasks=tasks)


TASKS: tuple[Task, ...] = (Task(about=ABOUT, read=read), *(trap.task() for trap in SETS))
