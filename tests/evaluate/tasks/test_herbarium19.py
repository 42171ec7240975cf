"""Herbarium19's layout: folders of categories, ids that repeat, and the split of classes as the GCD code pickles it."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from tests.evaluate.tasks.painting import look, paint

from thuja.errors import BadFile
from thuja.evaluate.task import BOTH, Way
from thuja.evaluate.tasks.herbarium19 import ABOUT, SPLITS, TASK

CLASSES, EACH = 12, 10
NAMES = sorted(str(number) for number in range(CLASSES))  # "0", "1", "10", "11", "2", ...
OLD = [0, 2, 3, 5, 8, 9]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Every class has a colour of its own; the last image of the last new class looks as class 0 does."""
    for place, name in enumerate(NAMES):
        for number in range(EACH):
            shown = 0 if (place, number) == (CLASSES - 1, EACH - 1) else place
            cells = np.full(CLASSES, 0.5) + 0.5 * (np.arange(CLASSES) == shown)
            paint(tmp_path / "small-train" / name / f"{number:05d}.jpg", cells)
    write_split(tmp_path, OLD)
    return tmp_path


def write_split(folder: Path, old: list[int]) -> None:
    new = [place for place in range(CLASSES) if place not in old]
    (folder / SPLITS).write_bytes(pickle.dumps({"Old": old, "New": new}))


def test_categories_are_sorted_by_name_and_four_in_five_of_the_old_are_labelled(folder: Path) -> None:
    opened = TASK.read(folder)
    assert opened.classes[:4] == ("0", "1", "10", "11")
    assert opened.images.paths[EACH] == "small-train/1/00000.jpg"
    assert opened.images.missing() == []
    assert opened.is_labelled.sum() == 48  # four in five of 60
    assert set(opened.truth[opened.is_labelled]) <= set(OLD)
    # what np.random.seed(0); np.random.choice(range(60), replace=False, size=48) draws
    state = np.random.RandomState(0)
    drawn = np.sort(state.choice(range(60), replace=False, size=48))
    np.testing.assert_array_equal(np.flatnonzero(opened.is_labelled[opened.is_old[opened.truth]]), drawn)


def test_sheets_that_look_as_their_class_are_found_and_the_one_that_does_not_is_wrong(folder: Path) -> None:
    opened = TASK.read(folder)
    unlabelled = len(opened.images) - int(opened.is_labelled.sum())
    found = {(one.name, one.way, one.part): one.value for one in opened.measure(look(opened.images), BOTH).measures}
    for way in BOTH:
        assert found[ABOUT.measure, way, ""] == pytest.approx((unlabelled - 1) / unlabelled)
        assert found[ABOUT.measure, way, "old"] == 1
    assert found["macro accuracy", Way.CORRECTED, "new"] == pytest.approx((5 + 0.9) / 6)


@pytest.mark.parametrize("kind", [np.array, list, lambda some: [np.int64(one) for one in some]])
def test_the_split_may_hold_lists_or_arrays(folder: Path, kind) -> None:
    expected = TASK.read(folder).is_old
    new = [place for place in range(CLASSES) if place not in OLD]
    (folder / SPLITS).write_bytes(pickle.dumps({"Old": kind(OLD), "New": kind(new)}, protocol=3))
    np.testing.assert_array_equal(TASK.read(folder).is_old, expected)


class Harmful:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_a_pickle_that_would_run_something_is_refused(folder: Path) -> None:
    trace = folder / "was here"
    (folder / SPLITS).write_bytes(pickle.dumps({"Old": Harmful(trace), "New": []}))
    with pytest.raises(BadFile, match="it asks for"):
        TASK.read(folder)
    assert not trace.exists()


@pytest.mark.parametrize(
    "content", [b"", b"not a pickle", pickle.dumps([1]), pickle.dumps({"Old": [[1], 2], "New": 3})]
)
def test_a_split_that_is_none_is_told(folder: Path, content: bytes) -> None:
    (folder / SPLITS).write_bytes(content)
    with pytest.raises(BadFile, match="two lists, Old and New"):
        TASK.read(folder)


@pytest.mark.parametrize("length", [10**12, 10**30])
def test_a_split_that_would_fill_memory_is_refused(folder: Path, length: int) -> None:
    """Thirty bytes of pickle hold a range, and a list of it took all the memory there was."""
    (folder / SPLITS).write_bytes(pickle.dumps({"Old": range(length), "New": []}))
    with pytest.raises(BadFile, match="two lists, Old and New"):
        TASK.read(folder)


def test_another_layout_is_told(folder: Path) -> None:
    write_split(folder, [*OLD, 99])
    with pytest.raises(BadFile, match="each of 12 categories once"):
        TASK.read(folder)
    (folder / "small-train" / "empty").mkdir()
    with pytest.raises(BadFile, match="no image for empty"):
        TASK.read(folder)
    (folder / SPLITS).unlink()
    with pytest.raises(BadFile, match="no herbarium_19") as raised:
        TASK.read(folder)
    assert "small-train/<category>/<id>.jpg" in raised.value.hint
