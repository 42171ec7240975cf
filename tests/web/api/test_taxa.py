"""The tree over HTTP: names completed, children with counts and typical pictures, slips told with near names."""

import time

import numpy as np
import pytest
from fastapi.testclient import TestClient
from tests.web.api.conftest import EACH, client_of, drawn_vectors, row_id
from tests.web.conftest import TAXA

from thuja.labels import LabelSpace
from thuja.search.index import Index
from thuja.taxonomy import Taxon
from thuja.web.sampling import sampled
from thuja.web.served import Served
from thuja.web.settings import ServeSettings
from thuja.web.taxa import KnownTaxa, NamedTree


def names(told: list[dict[str, object]]) -> list[str]:
    return [one["taxon"]["scientific_name"] for one in told]  # type: ignore[index]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("corv", ["Corvidae", "Corvus", "Corvus corax", "Corvus corone"]),
        ("RAV", ["Corvus corax"]),
        ("corvus coro", ["Corvus corone"]),
        ("dai", ["Bellis perennis"]),
        ("", []),
    ],
)
def test_the_beginning_of_any_word_of_a_name_is_completed(client: TestClient, prefix: str, expected: list[str]) -> None:
    told = client.get("/api/taxa", params={"q": prefix}).json()
    assert names(told["taxa"]) == expected


def test_completion_counts_pictures_and_gives_a_path_that_children_reads(client: TestClient) -> None:
    first = client.get("/api/taxa", params={"q": "corvus"}).json()["taxa"][0]
    assert (first["rank"], first["count"]) == ("genus", 2 * EACH)
    below = client.get("/api/taxa/children", params={"of": first["path"]}).json()
    assert below["node"]["path"] == first["path"]
    assert names(below["children"]) == ["Corvus corax", "Corvus corone"]


def test_labels_are_completed_where_the_index_has_none_of_them(bare: TestClient) -> None:
    told = bare.get("/api/taxa", params={"q": "magp"}).json()["taxa"]
    assert [(one["taxon"]["common"], one["count"]) for one in told] == [("magpie", 0)]


def test_near_names_are_told_where_nothing_begins_so(client: TestClient) -> None:
    told = client.get("/api/taxa", params={"q": "corvidea"}).json()
    assert (told["taxa"], told["near"][0]) == ([], "Corvidae")


def test_the_root_has_kingdoms_and_a_species_no_children(client: TestClient) -> None:
    root = client.get("/api/taxa/children").json()
    assert (root["node"]["count"], root["node"]["rank"], root["node"]["path"]) == (4 * EACH, None, "")
    assert [(one["path"], one["count"], one["has_children"]) for one in root["children"]] == [
        ("Animalia", 3 * EACH, True), ("Plantae", EACH, True),
    ]  # fmt: skip
    leaf = client.get("/api/taxa/children", params={"of": "carrion crow"}).json()
    assert (names([leaf["node"]]), leaf["children"]) == (["Corvus corone"], [])
    assert not leaf["node"]["has_children"]


def test_a_typical_picture_is_the_one_nearest_to_the_mean_that_has_a_thumbnail(
    client: TestClient, index: Index
) -> None:
    vectors = drawn_vectors(index.dim)
    told = client.get("/api/taxa/children", params={"of": "Corvus"}).json()["children"]
    for child in told:
        taxon = [one.scientific_name for one in TAXA].index(child["taxon"]["scientific_name"])
        own = vectors[taxon * EACH : (taxon + 1) * EACH]
        order = np.argsort(-(own @ own.mean(axis=0)))
        expected = next(int(row) for row in order if row % 2 == 0)
        assert child["picture"]["id"] == row_id(taxon, expected)
        assert child["picture"]["license"]


def test_a_sample_goes_evenly_through_what_a_filter_keeps(index: Index) -> None:
    keys, total = sampled(index, None, most=7)
    assert (keys.tolist(), total) == ([0, 19, 39, 59, 79, 99, 119], 120)
    assert sampled(index, None, most=1_000)[0].tolist() == list(range(120))


@pytest.mark.parametrize(
    ("of", "status", "said"),
    [
        ("Corvidea", 404, "unknown taxon"),
        ("Animalia/Nowhere", 404, "unknown taxon"),
        ("a/b/c/d/e/f/g/h", 404, "unknown taxon"),
        ("../../etc/passwd", 404, "unknown taxon"),
        ("x" * 501, 422, "at most 500"),
        ("///////", 400, "a name"),
    ],
)
def test_a_taxon_that_is_not_there_is_told(client: TestClient, of: str, status: int, said: str) -> None:
    answer = client.get("/api/taxa/children", params={"of": of})
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text
    assert said in answer.json()["detail"]


def test_near_names_are_suggested_for_an_unknown_taxon(client: TestClient) -> None:
    assert "Corvidae" in client.get("/api/taxa/children", params={"of": "Corvidea"}).json()["hint"]


def test_a_server_with_neither_model_nor_index_completes_nothing() -> None:
    with client_of(Served(ServeSettings())) as client:
        assert client.get("/api/taxa", params={"q": "a"}).json() == {"taxa": [], "near": []}
        assert client.get("/api/taxa/children").status_code == 409


def test_names_of_many_labels_are_sorted_while_nobody_waits() -> None:
    """The first completion over a label space of hundreds of thousands took half a minute."""
    taxa = [
        Taxon(kingdom="Animalia", genus=f"Genus{number % 900}", species=f"epithet{number}") for number in range(20_001)
    ]
    space = LabelSpace(texts=[taxon.binomial for taxon in taxa], taxa=taxa, vectors=np.zeros((len(taxa), 2)), model="m")
    known = KnownTaxa(None, NamedTree.of_labels(space))
    started = time.monotonic()
    known.completed("epithet200", most=3)
    assert time.monotonic() - started < 1
    while not known.completed("epithet200", most=3):
        assert time.monotonic() - started < 60
        time.sleep(0.05)
    assert known.completed("epithet20000", most=3)[0].taxon == taxa[20_000]
    assert known.completed("e", most=3) == []
