"""AwA2's layout as in its archive: numbered names, a matrix of zeros and ones, lists of classes, folders of images."""

from pathlib import Path

import numpy as np
import pytest
from tests.evaluate.tasks.painting import look, paint, solve

from thuja.errors import BadFile
from thuja.evaluate.protocols.attributes import with_fit
from thuja.evaluate.task import BOTH, Way
from thuja.evaluate.tasks.awa2 import ABOUT, TASK

ATTRIBUTES = ("black", "white", "furry", "swims")
ANIMALS = {
    "antelope": (0, 1, 1, 0),
    "grizzly+bear": (1, 0, 1, 0),
    "killer+whale": (1, 1, 0, 1),
    "beaver": (0, 0, 1, 1),
    "mole": (1, 0, 1, 0),
    "seal": (1, 1, 1, 1),
    "blue+whale": (0, 0, 0, 1),
}
TRAIN, TEST = tuple(ANIMALS)[:5], tuple(ANIMALS)[5:]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of the four seals one swims not and is not furry, in its image alone."""
    for name, words in (("classes.txt", ANIMALS), ("predicates.txt", ATTRIBUTES)):
        lines = [f"{number:8d}\t{word}\n" for number, word in enumerate(words, start=1)]
        (tmp_path / name).write_text("".join(lines), encoding="utf-8")
    matrix = "".join(" ".join(map(str, labels)) + "\n" for labels in ANIMALS.values())
    (tmp_path / "predicate-matrix-binary.txt").write_text(matrix, encoding="utf-8")
    (tmp_path / "trainclasses.txt").write_text("\n".join(TRAIN) + "\n", encoding="utf-8")
    (tmp_path / "testclasses.txt").write_text("\n".join(TEST) + "\n", encoding="utf-8")
    for animal, labels in ANIMALS.items():
        for number in range(4):
            shown = (1, 1, 0, 0) if (animal, number) == ("seal", 3) else labels
            paint(tmp_path / "JPEGImages" / animal / f"{animal}_{10001 + number}.jpg", shown)
    return tmp_path


def test_images_and_labels_come_by_class(folder: Path) -> None:
    opened = TASK.read(folder)
    assert len(opened.images) == 28
    assert opened.images.paths[0] == "JPEGImages/antelope/antelope_10001.jpg"
    assert opened.labels == ATTRIBUTES
    assert opened.truth[0].tolist() == [False, True, True, False]
    assert opened.groups[-1] == "blue+whale"
    assert opened.is_taught.tolist() == [True] * 20 + [False] * 8


def test_the_published_figure_misses_what_happens_after_the_second_attribute(folder: Path) -> None:
    opened = with_fit(TASK.read(folder), solve)
    found = {(one.name, one.way, one.part): one for one in opened.measure(look(opened.images), BOTH).measures}
    # black and white are all right; furry: three of four said; swims: seven of eight said
    assert found[ABOUT.measure, Way.PUBLIC, ""].value == 1
    assert "black and white" in found[ABOUT.measure, Way.PUBLIC, ""].note
    expected = np.mean([1, 1, 2 * 3 / 7, 2 * 7 / 15])
    assert found[ABOUT.measure, Way.PUBLIC, "all labels"].value == pytest.approx(expected)
    assert found[ABOUT.measure, Way.CORRECTED, ""].value == pytest.approx(expected)
    assert found[ABOUT.measure, Way.CORRECTED, ""].clusters == 2
    assert found["exact match", Way.CORRECTED, ""].value == 7 / 8
    assert not any(part.startswith("groups") for _, _, part in found)


def test_names_without_numbers_are_read_too(folder: Path) -> None:
    numbered = TASK.read(folder)
    (folder / "classes.txt").write_text("\n".join(ANIMALS), encoding="utf-8")
    np.testing.assert_array_equal(TASK.read(folder).truth, numbered.truth)


def test_files_that_do_not_fit_each_other_are_told(folder: Path) -> None:
    (folder / "testclasses.txt").write_text("unicorn\n", encoding="utf-8")
    with pytest.raises(BadFile, match="unicorn"):
        TASK.read(folder)
    (folder / "predicate-matrix-binary.txt").write_text("0 1\n", encoding="utf-8")
    with pytest.raises(BadFile, match="4 attributes of 7 classes"):
        TASK.read(folder)
    (folder / "predicates.txt").unlink()
    with pytest.raises(BadFile, match=r"no predicates\.txt") as raised:
        TASK.read(folder)
    assert "JPEGImages/<class>/<image>" in raised.value.hint
