"""Meta-Album: eight small sets of the papers, 40 images of each class, of plankton, insects, plants and fungi.

Had from https://meta-album.github.io (each set's page names its licence and its "Mini" version); the label tables
are those in `data/annotation/meta-album` of the repository Imageomics/bioclip-2, one a set.

Layout, a folder a set: `metadata.csv` (columns: a row number, `filepath`, `class`), and the images at `<filepath>`,
that is `<class>/<image>`, beside it or below `val`.

Public: class names as they stand in 80 prompts, underscores, authors ("Amanita excelsa Gonn. & Rabenh.") and French
group names ("La Punaise du Chou (Eurydema oleracea)") included; top-1; 1 and 5 shots. PlantDoc was in BioCLIP's suite
and is not in the later ones. Corrected: the interval draws classes. What specimen an image is one of is not told, so
support and query may share one (a leaf in PlantVillage, a drop in Plankton).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from thuja.evaluate.csv_tables import read_rows
from thuja.evaluate.label_table import ClassText, check_rows, differs, first_with, labelled
from thuja.evaluate.protocols.labelled import Labelled
from thuja.evaluate.task import About, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """One set: its code, what it is called in a text and in the papers' tables, and its size there."""

    code: str
    title: str
    column: str
    classes: int

    def about(self) -> About:
        """What the set is, for a person who has to fetch it."""
        return About(
            name=f"meta-album-{self.code.lower().replace('_', '-')}",
            title=f"{self.title} ({self.code})",
            where=f"https://meta-album.github.io ({self.code}, Mini); metadata.csv from data/annotation/meta-album of "
            "Imageomics/bioclip-2",
            licence="the set's own, on its page at meta-album.github.io",
            layout="""metadata.csv (filepath, class)
                <class>/<image>, beside it or below val""",
            column=self.column,
            measure="top-1",
            public=f"{40 * self.classes:,} images among {self.classes} class names as they stand, 80 prompts; "
            "1 and 5 shots by few_shot.py",
            corrected="classes weigh alike; intervals over classes",
        )

    def task(self) -> Task:
        """The set as a task."""
        return Task(about=self.about(), read=self.reader())

    def reader(self) -> Callable[[Path], Labelled]:
        """What reads a folder of the set."""
        about = self.about()

        def read(folder: Path) -> Labelled:
            table = folder / "metadata.csv"
            rows = read_rows(table, about, ("filepath", "class"))
            check_rows(table, rows)
            images = first_with((folder, folder / "val"), rows[0]["filepath"])
            task = labelled(images, rows, ClassText.ASIS)
            return replace(task, note=differs(task, images=40 * self.classes, classes=self.classes))

        return read


ALBUMS = (
    Album(code="PLK", title="Plankton", column="Plankton", classes=86),
    Album(code="INS", title="Insects", column="Insects", classes=104),
    Album(code="INS_2", title="Insects 2", column="Insects2", classes=102),
    Album(code="PLT_NET", title="PlantNet", column="PlantNet", classes=25),
    Album(code="FNG", title="Fungi", column="Fungi", classes=25),
    Album(code="PLT_VIL", title="PlantVillage", column="PlantVillage", classes=38),
    Album(code="MED_LF", title="Medicinal Leaf", column="Med. Leaf", classes=25),
    Album(code="PLT_DOC", title="PlantDoc", column="PlantDoc", classes=27),
)
TASKS: tuple[Task, ...] = tuple(album.task() for album in ALBUMS)
