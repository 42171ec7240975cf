"""Rare Species: lineages, common names of two species, and the table in the papers."""

from pathlib import Path

import numpy as np
import pytest
from tests.evaluate.tasks.minis import from_table, value, view_of, write_images, write_table

from thuja.evaluate.csv_tables import read_rows
from thuja.evaluate.label_table import ClassText, class_text
from thuja.evaluate.task import BOTH, Way
from thuja.evaluate.tasks import rare_species
from thuja.taxonomy import Taxon

RANKS = ("kingdom", "phylum", "cls", "order", "family", "genus", "species")

NEWT, CORAL = (
    ("Animalia", "Chordata", "Amphibia", "Caudata", "Salamandridae", "Tylototriton"),
    ("Animalia", "Cnidaria", "Anthozoa", "Scleractinia", "Acroporidae", "Acropora"),
)
RARE = [
    ((*NEWT, "verrucosus"), "Yunnan Newt"),
    ((*NEWT, "shanjing"), "Yunnan Newt"),
    ((*CORAL, "millepora"), ""),
]


def rare(folder: Path) -> None:
    """Two photos of each of two newts of one common name, and one of a coral that has none."""
    rows = []
    for n, (names, common) in enumerate([RARE[0], RARE[0], RARE[1], RARE[1], RARE[2]]):
        row = {"": n, **dict(zip(RANKS, names, strict=True)), "common_name": common}
        rows.append({**row, "filepath": f"2024-03-20/{n}_449393.jpg", "class": " ".join(names[-2:])})
    write_table(folder / "metadata.csv", rows)
    write_images(folder, [row["filepath"] for row in rows])


def test_rare_species_are_asked_by_lineage_and_common_name_and_scored_by_rank(tmp_path) -> None:
    rare(tmp_path)
    task = rare_species.read(tmp_path)
    assert task.classes.texts[0] == f"{' '.join(NEWT)} verrucosus with common name Yunnan Newt"
    assert task.classes.texts[2] == f"{' '.join(CORAL)} millepora"
    assert task.classes.names == ("Tylototriton verrucosus", "Tylototriton shanjing", "Acropora millepora")
    outcome = task.measure(view_of(task, [0, 0, 0, 1, 2]), BOTH)  # one newt is taken for the other
    assert value(outcome, "top-1") == 0.8
    assert value(outcome, "macro top-1", way=Way.CORRECTED) == pytest.approx((1 + 0.5 + 1) / 3)
    assert value(outcome, "top-1", "genus", Way.CORRECTED) == 1
    assert not [one for one in outcome.measures if one.part == "kingdom"]  # all are animals


def test_by_common_name_two_species_are_one_class(tmp_path) -> None:
    rare(tmp_path)
    task = rare_species.read(tmp_path, ClassText.COM)
    assert task.classes.texts == ("Yunnan Newt", "")
    assert task.classes.taxa[0] == Taxon.from_names(NEWT)


@pytest.mark.shared
def test_the_table_of_rare_species_has_400_species_and_398_common_names(shared, tmp_path) -> None:
    task = from_table(rare_species.TASK, shared, tmp_path, "rare_species")
    assert (len(task.images), len(task.classes), task.note) == (11_983, 400, "")
    counts = np.bincount(task.truth)
    assert sorted(counts[counts != 30].tolist()) == [21, 27, 27, 29, 29]
    rows = read_rows(tmp_path / "metadata.csv", rare_species.ABOUT, ())
    texts = {kind.value: len({class_text(row, kind) for row in rows}) for kind in ClassText}
    assert texts == {"asis": 400, "sci": 400, "taxon": 400, "com": 398, "sci_com": 400, "taxon_com": 400}
    assert {level: len(set(numbers.tolist())) for level, numbers in task.classes.levels().items()} == {
        "phylum": 5, "class": 15, "order": 85, "family": 202, "genus": 316, "species": 400,
    }  # fmt: skip
