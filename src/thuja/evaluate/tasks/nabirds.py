"""NABirds: 48,562 photos of North American birds in 555 categories of 404 species (by sex, age, plumage).

Had from https://dl.allaboutbirds.org/nabirds (a form; images for research and teaching that is not commercial, the
rights are the photographers'). The papers' label table is `data/annotation/nabirds/metadata.csv` of the repository
Imageomics/bioclip-2; without it the data set's own text files are read, which name the same images and categories.

Layout: `images/<folder of a category>/<image>.jpg`; beside it `metadata.csv` (columns: a row number, `filepath` below
`images`, `class`), or the data set's own `images.txt`, `image_class_labels.txt`, `classes.txt`; and `photographers.txt`
where few-shot is to keep bursts apart.

Public: all images, none held out (the split of the data set is not used); category names as they stand, with their
plumage and double blanks, in 80 prompts; top-1. Corrected: categories weigh alike, the interval draws species (137
have several categories), the species counts as well, photos of one photographer and category never stand on both sides.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from thuja.errors import BadFile
from thuja.evaluate.csv_tables import read_lines, read_rows, require_below
from thuja.evaluate.label_table import ClassText, Row, check_rows, differs, labelled
from thuja.evaluate.protocols.labelled import Labelled
from thuja.evaluate.task import About, Task, require_layout

ABOUT = About(
    name="nabirds",
    title="NABirds",
    where="https://dl.allaboutbirds.org/nabirds; metadata.csv from data/annotation/nabirds of Imageomics/bioclip-2",
    licence="research and teaching that is not commercial; the photographers hold the rights",
    layout="""images/<category>/<image>.jpg
        metadata.csv (filepath, class), or images.txt, image_class_labels.txt and classes.txt
        photographers.txt (may be missing)""",
    column="NABirds",
    measure="top-1",
    public="all 48,562 images among 555 category names as they stand, 80 prompts; 1 and 5 shots by few_shot.py",
    corrected="categories weigh alike; intervals over 404 species; one photographer's category is one observation",
)
OWN_FILES = ("images.txt", "image_class_labels.txt", "classes.txt")


def read(folder: Path) -> Labelled:
    """The task from the papers' table, or from the data set's own files."""
    table = folder / "metadata.csv"
    if table.is_file():
        rows: list[dict[str, str]] = read_rows(table, ABOUT, ("filepath", "class"))
        check_rows(table, rows)
    elif all((folder / name).is_file() for name in OWN_FILES):
        rows = _own_rows(folder)
    else:
        raise require_layout(folder, ABOUT, found="there is neither metadata.csv nor the data set's own text files")
    task = labelled(folder / "images", rows, ClassText.ASIS, observation=_photographer_of(folder), species=species_of)
    return replace(task, note=differs(task, images=48_562, classes=555))


def species_of(category: str) -> str:
    """The species of a category, without what stands of its plumage in brackets.

    >>> species_of("Blue-winged Teal  (Female/juvenile)")
    'Blue-winged Teal'
    """
    return category.partition("(")[0].strip()


def _own_rows(folder: Path) -> list[dict[str, str]]:
    images, labels, names = (_pairs(folder / name) for name in OWN_FILES)
    unknown = next((image for image in images if labels.get(image) not in names), None)
    if unknown is not None:
        raise BadFile(f"{folder / OWN_FILES[1]} gives image {unknown} no class that {OWN_FILES[2]} names")
    require_below(folder / OWN_FILES[0], images.values())
    return [{"filepath": path, "class": names[labels[image]]} for image, path in images.items()]


def _photographer_of(folder: Path) -> Callable[[Row], str] | None:
    """The photographer and category of a row; an image's id is its file name, dashes taken out."""
    path = folder / "photographers.txt"
    if not path.is_file():
        return None
    names = {image.replace("-", ""): name for image, name in _pairs(path).items()}

    def observation(row: Row) -> str:
        name = names.get(Path(row["filepath"]).stem, "")
        return f"{name}: {row['class']}" if name else ""

    return observation


def _pairs(path: Path) -> dict[str, str]:
    """A line's first word, and the rest of the line."""
    words = (line.partition(" ") for line in read_lines(path))
    return {first: rest.strip() for first, _, rest in words}


TASK = Task(about=ABOUT, read=read)
