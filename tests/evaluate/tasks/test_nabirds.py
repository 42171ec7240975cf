"""NABirds in both of its layouts, and its table in the papers."""

from pathlib import Path

import numpy as np
import pytest
from tests.evaluate.tasks.minis import found, from_table, value, view_of, write_images, write_table

from thuja.errors import BadFile
from thuja.evaluate.task import BOTH, Way
from thuja.evaluate.tasks import nabirds

BIRDS = ("Oak Titmouse", "Blue-winged Teal  (Female/juvenile)", "Blue-winged Teal  (Male)")


def birds(folder: Path, *, own_files: bool) -> None:
    """Four images: two of a titmouse, one each of a teal's two plumages."""
    ids = [f"0000000{n}-aaaa-bbbb-cccc-0123456789ab" for n in range(4)]
    paths = [f"{700 + label:04}/{name.replace('-', '')}.jpg" for name, label in zip(ids, (0, 0, 1, 2), strict=True)]
    write_images(folder / "images", paths)
    labels = (0, 0, 1, 2)
    if own_files:
        lines = {
            "images.txt": [f"{name} {path}" for name, path in zip(ids, paths, strict=True)],
            "image_class_labels.txt": [f"{name} {700 + label}" for name, label in zip(ids, labels, strict=True)],
            "classes.txt": [f"{700 + label} {name}" for label, name in enumerate(BIRDS)],
        }
        for name, text in lines.items():
            (folder / name).write_text("\n".join(text) + "\n")
    else:
        rows = [
            {"": n, "filepath": path, "class": BIRDS[label]}
            for n, (path, label) in enumerate(zip(paths, labels, strict=True))
        ]
        write_table(folder / "metadata.csv", rows)
    (folder / "photographers.txt").write_text("".join(f"{name} Jo B. Doe\n" for name in ids[:3]))


@pytest.mark.parametrize("own_files", [False, True])
def test_nabirds_from_either_table_has_its_categories_species_and_photographers(tmp_path, own_files) -> None:
    birds(tmp_path, own_files=own_files)
    task = nabirds.read(tmp_path)
    assert task.images.missing() == []
    assert task.classes.texts == BIRDS
    assert task.classes.species == ("Oak Titmouse", "Blue-winged Teal", "Blue-winged Teal")
    assert task.observations == (
        "Jo B. Doe: Oak Titmouse", "Jo B. Doe: Oak Titmouse", "Jo B. Doe: Blue-winged Teal  (Female/juvenile)", "",
    )  # fmt: skip
    outcome = task.measure(view_of(task, [0, 0, 1, 1]), BOTH)  # the male is taken for the female
    assert value(outcome, "top-1") == 0.75
    assert value(outcome, "macro top-1", way=Way.CORRECTED) == pytest.approx(2 / 3)
    assert value(outcome, "top-1", "species", Way.CORRECTED) == 1
    assert "4 images of 3 classes, the papers score 48,562 of 555" in found(outcome, "top-1").note


def test_nabirds_labels_that_name_no_class_are_told(tmp_path) -> None:
    birds(tmp_path, own_files=True)
    (tmp_path / "classes.txt").write_text("700 Oak Titmouse\n")
    with pytest.raises(BadFile, match=r"no class that classes\.txt names"):
        nabirds.read(tmp_path)


def test_images_that_are_not_there_are_listed(tmp_path) -> None:
    birds(tmp_path, own_files=False)
    gone = nabirds.read(tmp_path).images.paths[2]
    (tmp_path / "images" / gone).unlink()
    assert nabirds.read(tmp_path).images.missing() == [gone]


@pytest.mark.shared
def test_the_table_of_nabirds_has_555_categories_of_404_species(shared, tmp_path) -> None:
    task = from_table(nabirds.TASK, shared, tmp_path, "nabirds")
    assert (len(task.images), len(task.classes), task.note) == (48_562, 555, "")
    assert len(set(task.classes.species)) == 404
    categories = list(task.classes.species)
    assert sum(categories.count(name) > 1 for name in set(categories)) == 137
    assert np.bincount(task.truth).min() == 13
    assert sum("  " in text for text in task.classes.texts) == sum("  (" in text for text in task.classes.texts) > 0
    assert len(task.classes.merged()[0]) == 555
