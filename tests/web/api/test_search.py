"""Search over HTTP: the neighbours are those of exact search, under filters, with their credit; slips are told."""

import base64
import json
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from tests.web.api.conftest import EACH, drawn_vectors, row_id
from tests.web.conftest import TAXA, jpeg

from thuja.encode import encode_images
from thuja.predict import Predictor
from thuja.search.index import Index

REGION = {"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [5, 5]]]}
SPECKS = [[[[0, 0], [1, 0], [1, 1]]]] * 4_001
ZIGZAG = [[east / 10, 10 * (east % 2)] for east in range(500)]


def found(client: TestClient, **query: Any) -> dict[str, Any]:
    answer = client.post("/api/search", json=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(told: dict[str, Any]) -> list[str]:
    return [hit["id"] for hit in told["hits"]]


def nearest(index: Index, vector: np.ndarray, k: int) -> list[str]:
    vectors = drawn_vectors(index.dim)
    order = np.argsort(-(vectors @ (vector / np.linalg.norm(vector))))[:k]
    return [row_id(int(row) // EACH, int(row) % EACH) for row in order]


def test_a_vector_finds_its_true_neighbours_in_numbers_and_in_base64(client: TestClient, index: Index) -> None:
    vector = drawn_vectors(index.dim)[40] + np.float32(0.1)
    expected = nearest(index, vector, 7)
    assert ids(found(client, vector=vector.tolist(), k=7)) == expected
    packed = base64.b64encode(vector.astype("<f4").tobytes()).decode()
    assert ids(found(client, vector=packed, k=7)) == expected


def test_an_uploaded_picture_finds_what_its_vector_finds(
    client: TestClient, predictor: Predictor, index: Index
) -> None:
    data = jpeg(99)
    vector = encode_images(predictor.encoder, [("a", data)]).embeddings.vectors[0].astype(np.float32)
    answer = client.post(
        "/api/search", files={"images": ("a.jpg", data, "image/jpeg")}, data={"query": json.dumps({"k": 6})}
    )
    assert answer.status_code == 200, answer.text
    assert ids(answer.json()) == nearest(index, vector, 6)


def test_words_find_pictures_and_a_taxons_name_is_understood_as_one(client: TestClient) -> None:
    told = found(client, text="common raven", k=5)
    assert len(told["hits"]) == 5
    assert "Corvus corax" in told["told"][0]
    assert found(client, text="a black bird on a rock.", k=5)["told"] == []


def test_a_text_may_be_as_long_as_the_limit_says(client: TestClient) -> None:
    """The prompt around it was counted: what the page cut to 2,000 characters had 2,012."""
    assert len(found(client, text="a" * 2_000, k=1)["hits"]) == 1
    told = client.post("/api/search", json={"text": "a" * 2_001})
    assert (told.status_code, told.json()["detail"]) == (413, "a text of 2,001 characters is over the limit of 2,000")


def test_a_filter_keeps_its_taxon_and_values_and_counts_them(client: TestClient, index: Index) -> None:
    vector = drawn_vectors(index.dim)[0].tolist()
    told = found(
        client,
        vector=vector,
        k=50,
        filter={"within": ["Corvidae"], "excludes": ["Pica pica"], "equals": {"sex": ["male"]}},
        facets=["species", "license_name"],
    )
    assert told["total"] == 27
    assert {hit["taxon"]["species"] for hit in told["hits"]} == {"corax"}
    assert told["facets"]["species"] == [{"value": "Corvus corax", "count": 27}]
    assert sum(one["count"] for one in told["facets"]["license_name"]) == 27
    assert told["is_exhausted"]
    dated = found(client, vector=vector, k=100, filter={"ranges": {"event_date": {"from": "2012", "to": "2013"}}})
    assert dated["total"] == sum(1 for number in range(EACH) if number % 10 in (2, 3)) * len(TAXA)
    boxed = found(client, vector=vector, k=1, filter={"where": ["latitude>=50", "license_name=CC0"]})
    assert boxed["total"] == EACH // 2


def test_pages_follow_each_other_without_gap_or_repeat(client: TestClient, index: Index) -> None:
    vector = drawn_vectors(index.dim)[3].tolist()
    whole = ids(found(client, vector=vector, k=30))
    parts = [ids(found(client, vector=vector, k=10, offset=offset)) for offset in (0, 10, 20)]
    assert [name for part in parts for name in part] == whole


def test_the_best_of_each_species_is_shown_where_results_are_grouped(client: TestClient, index: Index) -> None:
    vector = drawn_vectors(index.dim)[0].tolist()
    told = found(client, vector=vector, k=10, group_by="species")
    assert sorted(hit["group"] for hit in told["hits"]) == sorted(taxon.binomial for taxon in TAXA)


def test_more_like_a_picture_leaves_it_out_and_a_direction_goes_on(client: TestClient) -> None:
    told = found(client, like=["corax-01"], k=20)
    assert "corax-01" not in ids(told)
    assert {hit["taxon"]["genus"] for hit in told["hits"]} == {"Corvus"}
    towards = {"from": ["corax-01", "corax-02"], "to": ["perennis-01", "perennis-02"], "strength": 3}
    assert found(client, id="corax-01", direction=towards, k=3)["hits"][0]["taxon"]["genus"] == "Bellis"


def test_each_hit_has_licence_and_credit_and_no_link_that_runs(client: TestClient) -> None:
    hits = {hit["id"]: hit for hit in found(client, filter={"within": ["Corvus corax"]}, k=30)["hits"]}
    assert len(hits) == 30
    picture = hits["corax-04"]["picture"]
    assert (picture["license"], picture["license_link"]) == ("CC0", "https://creativecommons.org/licenses/by/4.0/")
    assert (picture["credit"], picture["source_url"]) == ("<b>Ann</b> Owner", "https://example.org/corax/4")
    assert hits["corax-05"]["picture"] is None  # without a thumbnail
    assert not any("javascript" in json.dumps(hit["picture"]) for hit in hits.values())


def test_hits_tell_the_columns_that_were_asked_for(client: TestClient) -> None:
    told = found(client, id="corax-01", k=1, columns=["sex", "latitude"])["hits"][0]
    assert set(told["row"]) == {"sex", "latitude"}
    assert told["taxon"]["family"] == "Corvidae"
    assert {"caption", "event_date"} < set(found(client, id="corax-01", k=1)["hits"][0]["row"])


def test_an_empty_result_says_which_condition_left_none(client: TestClient) -> None:
    told = found(client, filter={"within": ["Bellis"], "equals": {"sex": ["male"]}}, k=3)
    assert (told["hits"], told["total"]) == ([], 0)
    assert "within Bellis" in told["told"][0]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"k": 0}, 400, "k is from 1"),
        ({"k": 10**30}, 413, "k is at most"),
        ({"k": -5}, 400, "k is from 1"),
        ({"offset": 10**18}, 400, "results are shown"),
        ({"text": "x" * 100_000}, 413, "over the limit"),
        ({"text": "a", "filter": {"within": ["Corvidea"]}}, 400, "unknown taxon"),
        ({"filter": {"within": ["x" * 90_000]}}, 400, "unknown taxon"),
        ({"filter": {"equals": {"sexx": ["male"]}}}, 400, "unknown column"),
        ({"filter": {"ranges": {"latitude": {"from": "north"}}}}, 400, "holds numbers"),
        ({"filter": {"box": [91, 0, 92, 0]}}, 400, "south to north"),
        ({"filter": {"region": REGION}}, 400, "a region needs the columns latitude and longitude"),
        ({"filter": {"region": {"type": "Point"}}}, 422, "no polygon in the region"),
        ({"filter": {"region": {"type": "Polygon", "coordinates": [ZIGZAG]}}}, 413, "crosses its outline 500 times"),
        ({"filter": {"region": {"type": "MultiPolygon", "coordinates": SPECKS}}}, 413, "4,001 rings"),
        ({"id": "../../etc/passwd"}, 400, "unknown id"),
        ({"like": ["nobody"]}, 400, "unknown id"),
        ({"vector": [0.0] * 8}, 422, "zero"),
        ({"vector": [1.0, 2.0]}, 422, "2 numbers"),
        ({"vector": [1e300] * 8}, 422, "not a number"),  # found by schemathesis: a warning of numpy's
        ({"vector": "AAAA!"}, 422, "neither"),
        ({"group_by": "colour"}, 400, "unknown rank or column"),
        ({"facets": ["uuid"]}, 400, "unknown column"),
        ({"columns": ["nothing"]}, 400, "unknown column"),
        ({"text_weight": 2}, 422, "text_weight"),
        ({"collapse": 7}, 400, "cosine"),
        ({"unknown": 1}, 422, "unknown"),
        ({"direction": {"from": ["corax-01"]}}, 400, "two ends"),
    ],
)
def test_a_slip_is_one_clear_sentence(client: TestClient, query: dict[str, Any], status: int, said: str) -> None:
    answer = client.post("/api/search", json=query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text
    assert said in answer.json()["detail"]
    assert len(answer.text) < 1_500


def test_near_names_are_suggested_for_an_unknown_taxon(client: TestClient) -> None:
    answer = client.post("/api/search", json={"filter": {"within": ["Corvidea"]}})
    assert "Corvidae" in answer.json()["hint"]


@pytest.mark.parametrize(
    "body",
    ['{"vector": [NaN, 1]}', '{"vector": [Infinity]}', '{"k": 1e999}', "[" * 5000, "null", "", '{"k": "1; DROP"}'],
)
def test_a_body_that_is_no_query_is_refused(client: TestClient, body: str) -> None:
    answer = client.post("/api/search", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_another_kind_of_body_is_refused(client: TestClient) -> None:
    assert client.post("/api/search", content="a", headers={"Content-Type": "text/plain"}).status_code == 415


def test_a_broken_picture_is_told(client: TestClient) -> None:
    answer = client.post("/api/search", files={"images": ("a.svg", b"<svg onload=alert(1)>", "image/svg+xml")})
    assert answer.status_code == 400
    assert "not an image" in answer.json()["detail"]


def test_a_server_without_an_index_says_so(bare: TestClient) -> None:
    answer = bare.post("/api/search", json={"text": "a"})
    assert (answer.status_code, answer.json()["hint"]) == (409, "start it with --index")
