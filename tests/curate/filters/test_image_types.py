"""Kinds of images, from where their rows come from."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from thuja.curate.filters.image_types import MUSEUM_KINDS, image_types, museum_kind

ROWS: list[tuple[dict[str, Any], str | None]] = [
    ({"publisher": "iNaturalist.org", "basis_of_record": "HUMAN_OBSERVATION"}, "Citizen Science"),
    ({"publisher": "Red de ciudadanos del agua"}, "Citizen Science"),
    ({"traits": '{"eventRemarks": "a Citizen Science project"}', "publisher": "X"}, "Citizen Science"),
    ({"dataset_key": "cca13f2c-0d2c-4c2f-93b9-4446c0cc1629"}, "Citizen Science"),
    ({"publisher": "Museums Victoria", "basis_of_record": "MACHINE_OBSERVATION"}, "Camera-trap"),
    ({"publisher": "Museums Victoria", "basis_of_record": "HUMAN_OBSERVATION"}, "Unidentified"),
    ({"traits": '{"eventRemarks": "Trigger Sensitivity: high"}'}, "Camera-trap"),
    ({"basis_of_record": "PreservedSpecimen", "kingdom": "Plantae"}, "Museum Specimen: Plant"),
    ({"basis_of_record": "MACHINE_OBSERVATION"}, "Unidentified"),
    ({"publisher": "Burgerwetenschap Gent"}, "Unidentified"),  # a word that no list of the papers' has
    ({"publisher": "Observatoire", "traits": '{"eventRemarks": "CameraTrap"}'}, "Unidentified"),
    ({"img_type": "mine", "publisher": "iNaturalist.org"}, "mine"),
    ({}, None),
]
KINDS = [
    ({"kingdom": "Animalia", "phylum": "Chordata", "class": "Aves"}, "Vertebrate Zoology - Birds"),
    ({"kingdom": "Animalia", "phylum": "Chordata", "class": "Squamata"}, "Vertebrate Zoology - Reptiles"),
    ({"kingdom": "Animalia", "phylum": "Chordata", "order": "Perciformes"}, "Vertebrate Zoology - Fishes"),
    ({"kingdom": "Animalia", "phylum": "Chordata", "class": "Elasmobranchii"}, "Vertebrate Zoology - Fishes"),
    ({"kingdom": "Animalia", "phylum": "Chordata", "class": "Amphibia"}, "Vertebrate Zoology - Amphibians"),
    ({"kingdom": "Animalia", "phylum": "Chordata", "class": "Mammalia"}, "Vertebrate Zoology - Mammals"),
    ({"kingdom": "Animalia", "phylum": "Chordata"}, "Vertebrate Zoology - Others"),
    ({"kingdom": "Animalia", "phylum": "Chordata", "class": "Ascidiacea"}, "Invertebrate Zoology"),
    ({"kingdom": "Animalia", "phylum": "Arthropoda", "class": "Insecta"}, "Insect"),
    ({"kingdom": "Animalia", "phylum": "Arthropoda", "class": "Arachnida"}, "Invertebrate Zoology"),
    ({"kingdom": "Chromista", "class": "Phaeophyceae"}, "Plant"),
    ({"kingdom": "Chromista"}, "Microbiology"),
    ({"kingdom": "Fungi"}, "Fungi"),
    ({"kingdom": "Plantae"}, "Plant"),
    ({}, "Uncategorized"),
]


@pytest.mark.parametrize(("row", "expected"), ROWS)
def test_a_type_follows_from_publisher_basis_and_remarks(
    batch: Callable[..., pl.DataFrame], row: dict[str, Any], expected: str | None
) -> None:
    assert image_types(batch(row)).to_list() == [expected]


@pytest.mark.parametrize(("lineage", "kind"), KINDS)
def test_a_museum_kind_follows_from_the_lineage(
    batch: Callable[..., pl.DataFrame], lineage: dict[str, str], kind: str
) -> None:
    assert batch(lineage).select(museum_kind()).to_series().to_list() == [kind]


def test_all_twelve_kinds_can_be_had() -> None:
    assert {kind for _, kind in KINDS} == set(MUSEUM_KINDS)
    assert len(MUSEUM_KINDS) == 12
