"""The map over HTTP: its header says where in the bytes places and columns lie, and they are those of the index."""

import multiprocessing
import threading
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from fastapi.testclient import TestClient
from tests.web.api.conftest import EACH, client_of, drawn_vectors
from tests.web.conftest import TAXA

from thuja.analyze.maps.linear import principal_axes
from thuja.analyze.maps.projections import Method
from thuja.predict import Predictor
from thuja.search.index import Index
from thuja.web.drawing import DrawingBoard
from thuja.web.plane import Maps
from thuja.web.problems import Busy
from thuja.web.served import Served
from thuja.web.settings import ServeSettings


def array(data: bytes, place: dict[str, Any]) -> npt.NDArray[Any]:
    return np.frombuffer(data, place["dtype"], place["count"], place["offset"])


def read(
    client: TestClient, **query: object
) -> tuple[dict[str, Any], dict[str, list[str | float | None]], npt.NDArray[Any]]:
    header = client.get("/api/map", params=query).json()
    data = client.get("/api/map/points", params=query).content
    columns: dict[str, list[str | float | None]] = {}
    for column in header["columns"]:
        codes = array(data, column["codes"]).tolist()
        if column["kind"] == "word":
            columns[column["name"]] = [column["words"][code - 1] if code else None for code in codes]
        else:
            columns[column["name"]] = [
                None if code == 65535 else column["low"] + code * column["step"] for code in codes
            ]
    return header, columns, np.stack([array(data, header["x"]), array(data, header["y"])], axis=1)


def test_points_are_the_vectors_on_their_principal_axes_with_their_columns(client: TestClient, index: Index) -> None:
    header, columns, places = read(client)
    assert (header["count"], header["total"], header["version"]) == (120, 120, index.version)
    rows = {row["uuid"]: row for row in index.rows(range(120)).to_pylist()}
    assert sorted(header["ids"]) == sorted(rows)
    assert columns["sex"] == [rows[name]["sex"] for name in header["ids"]]
    assert columns["latitude"] == pytest.approx([rows[name]["latitude"] for name in header["ids"]], abs=0.01)
    assert columns[header["name"]] == [f"{rows[name]['genus']} {rows[name]['species']}" for name in header["ids"]]
    vectors = index.vectors(range(120))
    np.testing.assert_allclose(places, principal_axes(vectors).place(vectors), atol=1e-5)
    assert header["shares"][0] > header["shares"][1] > 0


def test_places_of_a_taxon_alone_are_those_of_its_own_axes(client: TestClient) -> None:
    header, columns, places = read(client, within="Corvus corax")
    assert (header["count"], set(columns["species"])) == (EACH, {"Corvus corax"})
    own = drawn_vectors(8)[:EACH]
    expected = principal_axes(own)
    assert header["shares"] == pytest.approx(list(expected.shares), rel=1e-2)
    assert places.std(axis=0)[0] > places.std(axis=0)[1]


def test_a_map_of_fewer_points_goes_evenly_through_the_taxa(client: TestClient) -> None:
    header, columns, _ = read(client, points=8)
    assert (header["count"], header["total"]) == (8, 120)
    assert set(columns["species"]) == {taxon.binomial for taxon in TAXA}


def test_by_neighbours_a_branch_lies_where_it_lies_in_the_whole(predictor: Predictor, index: Index) -> None:
    others = set(multiprocessing.active_children())
    board = DrawingBoard(method=Method.TSNE, rows=60)
    with client_of(Served(ServeSettings(), predictor=predictor, index=index, board=board)) as client:
        early = client.get("/api/map", params={"layout": "neighbours"})
        assert (early.status_code, early.headers["retry-after"]) == (503, "2")
        assert "being drawn" in early.json()["detail"]
        axes = read(client)
        end = time.monotonic() + 150
        while (told := client.get("/api/map/layout").json())["state"] == "drawing":
            assert time.monotonic() < end
            time.sleep(0.05)
        assert told == {"state": "ready", "method": "t-SNE", "detail": ""}
        header, columns, places = read(client, layout="neighbours")
        own, _, part = read(client, layout="neighbours", within="Corvus")
    assert (header["layout"], header["method"], header["fitted"], header["shares"]) == ("neighbours", "t-SNE", 60, [])
    assert (header["ids"], columns) == (axes[0]["ids"], axes[1])
    where = dict(zip(header["ids"], places, strict=True))
    np.testing.assert_allclose(part, [where[name] for name in own["ids"]], rtol=1e-5)
    species = np.array(columns["species"])
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    apart[np.diag_indices(len(apart))] = np.inf
    assert (species[apart.argmin(axis=1)] == species).mean() > 0.95  # the nearest picture is of the same species
    assert set(multiprocessing.active_children()) <= others  # the server has ended, and its process with it


def test_a_crowd_that_asks_for_maps_is_served_or_told_to_come_again(index: Index) -> None:
    """Each waited for the one before it, until no thread of the server was left for anything else."""
    maps = Maps(index, DrawingBoard())
    made: list[str] = []

    def ask(points: int) -> None:
        try:
            made.append(str(maps.plane(most=points).header["count"]))
        except Busy as error:
            made.append(f"busy {error.retry_after}")

    with maps._lock:  # a map that takes long
        threads = [threading.Thread(target=ask, args=(points,)) for points in range(10, 30)]
        for thread in threads:
            thread.start()
        while len(made) < 12:
            time.sleep(0.01)
        assert set(made) == {"busy 1"}
    for thread in threads:
        thread.join()
    assert len([count for count in made if not count.startswith("busy")]) == 8


def test_numbers_are_those_of_their_header_or_none(client: TestClient, index: Index) -> None:
    """Where the index grew between the two answers, points had the names and pictures of others."""
    ask = {"points": 8, "version": index.version}
    assert client.get("/api/map/points", params=ask).status_code == 200
    answer = client.get("/api/map/points", params=ask | {"version": index.version + 1})
    assert (answer.status_code, answer.json()["hint"]) == (404, "ask for the header again")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"layout": "round"}, 422),
        ({"within": "Nobody"}, 404),
        ({"points": 0}, 422),
        ({"points": 10**9}, 422),
        ({"points": "NaN"}, 422),
    ],
)
def test_a_map_that_cannot_be_is_refused(client: TestClient, query: dict[str, Any], status: int) -> None:
    assert client.get("/api/map", params=query).status_code == status
    assert client.get("/api/map/points", params=query).status_code == status
