"""IDLE-OO camera traps: five sets, their mean, their sequences, and what is odd in their tables."""

from pathlib import Path

import numpy as np
import pytest
from tests.evaluate.tasks.minis import found, from_table, value, view_of, write_images, write_table

from thuja.errors import BadFile, ThujaError
from thuja.evaluate.csv_tables import read_rows
from thuja.evaluate.label_table import ClassText, class_text
from thuja.evaluate.task import BOTH, Way
from thuja.evaluate.tasks import camera_traps

RANKS = ("kingdom", "phylum", "cls", "order", "family", "genus", "species")


def trap_rows(name: str, animals, image_ids, sequences) -> list[dict[str, object]]:
    rows = []
    for n, ((names, common), image, sequence) in enumerate(zip(animals, image_ids, sequences, strict=True)):
        row = {"url_gcp": f"https://x/{n}", "image_id": image, "sequence_id": sequence, "location_id": "site : 1"}
        row |= {"common_name": common, **dict(zip(RANKS, names, strict=True))}
        rows.append({**row, "filepath": f"{name}/{n}.png"})
    return rows


CAT = (("animalia", "chordata", "mammalia", "carnivora", "felidae", "felis", "catus"), "cat")
RAT = (("animalia", "chordata", "mammalia", "rodentia", "muridae", "rattus", ""), "rat")


def traps(folder: Path, below: str = "data/test") -> None:
    for trap in camera_traps.SETS:
        animals, count = [CAT, CAT, RAT, RAT], 4
        ids = {
            "desert-lion": [f"Desert Lion : felis/Camera/PvL_seq_{n // 2}/{n}.JPG" for n in range(count)],
            "island": [f"I : isle_{'1409201371055' if n < 2 else '20180924_08493' + str(n)}_{n}" for n in range(count)],
        }.get(trap.name, [str(n) for n in range(count)])
        sequences = [f"{trap.name} : {'unknown' if trap.name == 'ENA24' or n == 3 else n // 2}" for n in range(count)]
        write_table(folder / f"{trap.name}-balanced.csv", trap_rows(trap.name, animals, ids, sequences))
        write_images(folder / below, [f"{trap.name}/{n}.png" for n in range(count)])


@pytest.mark.parametrize("below", ["data/test", "images"])
def test_camera_traps_are_each_scored_and_their_mean_is(tmp_path, below) -> None:
    traps(tmp_path, below)
    several = camera_traps.read(tmp_path)
    assert several.images.missing() == []
    looks = [0, 0, 1, 1] * 4 + [0, 1, 0, 0]  # three quarters wrong in the last set
    one = several.tasks["island"]
    outcome = several.measure(view_of(one, looks), BOTH)
    assert value(outcome, "top-1") == pytest.approx((4 + 0.25) / 5)
    assert value(outcome, "top-1", "orinoquia") == 0.25
    assert value(outcome, "top-1", "ENA24") == 1
    assert found(outcome, "top-1").note == "the mean over 5 sets"
    assert found(outcome, "top-1").units == 20
    assert found(outcome, "accuracy", "1-shot").part == "1-shot"
    assert set(outcome.answers["task"].to_pylist()) == {trap.name for trap in camera_traps.SETS}


def test_the_interval_of_a_mean_is_that_of_independent_parts(tmp_path) -> None:
    traps(tmp_path)
    several = camera_traps.read(tmp_path)
    outcome = several.measure(view_of(several.tasks["island"], [0, 0, 0, 1] * 5), [Way.PUBLIC])
    parts = [found(outcome, "top-1", trap.name) for trap in camera_traps.SETS]
    whole = found(outcome, "top-1")
    half = np.sqrt(sum((part.value - part.low) ** 2 for part in parts)) / 5
    assert whole.low == pytest.approx(whole.value - half)
    assert whole.value - whole.low < min(part.value - part.low for part in parts)


def test_a_set_alone_is_a_task_too_and_says_what_it_lacks(tmp_path) -> None:
    traps(tmp_path)
    island = next(task for task in camera_traps.TASKS if task.about.name == "camera-trap-island")
    assert (
        island.read(tmp_path).classes.texts[1]
        == "Animalia Chordata Mammalia Rodentia Muridae Rattus  with common name rat"
    )
    (tmp_path / "island-balanced.csv").unlink()
    with pytest.raises(BadFile, match=r"Camera Trap: island: there is no island-balanced.csv"):
        island.read(tmp_path)


