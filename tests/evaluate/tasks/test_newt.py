"""NeWT's layout: one table of all tasks, images by id, groups with and without a second level."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from tests.evaluate.tasks.painting import look, paint

from thuja.errors import BadFile, EmptyInput
from thuja.evaluate.task import BOTH, Way
from thuja.evaluate.tasks.newt import ABOUT, TASK

COLUMNS = ("id", "task_cluster", "task_subcluster", "task", "label", "text_label", "split", "height", "width")
TASKS = {  # group, second group, images to ask, of which so many lie
    "ml_age_coopers_hawk": ("appearance", "age", 8, 2),
    "ml_bio_raptor_utility_pole": ("context", "", 24, 0),
}


def write_table(folder: Path, rows: list[dict[str, object]]) -> None:
    with (folder / "newt2021_labels.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows: list[dict[str, object]] = []
    for name, (group, second, asked, lies) in TASKS.items():
        for number in range(20 + asked):
            label = number % 2
            is_lie = number >= 20 + asked - lies
            shown = [0.1, 0.9] if bool(label) != is_lie else [0.9, 0.1]
            paint(tmp_path / "newt2021_images" / f"{name}-{number}.jpg", [*shown, 0.4 + 0.01 * (number % 7)])
            words = dict.fromkeys(COLUMNS, "") | {
                "id": f"{name}-{number}",
                "task_cluster": group,
                "task_subcluster": second,
                "task": name,
                "label": label,
                "text_label": "adult" if label else "not_adult",
                "split": "train" if number < 20 else "test",
            }
            rows.append(words)
    write_table(tmp_path, rows)
    return tmp_path


def test_accuracy_is_over_answers_publicly_and_over_tasks_beside_it(folder: Path) -> None:
    opened = replace(TASK.read(folder), iterations=5, runs=2)
    assert opened.images.missing() == []
    assert [(task.name, task.group, len(task.taught), len(task.asked)) for task in opened.tasks] == [
        ("ml_age_coopers_hawk", "appearance/age", 20, 8),
        ("ml_bio_raptor_utility_pole", "context", 20, 24),
    ]
    outcome = opened.measure(look(opened.images), BOTH)
    found = {(one.name, one.way, one.part): one.value for one in outcome.measures}
    for way in BOTH:
        assert found[ABOUT.measure, way, ""] == pytest.approx(30 / 32)
        assert found["mean of tasks", way, ""] == pytest.approx((6 / 8 + 1) / 2)
        assert found["accuracy", way, "majority"] == 0.5
    assert found["mean of tasks", Way.CORRECTED, "appearance/age"] == pytest.approx(6 / 8)
    wrong = {row["path"] for row in outcome.answers.to_pylist() if row["truth"] != row["answer"]}
    assert wrong == {f"newt2021_images/ml_age_coopers_hawk-{number}.jpg" for number in (26, 27)}


def test_another_layout_another_label_and_no_task_are_told(folder: Path) -> None:
    row = dict.fromkeys(COLUMNS, "") | {"id": "x", "task": "t", "label": "2", "split": "train"}
    write_table(folder, [row])
    with pytest.raises(BadFile, match=r'image x.*got "2" and "train"'):
        TASK.read(folder)
    write_table(folder, [row | {"label": "1"}])
    with pytest.raises(EmptyInput):
        TASK.read(folder)
    (folder / "newt2021_labels.csv").write_text("id,task\n", encoding="utf-8")
    with pytest.raises(BadFile, match="no column task_cluster") as raised:
        TASK.read(folder)
    assert "newt2021_images/<id>.jpg" in raised.value.hint
