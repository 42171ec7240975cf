"""The label tables of the BioCLIP papers' scripts (`metadata.csv`), read as those scripts read them.

Columns: a row number, `filepath`, `class`; or in place of `class` the taxon, in `kingdom, phylum, cls, order, family,
genus, species, common_name`, of which the script makes the class by a text type. Classes are numbered as they appear.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import numpy as np

from thuja.errors import BadFile
from thuja.evaluate.csv_tables import require_below
from thuja.evaluate.protocols.classes import Classes
from thuja.evaluate.protocols.labelled import Labelled
from thuja.evaluate.task import Images
from thuja.taxonomy import Taxon, common_ancestor

Row = Mapping[str, str]
RANK_COLUMNS = ("kingdom", "phylum", "cls", "order", "family", "genus", "species")


class ClassText(StrEnum):
    """What stands in a prompt for a class, by the names that the public code gives these text types."""

    ASIS = "asis"
    SCI = "sci"
    TAXON = "taxon"
    COM = "com"
    SCI_COM = "sci_com"
    TAXON_COM = "taxon_com"


def class_text(row: Row, kind: ClassText) -> str:
    """The class of a row as the public code writes it, blanks of missing ranks and all.

    A row without a genus has no scientific name, and the script's prompts then say "None".

    >>> goat = {"kingdom": "animalia", "genus": "capra", "species": "hircus", "common_name": "goat"}
    >>> class_text(goat, ClassText.SCI_COM)
    'Capra hircus with common name goat'
    """
    if kind is ClassText.ASIS:
        return row["class"]
    common = row.get("common_name", "")
    if kind is ClassText.COM:
        return common
    names = [row.get(rank, "").capitalize() for rank in RANK_COLUMNS[:-1]]
    species = row.get("species", "").lower()
    if kind in (ClassText.TAXON, ClassText.TAXON_COM):
        name = " ".join([*(names if names[0] else names[-1:]), species])
    elif species:
        name = f"{names[-1]} {species}"
    else:
        name = names[-1] or "None"
    with_common = common and kind in (ClassText.SCI_COM, ClassText.TAXON_COM)
    return f"{name} with common name {common}" if with_common else name


def row_taxon(row: Row) -> Taxon:
    """The taxon of a row, its names cased as names are; a `species` that repeats the genus is cut to the epithet."""
    names = [row.get(rank, "").strip().capitalize() for rank in RANK_COLUMNS[:-1]]
    epithet = row.get("species", "").strip().lower()
    genus, _, rest = epithet.partition(" ")
    if rest and genus == names[-1].lower():
        epithet = rest
    return Taxon.from_names([*names, epithet], row.get("common_name", ""))


def check_rows(path: Path, rows: Sequence[Row], *, may_lie_anywhere: bool = False) -> None:
    """Raise BadFile where a row has no file path or no class, or two have the same path.

    A path that leads out of the folder is refused too, unless images `may_lie_anywhere`, as one's own may.
    """
    if not may_lie_anywhere:
        require_below(path, (row["filepath"] for row in rows))
    for column, what in (("filepath", "file path"), ("class", "class")):
        blank = [number for number, row in enumerate(rows, start=2) if not row.get(column, "-").strip()]
        if blank:
            raise BadFile(f"row {blank[0]} of {path} has no {what}, and so have {len(blank) - 1} others")
    twice, count = Counter(row["filepath"] for row in rows).most_common(1)[0]
    if count > 1:
        raise BadFile(f'"{twice}" stands {count} times in {path}', hint="leave one row an image")


def labelled(
    folder: Path,
    rows: Sequence[Row],
    kind: ClassText,
    *,
    observation: Callable[[Row], str] | None = None,
    species: Callable[[str], str] | None = None,
    note: str = "",
) -> Labelled:
    """The task of these rows, whose file paths lie below `folder`.

    `observation` says what a row's image is one picture of, `species` what species a class is a part of. The taxon
    of a class is what its rows share, and its short name is shown where a text type made the class.
    """
    texts = [class_text(row, kind) for row in rows]
    place: dict[str, int] = {}
    truth = np.array([place.setdefault(text, len(place)) for text in texts], dtype=np.int64)
    words = tuple(place)
    taxa = _class_taxa(truth.tolist(), rows) if any(column in rows[0] for column in RANK_COLUMNS) else ()
    return Labelled(
        images=Images(folder=folder, paths=tuple(row["filepath"] for row in rows)),
        truth=truth,
        classes=Classes(
            names=words if kind is ClassText.ASIS else short_names(words, taxa),
            texts=words,
            taxa=taxa,
            species=tuple(map(species, words)) if species else (),
        ),
        observations=tuple(map(observation, rows)) if observation else (),
        note=note,
    )


def short_names(texts: Sequence[str], taxa: Sequence[Taxon]) -> tuple[str, ...]:
    """The scientific name of each class, with the common name where several share it, or else the text."""
    if not taxa:
        return tuple(texts)
    names = [taxon.scientific_name for taxon in taxa]
    for longer in ([f"{taxon.scientific_name} ({taxon.common})" for taxon in taxa], texts):
        often = Counter(names)
        names = [more if often[name] > 1 else name for name, more in zip(names, longer, strict=True)]
    return tuple(names)


def first_with(folders: Sequence[Path], path: str) -> Path:
    """The first of these folders that holds the file, or else the first of them."""
    return next((folder for folder in folders if (folder / path).is_file()), folders[0])


def differs(task: Labelled, *, images: int, classes: int) -> str:
    """A note where a table is not of the size that the papers scored; empty where it is."""
    if (len(task.images), len(task.classes)) == (images, classes):
        return ""
    return f"{len(task.images):,} images of {len(task.classes)} classes, the papers score {images:,} of {classes}"


def _class_taxa(labels: Sequence[int], rows: Sequence[Row]) -> tuple[Taxon, ...]:
    """The taxon of each class, in order of class; none where no row names any."""
    taxa: dict[int, Taxon] = {}
    seen: set[tuple[int, tuple[str, ...]]] = set()
    for label, row in zip(labels, rows, strict=True):
        cells = (label, tuple(row.get(column, "") for column in RANK_COLUMNS))
        if cells not in seen:
            seen.add(cells)
            taxon = row_taxon(row)
            taxa[label] = common_ancestor(taxa[label], taxon) if label in taxa and taxa[label] != taxon else taxon
    is_known = any(taxon.rank is not None for taxon in taxa.values())
    return tuple(taxa[label] for label in sorted(taxa)) if is_known else ()
