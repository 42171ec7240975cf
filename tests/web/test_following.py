"""An index that changes while it is served."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from thuja.embeddings import Embeddings
from thuja.predict import Predictor
from thuja.search.index import Index
from thuja.search.store.build import BuildOptions, add_to_index, build_index
from thuja.web.app import create_app
from thuja.web.served import Served
from thuja.web.settings import Pace, ServeSettings


def rows_of(folder: Path, name: str, *, model: str, dim: int) -> list[Path]:
    vectors = np.random.default_rng(len(name)).normal(size=(10, dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [f"{name}{row}" for row in range(10)]
    Embeddings(ids=ids, vectors=vectors, model=model).save(folder / f"{name}.parquet")
    return [folder / f"{name}.parquet"]


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_rows_that_are_added_are_found_and_vectors_of_another_model_are_passed_over(
    predictor: Predictor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder that was built anew with another model's vectors was taken up, and every search failed from then on."""
    model, dim = predictor.model.id, predictor.model.config.embed_dim
    built = tmp_path / "index"
    build_index(rows_of(tmp_path, "a", model=model, dim=dim), built, BuildOptions())
    pace = Pace(refresh=0.05)
    served = Served(ServeSettings(pace=pace), predictor=predictor, index=Index.open(built))

    def search() -> dict[str, object]:
        answer = client.post("/api/search", json={"text": "a moth", "k": 30})
        assert answer.status_code == 200, answer.text
        return {"total": answer.json()["total"], "ids": {hit["id"][0] for hit in answer.json()["hits"]}}

    with TestClient(create_app(served), base_url="http://127.0.0.1:8080") as client:
        assert search() == {"total": 10, "ids": {"a"}}
        add_to_index(rows_of(tmp_path, "b", model=model, dim=dim), built, BuildOptions())
        until(lambda: client.get("/api/about").json()["index"]["rows"] == 20)
        assert search() == {"total": 20, "ids": {"a", "b"}}
        with caplog.at_level(logging.WARNING, "thuja.web.served"):
            build_index(rows_of(tmp_path, "c", model="bioclip-2", dim=dim), built, BuildOptions(), force=True)
            until(lambda: bool(caplog.messages))
            time.sleep(0.3)
        assert caplog.messages == ["the index holds vectors of bioclip-2 by now: what it held before is served on"]
        assert search()["total"] == 20


def test_an_index_that_is_built_anew_is_taken_up(predictor: Predictor, tmp_path: Path) -> None:
    model, dim = predictor.model.id, predictor.model.config.embed_dim
    built = tmp_path / "index"
    build_index(rows_of(tmp_path, "a", model=model, dim=dim), built, BuildOptions())
    served = Served(ServeSettings(pace=Pace(refresh=0.05)), predictor=predictor, index=Index.open(built))
    with TestClient(create_app(served), base_url="http://127.0.0.1:8080") as client:
        build_index(rows_of(tmp_path, "c", model=model, dim=dim), built, BuildOptions(), force=True)
        until(lambda: client.get("/api/records/c1").status_code == 200)
        assert client.get("/api/records/a1").status_code == 404
