"""PlantDoc: one shot from one folder asked of another, as the public script numbers classes and by their names."""

from pathlib import Path

import numpy as np
import pytest
from tests.evaluate.tasks.minis import found, value, write_images

from thuja.errors import BadFile, EmptyInput
from thuja.evaluate.protocols.split_shots import SplitShots
from thuja.evaluate.task import BOTH, View, Way
from thuja.evaluate.tasks import plant_doc

MITES, GRAPE, ROT = "Tomato two spotted spider mites leaf", "grape leaf", "grape leaf black rot"


def leaves(folder: Path, *, mites_in_test: bool) -> SplitShots:
    """Three leaves of each class to train with, two to test with; the test may lack the mites, as the data set does."""
    paths = [f"train/{name}/{n}.jpg" for name in ("Apple leaf", MITES, GRAPE, ROT) for n in range(3)]
    paths += [f"test/{name}/{n}?w=2.JPG" for name in ("Apple leaf", GRAPE, ROT) for n in range(2)]
    paths += [f"test/{MITES}/{n}.jpg" for n in range(2)] if mites_in_test else []
    write_images(folder, [*paths, "train/Apple leaf/Thumbs.db"])
    return plant_doc.read(folder)


def sharp(task: SplitShots) -> View:
    """Each image looks like its class."""
    return View(vectors=np.eye(len(task.classes), dtype=np.float32)[task.truth])


def test_classes_that_come_after_one_that_the_test_lacks_are_taken_for_their_neighbours(tmp_path) -> None:
    """In ASCII order the lower-case grapes come after the mites: a perfect model is right on the apples alone."""
    task = leaves(tmp_path, mites_in_test=False)
    assert task.images.missing() == []
    assert (int(task.is_support.sum()), len(task.images)) == (12, 18)
    outcome = task.measure(sharp(task), BOTH)
    assert value(outcome, "accuracy") == pytest.approx(1 / 3)
    assert value(outcome, "accuracy", way=Way.CORRECTED) == 1
    assert value(outcome, "macro accuracy", way=Way.CORRECTED) == 1
    assert found(outcome, "accuracy").note == "1-shot, 4 candidates; 2 of 3 classes asked are taken for another"
    public = [row for row in outcome.answers.to_pylist() if row["way"] == "public" and row["fold"] == 0]
    assert [(row["path"], row["truth"], row["answer"]) for row in public[2:4]] == [
        (f"test/{GRAPE}/0?w=2.JPG", MITES, GRAPE),
        (f"test/{GRAPE}/1?w=2.JPG", MITES, GRAPE),
    ]


def test_with_all_classes_in_both_folders_the_two_ways_agree_on_a_sharp_model(tmp_path) -> None:
    task = leaves(tmp_path, mites_in_test=True)
    outcome = task.measure(sharp(task), BOTH)
    assert value(outcome, "accuracy") == value(outcome, "accuracy", way=Way.CORRECTED) == 1
    assert found(outcome, "accuracy").note == "1-shot, 4 candidates"
    assert found(outcome, "accuracy").units == 8


def test_a_class_that_gives_no_shots_cannot_be_answered_and_is_not_asked(tmp_path) -> None:
    leaves(tmp_path, mites_in_test=False)
    write_images(tmp_path, ["test/Aubergine leaf/1.jpg", "test/Aubergine leaf/2.jpg"])
    task = plant_doc.read(tmp_path)
    outcome = task.measure(sharp(task), BOTH)
    # Public: apple is right; aubergine is taken for the mites, and the grapes, third and fourth, for themselves.
    assert value(outcome, "accuracy") == pytest.approx(6 / 8)
    corrected = found(outcome, "accuracy", way=Way.CORRECTED)
    assert (corrected.value, corrected.units) == (1, 6)
    assert corrected.note == "1-shot, 4 candidates; 2 images of classes that give no shots are not asked"


def test_a_test_of_more_classes_than_training_has_wants_answers_that_nobody_gives(tmp_path) -> None:
    write_images(tmp_path, [f"train/{name}/1.jpg" for name in "bc"] + [f"test/{name}/1.jpg" for name in "abc"])
    task = plant_doc.read(tmp_path)
    # a is taken for b, b for c, and for c no class is left: where a looks like c and others like themselves, none
    # is right.
    looks = [1, 2, 2, 1, 2]
    outcome = task.measure(View(vectors=np.eye(3, dtype=np.float32)[looks]), [Way.PUBLIC])
    assert value(outcome, "accuracy") == 0


def test_the_public_draws_are_numpys_seeded_shuffle_of_each_class(tmp_path) -> None:
    """Scored by hand: the support that `np.random.seed(repeat)` and a shuffle of each class in order leave first."""
    task = leaves(tmp_path, mites_in_test=True)
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(len(task.images), 6)).astype(np.float32)
    accuracies = []
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for repeat in range(5):
        np.random.seed(repeat)  # noqa: NPY002
        support = []
        for label in range(4):
            rows = np.where(task.is_support & (task.truth == label))[0]
            np.random.shuffle(rows)  # noqa: NPY002
            support.append(rows[0])
        mean = units[support].mean(axis=0)
        moved = (units - mean) / np.linalg.norm(units - mean, axis=1, keepdims=True)
        asked = np.flatnonzero(~task.is_support)
        distance = np.linalg.norm(moved[asked][:, None] - moved[support], axis=2)
        accuracies.append((distance.argmin(axis=1) == task.truth[asked]).mean())
    measure = found(task.measure(View(vectors=vectors), BOTH), "accuracy")
    assert measure.value == pytest.approx(np.mean(accuracies), abs=1e-12)
    assert measure.spread == pytest.approx(np.std(accuracies), abs=1e-12)


def test_images_are_selected_with_their_split(tmp_path) -> None:
    task = leaves(tmp_path, mites_in_test=True)
    some = task.select([0, 3, 12])
    assert (some.truth.tolist(), some.is_support.tolist()) == ([0, 1, 0], [True, True, False])
    assert value(some.measure(sharp(some), [Way.CORRECTED]), "accuracy", way=Way.CORRECTED) == 1
    with pytest.raises(EmptyInput, match="no image to ask"):
        task.select([0, 3]).measure(View(vectors=np.eye(2, dtype=np.float32)), BOTH)


def test_a_folder_without_its_two_splits_is_told(tmp_path) -> None:
    write_images(tmp_path, ["train/a/1.jpg"])
    with pytest.raises(BadFile, match="no image in a class's folder below test"):
        plant_doc.read(tmp_path)


def test_the_corrected_way_draws_a_hundred_times_and_each_time_anew(tmp_path) -> None:
    task = leaves(tmp_path, mites_in_test=True)
    vectors = np.random.default_rng(0).normal(size=(len(task.images), 6)).astype(np.float32)
    outcome = task.measure(View(vectors=vectors), [Way.CORRECTED])
    assert set(outcome.answers["fold"].to_pylist()) == set(range(100))
    assert found(outcome, "accuracy", way=Way.CORRECTED).spread > 0.01
