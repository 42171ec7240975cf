"""Your own images: a CSV table with an image and what it shows in each row.

Columns, in any order and case: the image's path as `file`, `path`, `filepath`, `image` or `filename` (below the
table's folder, or absolute); what it shows as `class`, `scientific_name`, `label` or the ranks `kingdom` to `species`;
and, where they are known, `common_name` and `observation_id` (images of one observation, burst or specimen have the
same).

A label that stands beside a `scientific_name` ("fish_01", say) tells the classes apart and is shown; the model is asked
by the scientific name, if each class has one of its own. Else it is asked by the label, and a note says so.

`class` is the taxonomic class where another rank stands beside it and no `cls`; else it is the label, as it stands. So
is a `species` without a `genus`. Ranks without a label are phrased by lineage and common name. Public and corrected
are the ways of the papers' own benchmarks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from thuja.errors import BadFile, UsageError
from thuja.evaluate.csv_tables import read_rows
from thuja.evaluate.label_table import RANK_COLUMNS, ClassText, Row, check_rows, labelled, row_taxon, short_names
from thuja.evaluate.protocols.labelled import Labelled
from thuja.evaluate.task import About, Task

FILE_COLUMNS = ("file", "path", "filepath", "image", "filename")
SCIENTIFIC = "scientific_name"
LABEL_COLUMNS = ("class", SCIENTIFIC, "label")
OBSERVATION_COLUMNS = ("observation_id", "sequence_id", "specimen_id")

ABOUT = About(
    name="own",
    title="Your images",
    where="your own table",
    licence="your own",
    layout="""
        a CSV table with a column file (or path; absolute, or below the table's folder)
        and a column class or scientific_name, or the ranks; observation_id where it is known
    """,
    column="",
    measure="top-1",
    public="all images among the table's classes, by scientific_name if there is one, 80 prompts; 1 and 5 shots by "
    "few_shot.py",
    corrected="classes weigh alike; intervals over classes; every rank that is known; few-shot by observation",
)


def read(table: Path) -> Labelled:
    """The task of a CSV table; raises UsageError or BadFile with what was expected and what was found."""
    if not table.is_file():
        found = "a folder" if table.is_dir() else "nothing"
        hint = f"expected {' '.join(ABOUT.layout.split())}"
        raise UsageError(f"{table} must be a CSV table, and {found} is there", hint=hint)
    rows = [_lower(row, table) for row in read_rows(table, ABOUT, (), delimiter=_delimiter(table))]
    columns = _Columns.of(rows[0])
    columns.require(table, rows[0])
    made = [columns.renamed(row) for row in rows]
    check_rows(table, made, may_lie_anywhere=True)
    observation = (lambda row: row["observation"]) if columns.observation else None
    task = labelled(table.parent, made, ClassText.ASIS, observation=observation)
    if columns.name:
        return _asked_by_name(task, [row[columns.name].strip() for row in rows])
    if columns.label:
        return task
    names = short_names(task.classes.texts, task.classes.taxa)
    return replace(task, classes=replace(task.classes, names=names))


def _asked_by_name(task: Labelled, names: Sequence[str]) -> Labelled:
    """The task whose classes keep their names, and are asked by the scientific name that is theirs alone."""
    told: dict[int, set[str]] = {}
    for label, name in zip(task.truth.tolist(), names, strict=True):
        told.setdefault(label, set()).add(name)
    own = [min(told[label]) for label in range(len(task.classes))]
    if not any(names):
        return task
    apart = {" ".join(name.split()).casefold() for name in own}  # as a tokenizer sees them
    if not all(own) or any(len(each) > 1 for each in told.values()) or len(apart) < len(own):
        return replace(task, note="asked by the label: not every class has a scientific_name of its own")
    return replace(task, classes=replace(task.classes, texts=tuple(own)), note="asked by scientific_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Where a table has what, the empty string where nowhere; `ranks` goes by the papers' names of the ranks.

    `name` is a column of scientific names beside another one that is the label.
    """

    file: str
    label: str
    name: str
    observation: str
    ranks: dict[str, str]

    @classmethod
    def of(cls, row: Row) -> Self:
        """The columns of a table with a row like this one."""
        ranks = {rank: rank for rank in RANK_COLUMNS if rank in row and (rank != "species" or "genus" in row)}
        is_rank = "cls" not in row and any(rank in row for rank in RANK_COLUMNS)
        if is_rank and "class" in row:
            ranks["cls"] = "class"
        labels = [name for name in (*LABEL_COLUMNS, "species") if name not in ranks.values()]
        label = _first(labels, row)
        return cls(
            file=_first(FILE_COLUMNS, row),
            label=label,
            name=SCIENTIFIC if label and label != SCIENTIFIC and SCIENTIFIC in row else "",
            observation=_first(OBSERVATION_COLUMNS, row),
            ranks=ranks,
        )

    def require(self, table: Path, header: Iterable[str]) -> None:
        """Raise BadFile where there is no image or nothing that it shows."""
        if self.file and (self.label or self.ranks):
            return
        what, names = (
            ("what an image shows", (*LABEL_COLUMNS, *RANK_COLUMNS)) if self.file else ("an image's path", FILE_COLUMNS)
        )
        raise BadFile(
            f"{table} has no column with {what}: found {', '.join(filter(None, header)) or 'no name'}",
            hint=f"expected one of {', '.join(names)}",
        )

    def renamed(self, row: Row) -> dict[str, str]:
        """The row under the names of the papers' tables, its class the label, or else its lineage and common name."""
        made = {"filepath": row[self.file].strip(), "common_name": row.get("common_name") or row.get("common", "")}
        made |= {rank: row[column].strip() for rank, column in self.ranks.items()}
        if self.observation:
            made["observation"] = row[self.observation].strip()
        if self.label:
            return {**made, "class": row[self.label].strip()}
        taxon = row_taxon(made)
        text = f"{taxon.taxonomic_name} with common name {taxon.common}" if taxon.common else taxon.taxonomic_name
        return {**made, "class": text if taxon.rank is not None else ""}


def _first(names: Iterable[str], there: Row) -> str:
    return next((name for name in names if name in there), "")


def _lower(row: Row, table: Path) -> dict[str, str]:
    """The row under its columns' names in small letters; raises BadFile where two of them are then the same."""
    lower = {name.strip().lower().replace(" ", "_"): value for name, value in row.items()}
    if len(lower) < len(row):
        raise BadFile(
            f"two columns of {table} have one name, but for case and blanks: {', '.join(row)}",
            hint="leave one of them out, or give it another name",
        )
    return lower


def _delimiter(table: Path) -> str:
    """What parts the header's cells: a comma, a semicolon (as spreadsheets of many countries write), or a tab."""
    with table.open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline()
    return max(",;\t", key=header.count)


TASK = Task(about=ABOUT, read=read)