def test_what_an_image_of_a_trap_is_one_of_is_read_where_each_set_has_it(tmp_path) -> None:
    traps(tmp_path)
    seen = {name: task.observations for name, task in camera_traps.read(tmp_path).tasks.items()}
    assert seen["ENA24"] == ("", "", "", "")
    assert seen["orinoquia"] == ("orinoquia : 0", "orinoquia : 0", "orinoquia : 1", "")
    assert seen["desert-lion"][0] == seen["desert-lion"][1] != seen["desert-lion"][2] == seen["desert-lion"][3]
    assert seen["island"] == ("site : 1 14092013", "site : 1 14092013", "site : 1 20180924", "site : 1 20180924")


def test_images_of_several_sets_are_selected_in_their_order(tmp_path) -> None:
    traps(tmp_path)
    several = camera_traps.read(tmp_path)
    some = several.select([0, 5, 6, 18, 19])
    assert some.images.paths == (
        "desert-lion/0.png",
        "ENA24/1.png",
        "ENA24/2.png",
        "orinoquia/2.png",
        "orinoquia/3.png",
    )
    assert list(some.tasks) == ["desert-lion", "ENA24", "orinoquia"]
    with pytest.raises(ThujaError, match="in their order"):
        several.select([5, 0])


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "images", "classes", "observations", "smallest"),
    [
        ("desert-lion", 352, 32, 311, 11),
        ("ENA24", 1120, 20, 1, 56),
        ("island", 310, 33, None, 1),
        ("ohio-small-animals", 468, 39, 358, 12),
        ("orinoquia", 336, 28, 269, 12),
    ],
)
def test_the_tables_of_the_camera_traps_have_their_images_taxa_and_sequences(
    shared, tmp_path, name, images, classes, observations, smallest
) -> None:
    trap = next(one for one in camera_traps.SETS if one.name == name)
    task = from_table(trap.task(), shared, tmp_path, f"camera_trap_{name}", f"{name}-balanced.csv")
    assert (len(task.images), len(task.classes), task.note) == (images, classes, "")
    assert np.bincount(task.truth).min() == smallest
    if observations is not None:
        assert len(set(task.observations)) == observations
    assert len(set(task.classes.names)) == classes


@pytest.mark.shared
def test_island_names_sixteen_species_and_two_animals_twice(shared, tmp_path) -> None:
    trap = next(one for one in camera_traps.SETS if one.name == "island")
    task = from_table(trap.task(), shared, tmp_path, "camera_trap_island", "island-balanced.csv")
    rows = read_rows(tmp_path / "island-balanced.csv", trap.about(), ())
    kinds = [ClassText(kind) for kind in ("taxon_com", "com", "taxon", "sci")]
    texts = {kind.value: {class_text(row, kind) for row in rows} for kind in kinds}
    assert {kind: len(each) for kind, each in texts.items()} == {"taxon_com": 33, "com": 33, "taxon": 31, "sci": 21}
    assert "None" in texts["sci"]  # what the public prompts say of rows without a genus
    is_named = np.array([bool(taxon.binomial) for taxon in task.classes.taxa])
    assert (is_named.sum(), len({taxon for taxon in task.classes.taxa if taxon.binomial})) == (17, 16)
    assert is_named[task.truth].sum() == 160
    assert len(set(task.classes.taxa)) == 31
    small = {task.classes.taxa[label].common for label in np.flatnonzero(np.bincount(task.truth) == 1)}
    assert small == {"domestic chicken", "petrel chick"}
    # The public 5-shot script stops at them; of two more classes all ten images are of one camera and day.
    view = view_of(task, task.truth.tolist(), reads=False)
    outcome = task.measure(view, BOTH)
    public = found(outcome, "accuracy", "5-shot")
    assert (public.units, public.clusters) == (308 - 31 * 5, 31)
    assert public.note.startswith("31 candidates; 2 classes with fewer than 5 images, where the public script stops")
    corrected = found(outcome, "macro accuracy", "1-shot", Way.CORRECTED)
    assert "4 classes with no image left to ask" in corrected.note
