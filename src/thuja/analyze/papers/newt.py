"""NeWT, Natural World Tasks (Van Horn et al., arXiv:2103.16483): birds by age, and animals by sex where a task asks it.

Had from https://github.com/visipedia/newt. A task is about one species, which its name says in English
(`ml_age_coopers_hawk`), and its two labels are what varies within it. The tasks of age are the sub-cluster `age`. The
released table has no sub-cluster of sex (its README counts attribute, age, species and health): a task counts as one of
sex where its two labels are a female and a male, so of the public file the sex figure may stay without an answer.
"""

import re
from collections import defaultdict
from pathlib import Path

from thuja.analyze.papers.csv_files import read_csv
from thuja.analyze.papers.lineages import BIRDS, unnamed
from thuja.analyze.papers.listed import Listed
from thuja.errors import BadFile, UsageError
from thuja.record import Value
from thuja.taxonomy import Taxon

STAGE, SEX = "life_stage", "sex"
TABLE, FOLDER = "newt2021_labels.csv", "newt2021_images"
_COLUMNS = ("id", "task_subcluster", "task", "label", "text_label")
LAYOUT = f"{TABLE} with the columns {', '.join(_COLUMNS)}\n{FOLDER}/<id>.jpg"
_PREFIX = re.compile(r"^(ml|inat|inat_non_species|nabirds)_(age|sex)_|^(inat_non_species|ml|nabirds)_")
_SEXED = re.compile(r"(?:^|_| )(female|male)(?:$|_| )")


def read_newt(folder: Path, table: Path | None = None) -> Listed:
    """The images of tasks of age and sex; raises BadFile for another layout, or where no task is either."""
    if table is not None:
        raise UsageError("NeWT is read from its own table", hint=f"put it at {folder / TABLE}")
    rows = read_csv(folder / TABLE, _COLUMNS, layout=LAYOUT)
    labels: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        labels[row["task"]].add(row["text_label"].strip().lower())
    factor = {row["task"]: _factor(row, labels[row["task"]]) for row in rows}
    kept = [row for row in rows if factor[row["task"]]]
    if not kept:
        raise BadFile(f"{folder / TABLE} has no task of age, nor one of female and male", hint=LAYOUT)
    taxa = {task: _taxon(task) for task in {row["task"] for row in kept}}
    notes = []
    strangers = sorted(taxon.species for taxon in taxa.values() if taxon.kingdom == "")
    if strangers:
        notes.append(f"Of {', '.join(strangers)} no lineage is known here: each stands as a species of its own.")
    if SEX not in factor.values():
        notes.append("No task of this table has a female and a male for its labels, so sex is not asked.")
    columns: dict[str, list[Value | None]] = {
        name: [_value(row, name) if factor[row["task"]] == name else None for row in kept] for name in (STAGE, SEX)
    }
    return Listed(
        folder=folder,
        paths=[f"{FOLDER}/{row['id'].strip()}.jpg" for row in kept],
        taxa=[taxa[row["task"]] for row in kept],
        columns={name: column for name, column in columns.items() if any(column)},
        ids=[row["id"].strip() for row in kept],
        notes=notes,
        tables=[folder / TABLE],
    )


def _factor(row: dict[str, str], labels: set[str]) -> str:
    if row["task_subcluster"].strip().lower() == "age":
        return STAGE
    sexes = {found[1] for label in labels if (found := _SEXED.search(label))}
    return SEX if sexes == {"female", "male"} else ""


def _value(row: dict[str, str], factor: str) -> str:
    label = row["text_label"].strip().lower()
    if factor == SEX:
        found = _SEXED.search(label)
        return found[1] if found else label
    return label.replace("_", " ")


def _taxon(task: str) -> Taxon:
    """The species that a task's name says in English."""
    words = _PREFIX.sub("", task)
    return BIRDS.get(words, unnamed(words.replace("_", " ")))
