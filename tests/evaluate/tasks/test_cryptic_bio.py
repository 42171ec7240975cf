"""CrypticBio as the public preparation script lays it out."""

from pathlib import Path

import pytest
from tests.evaluate.tasks.minis import found, value, view_of, write_images, write_table

from thuja.errors import BadFile
from thuja.evaluate.task import Way
from thuja.evaluate.tasks import cryptic_bio

RANKS = ("kingdom", "phylum", "cls", "order", "family", "genus", "species")


def cryptic(folder: Path, species: list[str]) -> None:
    above = ("Animalia", "Arthropoda", "Insecta", "Lepidoptera", "Nymphalidae", "Danaus")
    rows = [
        {"id": n, **dict(zip(RANKS, (*above, name), strict=True)), "common_name": "",
         "filepath": f"images/train/{n}.jpg", "class": name, "split": "train"}
        for n, name in enumerate(species)
    ]  # fmt: skip
    write_table(folder / "metadata.csv", rows)
    write_images(folder, [str(row["filepath"]) for row in rows])


def test_crypticbio_names_the_genus_once_and_is_marked_as_not_verified(tmp_path) -> None:
    cryptic(tmp_path, ["Danaus plexippus", "Danaus plexippus", "Danaus erippus", "Danaus erippus"])
    task = cryptic_bio.read(tmp_path)
    assert not cryptic_bio.ABOUT.is_verified
    assert task.classes.texts[0] == "Animalia Arthropoda Insecta Lepidoptera Nymphalidae Danaus plexippus"
    outcome = task.measure(view_of(task, [0, 1, 1, 1]), [Way.PUBLIC])
    assert value(outcome, "top-1") == 0.75
    assert "layout not verified" in found(outcome, "top-1").note


def test_crypticbio_with_the_class_for_a_species_is_refused(tmp_path) -> None:
    cryptic(tmp_path, ["Insecta", "Insecta"])
    with pytest.raises(BadFile, match='the class "Insecta" for a species'):
        cryptic_bio.read(tmp_path)
