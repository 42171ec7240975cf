"""FishNet's layout as released: its columns in their order, images under Folder, rows that lack a label."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.evaluate.tasks.painting import look, paint, solve

from thuja.errors import BadFile, EmptyInput
from thuja.evaluate.protocols.attributes import with_fit
from thuja.evaluate.task import BOTH, Way
from thuja.evaluate.tasks.fishnet import ABOUT, LABELS, TASK
from thuja.train.probes import fit_mlp

HEADER = [
    "",
    "Unnamed: 0",
    "species",
    "image",
    "SpecCode",
    "Genus",
    "Subfamily",
    "Family",
    "Order",
    "Class",
    "SuperClass",
]
HEADER += ["source", "Folder", "Troph", *LABELS, "NewOrder", "Frequency"]
LIES, ASKED = 3, 12


def write_table(folder: Path, name: str, rows: list[dict[str, str]]) -> None:
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, HEADER)
        table.writeheader()
        table.writerows(rows)


def write_fish(folder: Path, name: str, count: int, seed: int, *, lies: int = 0) -> None:
    """`count` fish, half of FishBase with a species, half of iNaturalist without; the last `lies` lie."""
    truth = np.random.default_rng(seed).random((count, len(LABELS))) > 0.5
    rows = []
    for number, labels in enumerate(truth):
        is_fishbase = number % 2 == 0
        image = f"{name}{number}.jpg"
        shown = ~labels if number >= count - lies else labels
        paint(folder / "Image_Library" / "Gobiidae" / image, shown)
        values = ["pelagic" if labels[0] else "benthic", *(str(int(label)) for label in labels[1:])]
        rows.append(
            {
                "species": f"Gobius {number // 4}" if is_fishbase else "",
                "Genus": "Gobius",
                "image": f"https://example.org/species/{image}" if is_fishbase else image,
                "Folder": "Gobiidae",
                **dict(zip(LABELS, values, strict=True)),
            }
        )
    rows.append({**rows[0], "image": "not there.jpg", "brackish": ""})
    write_table(folder, f"{name}.csv", rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_fish(tmp_path, "train", 60, 0)
    write_fish(tmp_path, "test", ASKED, 1, lies=LIES)
    return tmp_path


def test_rows_are_read_by_name_and_those_without_a_label_are_dropped(folder: Path) -> None:
    opened = TASK.read(folder)
    assert len(opened.images) == 60 + ASKED
    assert opened.images.missing() == []
    assert opened.images.paths[0] == "Image_Library/Gobiidae/train0.jpg"
    assert opened.groups[:2] == ("Gobius 0", "Gobius")
    assert opened.is_taught.sum() == 60


def test_fish_that_show_what_they_are_are_right_both_ways_and_those_that_lie_are_wrong(folder: Path) -> None:
    opened = with_fit(TASK.read(folder), solve)
    measures = opened.measure(look(opened.images), BOTH).measures
    found = {(one.name, one.way, one.part): one.value for one in measures}
    for way in BOTH:
        assert found[ABOUT.measure, way, ""] == pytest.approx((ASKED - LIES) / ASKED)
    assert found["label accuracy", Way.CORRECTED, ""] == pytest.approx((ASKED - LIES) / ASKED)


def test_the_probe_of_two_layers_finds_what_least_squares_finds(folder: Path) -> None:
    def faster(taught, labels, asked, *, held, rate, epochs, seed):
        return fit_mlp(taught, labels, asked, held=held, rate=100 * rate, epochs=epochs, seed=seed)

    opened = with_fit(replace(TASK.read(folder), runs=1), faster)
    measures = opened.measure(look(opened.images), [Way.CORRECTED]).measures
    (headline,) = [one for one in measures if one.name == ABOUT.measure and not one.part]
    assert headline.value == pytest.approx((ASKED - LIES) / ASKED)


def test_another_layout_says_what_was_expected_and_found(folder: Path) -> None:
    (folder / "test.csv").rename(folder / "final.csv")
    with pytest.raises(BadFile, match=r"no test\.csv") as raised:
        TASK.read(folder)
    assert "FeedingPath" in raised.value.hint
    write_table(folder, "test.csv", [])
    (folder / "test.csv").write_text("image,Folder\n", encoding="utf-8")
    with pytest.raises(BadFile, match="no column species, Genus, FeedingPath"):
        TASK.read(folder)


def test_a_label_that_is_none_is_told_with_its_row(folder: Path) -> None:
    row = dict.fromkeys(LABELS, "1") | {"image": "a.jpg", "Folder": "F", "Polar": "2"}
    write_table(folder, "test.csv", [row])
    with pytest.raises(BadFile, match=r"test\.csv, row 2.*\"2\""):
        TASK.read(folder)


def test_tables_without_a_full_row_are_told(tmp_path: Path) -> None:
    (tmp_path / "Image_Library").mkdir()
    for name in ("train.csv", "test.csv"):
        write_table(tmp_path, name, [{"image": "a.jpg", "Folder": "F"}])
    with pytest.raises(EmptyInput):
        TASK.read(tmp_path)
