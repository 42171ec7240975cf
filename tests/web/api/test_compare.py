"""Two taxa side by side: the numbers are those of their vectors, and a difference is told only where there is one."""

from dataclasses import replace

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.web.api.conftest import EACH, drawn_vectors, row_id

from thuja.search.columns.lineages import Node
from thuja.search.index import Index
from thuja.taxonomy import Taxon
from thuja.web.compare.looks import look_tells
from thuja.web.compare.sides import Side, cosine_of_means, lookalikes, told_apart
from thuja.web.compare.tells import Tried, column_tells, corrected
from thuja.web.compare.words import word_tells
from thuja.web.taxa import node_named


def sides(index: Index, *names: str) -> list[Side]:
    return [Side.of(index, node_named(index.tree(), name)) for name in names]


def made(vectors: np.ndarray) -> Side:
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    node = Node(taxon=Taxon(family="A"), rank=None, count=len(unit), has_children=False, example_key=0)
    return Side(node=node, keys=np.arange(len(unit)), vectors=unit, total=len(unit))


def test_two_species_are_told_apart_by_the_facts_that_differ_and_no_other(client: TestClient, index: Index) -> None:
    told = client.get("/api/taxa/compare", params={"a": "common raven", "b": "carrion crow"}).json()
    vectors = drawn_vectors(index.dim)
    for name, middle in (("raw_cosine", 0), ("cosine", vectors.mean(axis=0))):
        one, other = (vectors[start : start + EACH].mean(axis=0) - middle for start in (0, EACH))
        cosine = float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
        assert told[name] == pytest.approx(cosine, abs=2e-3)
    columns = {tell["what"]: tell for tell in told["tells"] if tell["kind"] == "column"}
    assert set(columns) == {"sex", "latitude"}  # not the month, the licence or the source
    assert columns["sex"]["a"].startswith("male 90 %")
    assert columns["latitude"]["effect"] == pytest.approx(-1)
    words = {tell["what"]: tell for tell in told["tells"] if tell["kind"] == "word"}
    assert set(words) == {"glossy", "rock", "grey", "field"}
    assert words["rock"]["a"] == "100 % of captions"
    assert all(tell["p"] <= 0.01 for tell in told["tells"])
    assert len(told["a"]["pictures"]) == 6
    assert told["a"]["node"]["count"] == EACH


def test_lookalikes_are_the_likest_pairs_across_each_picture_once(client: TestClient, index: Index) -> None:
    told = client.get("/api/taxa/compare", params={"a": "Corvus corax", "b": "Corvus corone", "pairs": 5}).json()
    vectors = drawn_vectors(index.dim)
    cosines = vectors[:EACH] @ vectors[EACH : 2 * EACH].T
    row, column = np.unravel_index(cosines.argmax(), cosines.shape)
    first = told["pairs"][0]
    assert (first["a"]["id"], first["b"]["id"]) == (row_id(0, int(row)), row_id(1, int(column)))
    assert first["score"] == pytest.approx(float(cosines.max()), abs=1e-3)
    assert len({pair["a"]["id"] for pair in told["pairs"]}) == len({pair["b"]["id"] for pair in told["pairs"]}) == 5
    scores = [pair["score"] for pair in told["pairs"]]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("a", "b", "status", "said"),
    [
        ("Corvus", "Corvus corax", 400, "lies within"),
        ("Corvus", "Corvus", 400, "the same taxon twice"),
        ("Corvidea", "Bellis", 404, "unknown taxon"),
        ("x" * 501, "Bellis", 422, "at most 500"),
        ("", "Bellis", 422, "at least 1"),
        ("/", "Bellis", 400, "lies within"),
    ],
)
def test_what_cannot_be_compared_is_told(client: TestClient, a: str, b: str, status: int, said: str) -> None:
    answer = client.get("/api/taxa/compare", params={"a": a, "b": b})
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]


def test_words_of_ones_own_are_tried_and_too_many_refused(client: TestClient) -> None:
    ask = {"a": "Corvus", "b": "Bellis", "words": ["a bird", "a flower"]}
    looks = [tell for tell in client.get("/api/taxa/compare", params=ask).json()["tells"] if tell["kind"] == "look"]
    assert {tell["what"] for tell in looks} <= {"a bird", "a flower"}
    many = {"a": "Corvus", "b": "Bellis", "words": [str(number) for number in range(51)]}
    assert client.get("/api/taxa/compare", params=many).status_code == 413


def test_pictures_of_two_clusters_are_told_apart_and_of_one_cluster_are_not() -> None:
    generator = np.random.default_rng(0)
    near, far = np.eye(16)[0], np.eye(16)[1]
    one, other = (made(centre + 0.1 * generator.normal(size=(200, 16))) for centre in (near, far))
    assert told_apart(one, other) == 1.0
    again = made(near + 0.1 * generator.normal(size=(200, 16)))
    share = told_apart(one, again)
    assert share is not None
    assert 0.35 < share < 0.65
    assert cosine_of_means(one, again) > 0.99
    assert told_apart(made(np.eye(2)[:1]), other) is None


def test_a_spread_is_the_mean_cosine_of_pairs() -> None:
    side = made(np.random.default_rng(1).normal(size=(40, 8)))
    cosines = side.vectors @ side.vectors.T
    expected = cosines[~np.eye(40, dtype=bool)].mean()
    assert side.spread == pytest.approx(float(expected), abs=1e-5)
    assert made(np.ones((1, 3))).spread is None


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 8), st.integers(1, 8))
def test_the_first_lookalike_is_the_greatest_cosine_there_is(seed: int, first: int, second: int) -> None:
    generator = np.random.default_rng(seed)
    one, other = made(generator.normal(size=(first, 4))), made(generator.normal(size=(second, 4)))
    pairs = lookalikes(one, other, most=100)
    assert len(pairs) == min(first, second)
    assert pairs[0].score == pytest.approx(float((one.vectors @ other.vectors.T).max()))


def test_chance_alone_is_seldom_told(index: Index) -> None:
    """Of halves of one species, drawn again and again, nothing is told more than once."""
    (side,) = sides(index, "Corvus corax")
    generator, wrong = np.random.default_rng(3), 0
    for _ in range(25):
        order = generator.permutation(EACH)
        halves = [replace(side, keys=side.keys[rows], vectors=side.vectors[rows]) for rows in (order[:15], order[15:])]
        wrong += bool(column_tells(index, *halves) or word_tells(index, *halves))
    assert wrong <= 1


def test_many_differences_are_corrected_together() -> None:
    tried = [Tried(what=str(number), a="", b="", p=0.004, effect=0.5) for number in range(3)]
    assert corrected(tried, kind="column", unit="picture") == []
    assert [tell.p for tell in corrected(tried[:2], kind="column", unit="picture")] == [0.008, 0.008]
    assert corrected([], kind="column", unit="picture") == []


def test_a_description_that_one_side_is_more_like_is_told_for_that_side() -> None:
    generator = np.random.default_rng(0)
    one, other = (made(np.eye(8)[axis] + 0.1 * generator.normal(size=(50, 8))) for axis in (0, 1))
    texts = np.stack([np.eye(8)[0], np.eye(8)[1], np.eye(8)[5], np.zeros(8)]).astype(np.float32)
    tells = {tell.what: tell for tell in look_tells(one, other, ["first", "second", "neither"], texts=texts)}
    assert set(tells) == {"first", "second"}
    assert (tells["first"].a, tells["first"].b) == ("more so in 100 of 100 pairs", "")
    assert tells["second"].b == "more so in 100 of 100 pairs"
