"""The index's pictures beside answers and their siblings."""

import base64
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from tests.web.conftest import jpeg
from tests.web.test_identify import ask

from thuja.search.filters import Filter
from thuja.search.index import Index
from thuja.taxonomy import Taxon


@pytest.fixture
def result(client: TestClient) -> Any:
    return ask(client, jpeg(4), k=2, wants=["siblings", "vector"]).json()["results"][0]


def test_pictures_of_an_answer_are_its_taxons_nearest(result: Any, index: Index) -> None:
    vector = np.frombuffer(base64.b64decode(result["vector"]), "<f4")
    for shown in (result["answers"][0], *(one["answer"] | {"pictures": one["pictures"]} for one in result["siblings"])):
        genus, _, species = shown["text"].partition(" ")
        near = index.search(vector[None], k=24, filter=Filter(within=(taxon_of(index, genus, species),)))
        shown_ones = [key for key in near.keys[0].tolist() if index.has_thumbnail(key)][:3]
        ids = index.rows(shown_ones, ["uuid"])["uuid"].to_pylist()
        assert [one["id"] for one in shown["pictures"]] == ids
        assert all(one["id"].startswith(species) for one in shown["pictures"])


def test_pictures_carry_licence_and_credit_and_no_link_that_runs(result: Any) -> None:
    pictures = [one for sibling in result["siblings"] for one in sibling["pictures"]]
    assert {one["license"] for one in pictures} <= {"CC BY 4.0", "CC0"}
    assert all(one["license_link"].startswith(("http://", "https://")) or not one["license_link"] for one in pictures)
    assert {one["url"] for one in pictures} == {f"/api/pictures/{one['id']}" for one in pictures}


def test_without_the_wish_no_picture_is_looked_for(client: TestClient) -> None:
    told = ask(client, jpeg(4), k=2).json()["results"][0]
    assert told["siblings"] == []
    assert told["answers"][0]["pictures"] == []


def taxon_of(index: Index, genus: str, species: str) -> Taxon:
    table = index.rows(index.keys().tolist())
    rows = [row for row in table.to_pylist() if row["genus"] == genus and row["species"] == species]
    return Taxon.from_columns(rows[0])
