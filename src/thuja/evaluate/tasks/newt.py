"""NeWT, Natural World Tasks: 164 questions of yes or no about photographs (Van Horn et al., arXiv:2103.16483).

Had: https://github.com/visipedia/newt: newt2021_images.tar.gz (4 GB) and newt2021_labels.csv.tar.gz. Ages, health,
look-alike species, behaviour, context, counts, photo quality. Licence: the repository is under MIT; of the photographs
(Macaulay Library, iNaturalist) none is stated.

Layout: newt2021_labels.csv (id, task_cluster, task_subcluster, task, label, text_label, split) and
newt2021_images/<id>.jpg. Each image belongs to one task.

Public code and what is corrected: see thuja.evaluate.protocols.binary. The public figure is the accuracy over all
answers together, so a task with many test images weighs more; the mean over tasks stands beside it.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np

from thuja.errors import BadFile, EmptyInput
from thuja.evaluate.csv_tables import read_rows, require_below
from thuja.evaluate.protocols.binary import MICRO, Binary, BinaryTasks
from thuja.evaluate.task import About, Images, Task, require_layout

TABLE, FOLDER = "newt2021_labels.csv", "newt2021_images"
_COLUMNS = ("id", "task_cluster", "task_subcluster", "task", "label", "text_label", "split")
_NOTHING = ("", "nan")

ABOUT = About(
    name="newt",
    title="NeWT",
    where="https://github.com/visipedia/newt: newt2021_images.tar.gz and newt2021_labels.csv.tar.gz",
    licence="the repository MIT; of the photographs not stated",
    layout=f"{TABLE} with the columns {', '.join(_COLUMNS)}\n{FOLDER}/<id>.jpg",
    column="NeWT",
    measure=MICRO,
    public="SVC by a random search of 100 candidates, centred before the folds, accuracy over all answers together",
    corrected="the same search with the centre inside shuffled folds; the mean over tasks, by group, balanced",
)


def read(folder: Path) -> BinaryTasks:
    """Read the table; raises BadFile for another layout or another label, EmptyInput for no task."""
    rows = _read_rows(folder)
    taught: dict[str, list[int]] = defaultdict(list)
    asked: dict[str, list[int]] = defaultdict(list)
    groups: dict[str, str] = {}
    for number, row in enumerate(rows):
        if row["label"] not in ("0", "1") or row["split"] not in ("train", "test"):
            raise BadFile(
                f"{folder / TABLE}, image {row['id']}: label is 0 or 1 and split train or test, "
                f'got "{row["label"]}" and "{row["split"]}"'
            )
        (taught if row["split"] == "train" else asked)[row["task"]].append(number)
        kinds = [row[name] for name in ("task_cluster", "task_subcluster") if row[name] not in _NOTHING]
        groups[row["task"]] = "/".join(kinds)
    tasks = tuple(
        Binary(name=name, group=group, taught=np.array(taught[name]), asked=np.array(asked[name]))
        for name, group in sorted(groups.items())
        if taught[name] and asked[name]
    )
    if not tasks:
        raise EmptyInput(f"{folder / TABLE} has no task with images both to learn from and to ask")
    return BinaryTasks(
        images=Images(folder=folder, paths=tuple(f"{FOLDER}/{row['id']}.jpg" for row in rows)),
        tasks=tasks,
        is_one=np.array([row["label"] == "1" for row in rows], dtype=bool),
        words=tuple(row["text_label"] or row["label"] for row in rows),
    )


def _read_rows(folder: Path) -> list[dict[str, str]]:
    for name in (TABLE, FOLDER):
        if not (folder / name).exists():
            raise require_layout(folder, ABOUT, found=f"it holds no {name}")
    rows = read_rows(folder / TABLE, ABOUT, _COLUMNS)
    require_below(folder / TABLE, (f"{FOLDER}/{row['id']}.jpg" for row in rows))
    return rows


TASK = Task(about=ABOUT, read=read)
