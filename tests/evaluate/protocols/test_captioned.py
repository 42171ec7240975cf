"""Captions read by a lens that knows a few words: what it finds is known by construction."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from thuja.errors import EmptyInput, ThujaError
from thuja.evaluate.protocols.captioned import TO_IMAGE, TO_TEXT, WITHOUT_NAME, Captioned
from thuja.evaluate.task import BOTH, Images, Measure, View, Way

WORDS = ("red", "blue", "crest", "tail", "wing")
BIRDS = ("Red_Bird, crest.", "Red_Bird, tail.", "Blue_Bird, crest.", "Blue_Bird, tail.")


def see(*descriptions: str) -> np.ndarray:
    """An image shows what it is described by: a part of its vector for each word that is known."""
    return np.array(
        [[float(word in re.findall("[a-z_]+", text.lower())) for word in WORDS] for text in descriptions], np.float32
    )


def read(sentences: Sequence[str]) -> np.ndarray:
    vectors = see(*sentences)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1)


def task(captions: Sequence[str], pictures: Sequence[str] | None = None) -> Captioned:
    names = tuple(f"images/{row}.jpg" for row in range(len(captions)))
    images = Images(folder=Path("set"), paths=names)
    return Captioned(images=images, captions=tuple(captions), pictures=tuple(pictures or names))


def scores(opened: Captioned, view: View) -> dict[tuple[str, str], list[float]]:
    """R@1, R@5, R@10 by way and part."""
    found: dict[tuple[str, str], list[float]] = {}
    for measure in opened.measure(view, BOTH).measures:
        found.setdefault((measure.way.value, measure.part), []).append(round(measure.value, 6))
    return found


def measures(opened: Captioned, view: View, way: Way) -> dict[tuple[str, str], Measure]:
    return {(measure.part, measure.name): measure for measure in opened.measure(view, [way]).measures}


def test_the_missing_space_hides_the_name_from_the_public_way() -> None:
    """ "ofRed_Bird" is no word: two captions are one to the lens, and the later of equals stands first."""
    found = scores(task(BIRDS), View(vectors=see("red crest", "red tail", "blue crest", "blue tail"), texts=read))
    assert found == {
        ("public", TO_TEXT): [0.5, 1, 1],
        ("public", TO_IMAGE): [0.5, 1, 1],
        ("corrected", TO_TEXT): [1, 1, 1],
        ("corrected", TO_IMAGE): [1, 1, 1],
        ("corrected", TO_TEXT + WITHOUT_NAME): [1, 1, 1],
        ("corrected", TO_IMAGE + WITHOUT_NAME): [1, 1, 1],
    }


def test_a_lens_that_knows_the_species_alone_gets_what_the_note_says_and_chance_without_the_name() -> None:
    opened = task(["Red_Bird, one.", "Red_Bird, two.", "Blue_Bird, three.", "Blue_Bird, four."])
    found = measures(opened, View(vectors=see("red", "red", "blue", "blue"), texts=read), Way.CORRECTED)
    for part in (TO_TEXT, TO_IMAGE):
        assert found[part, "R@1"].value == 0.5
        assert found[part, "R@1"].note.startswith("chance 0.2500; knowing the species alone 0.500")
        assert found[part + WITHOUT_NAME, "R@1"].value == 0.25
        assert found[part + WITHOUT_NAME, "R@5"].value == 1


def test_a_caption_that_stands_twice_is_wrong_to_the_public_way_and_right_to_the_corrected() -> None:
    captions = ["Red_Bird, wing.", "Red_Bird, wing.", "Blue_Bird, tail."]
    view = View(vectors=see("wing", "wing", "tail"), texts=read)
    found = scores(task(captions), view)
    assert found["public", TO_TEXT] == found["public", TO_IMAGE] == [round(2 / 3, 6), 1, 1]
    assert found["corrected", TO_TEXT] == found["corrected", TO_IMAGE] == [1, 1, 1]
    asked = measures(task(captions), view, Way.CORRECTED)
    assert asked[TO_TEXT, "R@1"].units == 3
    assert asked[TO_IMAGE, "R@1"].units == 2


def test_an_image_that_stands_twice_is_one_with_two_right_captions() -> None:
    opened = task(["Red_Bird, crest.", "Red_Bird, tail.", "Blue_Bird, wing."], ["same", "same", "other"])
    view = View(vectors=see("crest", "crest", "wing"), texts=read)
    assert scores(opened, view)["public", TO_TEXT] == [round(2 / 3, 6), 1, 1]
    found = measures(opened, view, Way.CORRECTED)
    assert found[TO_TEXT, "R@1"].value == 1
    assert found[TO_TEXT, "R@1"].units == 2
    # Of three captions, chance has one of two right ones for the first image and one for the second.
    assert found[TO_TEXT, "R@1"].note.startswith("chance 0.5000; knowing the species alone 1.000")


def test_a_lens_that_sees_nothing_scores_chance() -> None:
    opened = task([*BIRDS, "Blue_Bird, wing."])
    same = np.eye(5, dtype=np.float32)[[0] * 5]
    view = View(vectors=same, texts=lambda sentences: same[: len(sentences)])
    for measure in opened.measure(view, [Way.CORRECTED]).measures:
        chance = float(measure.note.split(";")[0].removeprefix("chance "))
        assert measure.value == pytest.approx(chance, abs=1e-4)
    public = scores(opened, view)["public", TO_TEXT]
    assert public == [0.2, 1, 1]


def test_the_corrected_way_sees_by_the_caption_head_and_says_where_there_is_none() -> None:
    vectors = see("red crest", "red tail", "blue crest", "blue tail")
    blind = np.ones_like(vectors)
    both = View(vectors=blind, texts=read, heads={"caption": View(vectors=vectors, texts=read)})
    found = measures(task(BIRDS), both, Way.CORRECTED)[TO_TEXT, "R@1"]
    assert found.value == 1
    assert "head" not in found.note
    assert measures(task(BIRDS), both, Way.CORRECTED)[TO_TEXT + WITHOUT_NAME, "R@1"].value == 1
    assert scores(task(BIRDS), both)["public", TO_TEXT][0] == 0.25
    assert (
        "no caption head"
        in measures(task(BIRDS), View(vectors=vectors, texts=read), Way.CORRECTED)[TO_TEXT, "R@1"].note
    )


def test_the_public_way_is_the_public_script() -> None:
    generator = np.random.default_rng(0)
    table = generator.standard_normal((40, 8)).astype(np.float32)
    images = table + generator.standard_normal((40, 8)).astype(np.float32)
    opened = task([f"Bird_{row % 7}, caption {row}." for row in range(40)])

    def texts(sentences: Sequence[str]) -> np.ndarray:
        rows = [int(re.fullmatch(r"a photo ofBird_\d, caption (\d+)\.", sentence)[1]) for sentence in sentences]
        return table[rows] / np.linalg.norm(table[rows], axis=1, keepdims=True)

    units = images / np.linalg.norm(images, axis=1, keepdims=True)
    similarity = units @ (table / np.linalg.norm(table, axis=1, keepdims=True)).T
    found = measures(opened, View(vectors=images, texts=texts), Way.PUBLIC)
    for part, matrix in ((TO_TEXT, similarity), (TO_IMAGE, similarity.T)):
        for k in (1, 5, 10):
            right = [row in matrix[row].argsort()[-k:] for row in range(40)]
            assert found[part, f"R@{k}"].value == pytest.approx(np.mean(right))
            assert found[part, f"R@{k}"].clusters == 7


def test_intervals_are_over_species() -> None:
    """One species right and one wrong: a draw of two species gives 0, 1/2 or 1, however many photos they have."""
    captions = [f"Red_Bird, crest {row}." for row in range(30)] + [f"Blue_Bird, x{row}." for row in range(30)]

    def texts(sentences: Sequence[str]) -> np.ndarray:
        vectors = np.zeros((len(sentences), 61), np.float32)
        for row, sentence in enumerate(sentences):
            number = re.search(r"crest (\d+)", sentence)
            vectors[row, int(number[1]) if number else 60] = 1
        return vectors

    images = np.concatenate([np.eye(61)[:30], -np.eye(61)[[60] * 30]]).astype(np.float32)
    found = measures(task(captions), View(vectors=images, texts=texts), Way.PUBLIC)[TO_TEXT, "R@10"]
    assert (found.value, found.low, found.high, found.clusters) == (0.5, 0, 1, 2)


def test_every_answer_is_kept() -> None:
    view = View(vectors=see("red crest", "red crest", "blue crest", "blue tail"), texts=read)
    answers = task(BIRDS).measure(view, [Way.CORRECTED]).answers.to_pylist()
    to_text = [row for row in answers if row["part"] == TO_TEXT]
    assert [row["path"] for row in to_text] == [f"images/{row}.jpg" for row in range(4)]
    assert to_text[0]["truth"] == to_text[0]["answer"] == "Red Bird, crest."
    assert (to_text[1]["truth"], to_text[1]["answer"]) == ("Red Bird, tail.", "Red Bird, crest.")
    assert to_text[1]["score"] == pytest.approx(1)
    to_image = [row for row in answers if row["part"] == TO_IMAGE]
    assert (to_image[3]["query"], to_image[3]["path"]) == ("Blue Bird, tail.", "images/3.jpg")
    # Without the name "crest." has three images that show it, two of them its own.
    nameless = [row for row in answers if row["part"] == TO_IMAGE + WITHOUT_NAME]
    assert [row["query"] for row in nameless] == ["crest.", "tail."]


def test_selected_rows_are_measured_alone() -> None:
    vectors = see("red crest", "wing", "blue crest", "blue tail")
    kept = task(BIRDS).select([0, 3])
    assert kept.images.paths == ("images/0.jpg", "images/3.jpg")
    assert scores(kept, View(vectors=vectors[[0, 3]], texts=read))["public", TO_TEXT] == [1, 1, 1]


def test_the_same_seed_gives_the_same_intervals_whatever_the_ways() -> None:
    view = View(vectors=see("red crest", "tail", "crest", "blue tail"), texts=read)
    assert measures(task(BIRDS), view, Way.CORRECTED) == {
        (measure.part, measure.name): measure
        for measure in task(BIRDS).measure(view, BOTH).measures
        if measure.way == Way.CORRECTED
    }


def test_what_cannot_be_scored_is_refused() -> None:
    with pytest.raises(EmptyInput, match="no image"):
        task([]).measure(View(vectors=np.ones((0, 5), np.float32), texts=read), BOTH)
    with pytest.raises(ThujaError, match="expected 4 image vectors, got 3"):
        task(BIRDS).measure(View(vectors=np.ones((3, 5), np.float32), texts=read), BOTH)
    other = View(vectors=np.ones((3, 5), np.float32))
    with pytest.raises(ThujaError, match="head caption has 3 image vectors, the first 4"):
        View(vectors=np.ones((4, 5), np.float32), heads={"caption": other})
    with pytest.raises(ThujaError, match="as many captions"):
        Captioned(images=Images(folder=Path(), paths=("a",)), captions=(), pictures=("a",))


def test_one_row_and_a_name_alone_are_measured() -> None:
    """A caption that is a name and no more has nothing to ask without it."""
    found = scores(task(["Red_Bird,"]), View(vectors=see("red"), texts=read))
    assert found == {(way.value, part): [1, 1, 1] for way in BOTH for part in (TO_TEXT, TO_IMAGE)}
