"""`thuja serve` as a user calls it: what is wrong is one sentence, before anything listens."""

import re
import socket
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from thuja.cli.serve import serve
from thuja.embeddings import Embeddings
from thuja.encode import Hardware, build_labels
from thuja.errors import BadFile, ThujaError, UsageError
from thuja.model import Model
from thuja.predict import Predictor
from thuja.search.index import Index
from thuja.search.store.build import BuildOptions, build_index
from thuja.taxonomy import Taxon
from thuja.web.app import create_app
from thuja.web.opening import Named, demo_named, open_served, require_one_space
from thuja.web.settings import ServeSettings

TAXA = [
    Taxon(kingdom="Animalia", genus="Corvus", species="corax"),
    Taxon(kingdom="Animalia", genus="Pica", species="pica"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.conftest import make_tiny_model

    folder = tmp_path_factory.mktemp("serve") / "demo" / "run"
    make_tiny_model().save(folder)
    build_labels(Model.load(folder), TAXA).save(folder / "labels")
    return folder


def index_of(folder: Path, model: str, dim: int = 8) -> Path:
    vectors = np.random.default_rng(0).normal(size=(20, dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    Embeddings(ids=[f"i{row}" for row in range(20)], vectors=vectors, model=model).save(folder / "rows.parquet")
    build_index([folder / "rows.parquet"], folder / "index", BuildOptions())
    return folder / "index"


def told(*arguments: object) -> ThujaError:
    result = CliRunner().invoke(serve, [*map(str, arguments), "--port", "0", "--precision", "fp32"])
    assert isinstance(result.exception, ThujaError), result
    return result.exception


def test_nothing_to_serve_is_told() -> None:
    assert told().message == "there is nothing to serve"


def test_a_missing_index_is_told(tmp_path: Path) -> None:
    assert str(tmp_path / "no") in told("--index", tmp_path / "no").message


def test_a_missing_model_is_told(tmp_path: Path) -> None:
    assert "no-such-run" in told("--model", tmp_path / "no-such-run").message


def test_an_index_of_another_model_is_told_with_both_names(run: Path, tmp_path: Path) -> None:
    error = told("--model", run, "--index", index_of(tmp_path, "bioclip-2"))
    assert error.message == (
        f"the index holds vectors of bioclip-2 (8 dimensions), and the model is {Model.load(run).id} (8): they cannot "
        "be compared"
    )
    assert error.exit_code == 2


def test_an_index_of_nobodys_vectors_is_told_with_what_mends_it(run: Path, tmp_path: Path) -> None:
    error = told("--model", run, "--index", index_of(tmp_path, ""))
    assert error.message.startswith("nothing says whose vectors this index holds")
    assert "index build ... --model NAME --force" in error.hint


def test_an_index_is_of_the_model_that_its_builder_named_without_a_hash(run: Path, tmp_path: Path) -> None:
    name = re.sub(r"-[0-9a-f]{12}$", "", Model.load(run).id)
    index = Index.open(index_of(tmp_path, name))
    assert index.model == name != Model.load(run).id
    require_one_space(index, Predictor(str(run)).model)


def test_a_taken_port_is_told_before_anything_is_opened(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = CliRunner().invoke(serve, ["--index", str(tmp_path), "--port", str(taken.getsockname()[1])])
    assert isinstance(result.exception, UsageError)
    assert "is taken" in result.exception.message


def test_a_key_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "cannot read the keys" in told("--model", tmp_path, "--key-file", tmp_path / "none").message


def test_labels_without_a_model_are_told(tmp_path: Path) -> None:
    assert told("--index", tmp_path, "--label", "a", "--label", "b").message.startswith("labels are what a model")


def test_model_and_index_of_one_space_are_served_together(run: Path, tmp_path: Path) -> None:
    index = index_of(tmp_path, Model.load(run).id)
    plain = Hardware(device="cpu", precision="fp32")
    served = open_served(Named(model=str(run), index=str(index), hardware=plain), ServeSettings())
    assert len(served.require_index()) == 20
    assert len(served.require_predictor().labels) == 2


@pytest.fixture(scope="module")
def bare_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's folder without labels."""
    from tests.conftest import make_tiny_model

    folder = tmp_path_factory.mktemp("bare") / "run"
    make_tiny_model().save(folder)
    return folder


def test_a_model_without_labels_searches_by_words_and_says_that_it_names_nothing(
    bare_run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It used to end the server: words need the model's towers alone."""
    index = index_of(tmp_path, Model.load(bare_run).id)
    plain = Hardware(device="cpu", precision="fp32")
    served = open_served(Named(model=str(bare_run), index=str(index), hardware=plain), ServeSettings())
    assert caplog.messages == [f"there are no labels in {bare_run / 'labels'}, so there is nothing to choose from: "
                               "this server searches, and names nothing"]  # fmt: skip
    with TestClient(create_app(served), base_url="http://127.0.0.1") as client:
        found = client.post("/api/search", json={"text": "a moth", "k": 3})
        named = client.post("/api/identify", files={"images": b"no picture"})
        about = client.get("/api/about").json()
    assert (found.status_code, len(found.json()["hits"])) == (200, 3)
    assert named.status_code == 409
    assert named.json()["detail"] == "the model of this server has no labels, so it names nothing"
    assert (about["features"]["identify"], about["features"]["search"], about["labels"]) == (False, True, None)
    assert about["model"]["id"] == Model.load(bare_run).id


def test_a_model_without_labels_alone_is_told(bare_run: Path) -> None:
    assert told("--model", bare_run).message.startswith(f"there are no labels in {bare_run / 'labels'}")


def test_answers_alone_are_served(tmp_path: Path) -> None:
    """docs/serve-review.md says so; it used to be refused."""
    (tmp_path / "answers.csv").write_text("file_name,classification,score\na.jpg,Corvus corax,0.4\n")
    served = open_served(Named(), ServeSettings(review=tmp_path / "answers.csv"))
    with TestClient(create_app(served), base_url="http://127.0.0.1") as client:
        assert client.get("/api/review").json()["progress"]["open"] == 1


def test_the_page_is_not_told_where_a_model_lies(run: Path) -> None:
    """It showed the path that the command line was given."""
    plain = Hardware(device="cpu", precision="fp32")
    served = open_served(Named(model=str(run), hardware=plain), ServeSettings())
    with TestClient(create_app(served), base_url="http://127.0.0.1") as client:
        assert client.get("/api/about").json()["model"]["name"] == "run"


def test_an_index_alone_is_served(tmp_path: Path) -> None:
    served = open_served(Named(index=str(index_of(tmp_path, "bioclip-2"))), ServeSettings())
    assert served.predictor is None
    assert served.require_index().model == "bioclip-2"


def test_the_demo_is_found_and_a_missing_one_is_told(run: Path, tmp_path: Path) -> None:
    named = demo_named(run.parent.parent, Named(model="demo"))
    assert (named.model, named.index) == (str(run), None)
    with pytest.raises(UsageError, match="there is no demo in"):
        demo_named(tmp_path, Named(model="demo"))
    assert told("--demo", "--model", "x").message == "--demo names a model and an index already"


def test_a_review_of_what_is_no_answers_is_told(run: Path, tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text("a,b\n1,2\n")
    error = told("--model", run, "--review", tmp_path / "answers.csv")
    assert isinstance(error, UsageError | BadFile)
