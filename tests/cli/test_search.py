"""`thuja search`: words, pictures and files in; tables, pages and one sentence for a slip out."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from tests.conftest import make_tiny_model

from thuja.cli.search import search
from thuja.embeddings import Embeddings
from thuja.encode import encode_images, encode_texts
from thuja.errors import ImageError, OutputExists, ThujaError, UnknownName, UsageError
from thuja.search.store.build import BuildOptions, build_index
from thuja.taxonomy import Taxon

TAXA = (
    Taxon.from_names(("Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corax"), "raven"),
    Taxon.from_names(("Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Pica", "pica"), "magpie"),
)

PLAINLY = ("--device", "cpu", "--precision", "fp32", "--threads", "1")
"""What is fastest need not be tried for a model of this size."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """A model, an index of forty coloured pictures that it made, and one of them as a file."""
    folder = tmp_path_factory.mktemp("search")
    model = make_tiny_model()
    model.save(folder / "model", name="tiny")
    generator = np.random.default_rng(0)
    pictures = [_png(generator.integers(0, 255, 3)) for _ in range(40)]
    (folder / "photo.png").write_bytes(pictures[5])
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    vectors = encode_images(model, [(str(row), data) for row, data in enumerate(pictures)]).embeddings.vectors
    columns = pa.Table.from_pylist([TAXA[row % 2].to_columns() for row in range(40)])
    columns = columns.append_column("license_name", pa.array([("CC0", "CC BY")[row // 20] for row in range(40)]))
    for name, values in (("latitude", range(40)), ("longitude", range(40, 80))):
        columns = columns.append_column(name, pa.array(values, pa.float64()))
    ids = [f"p{row:02}" for row in range(40)]
    Embeddings(ids=ids, vectors=vectors, model=model.id, columns=columns).save(folder / "e.parquet")
    build_index([folder / "e.parquet"], folder / "index", BuildOptions())
    return folder


def _png(colour) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (24, 24), tuple(int(one) for one in colour)).save(file, "PNG")
    return file.getvalue()


def run(folder: Path, *words: object, model: bool = True) -> Result:
    call = [str(folder / "index"), *map(str, words)]
    named = ["--model", str(folder / "model")] if model else []
    return CliRunner().invoke(search, [*call, *named, *PLAINLY])


def slip(folder: Path, *words: object, model: bool = True) -> ThujaError:
    error = run(folder, *words, model=model).exception
    assert isinstance(error, ThujaError), error
    return error


def rows(result: Result) -> list[dict[str, str]]:
    assert result.exception is None, result.exception
    return list(csv.DictReader(result.stdout.splitlines()))


def test_a_picture_finds_itself_first(folder) -> None:
    found = rows(run(folder, folder / "photo.png", "-k", 3))
    assert [row["rank"] for row in found] == ["1", "2", "3"]
    assert found[0]["uuid"] == "p05"
    assert float(found[0]["score"]) > 0.999


def test_words_are_read_as_one_text_with_or_without_quotation_marks(folder) -> None:
    model = make_tiny_model()
    expected = Embeddings.load(folder / "e.parquet").vectors @ encode_texts(model, ["a photo of a black bird."])[0]
    one, three = (rows(run(folder, *words, "-k", 5)) for words in (["a black bird"], ["a", "black", "bird"]))
    assert one == three
    assert [int(row["uuid"][1:]) for row in one] == np.argsort(-expected)[:5].tolist()


def test_a_name_is_told_as_the_taxon_that_it_is(folder) -> None:
    result = run(folder, "raven", "-k", 1)
    assert '"raven" is understood as Animalia Chordata Aves Passeriformes Corvidae Corvus corax' in result.stderr


def test_filters_groups_and_columns_are_heeded(folder) -> None:
    call = ("--id", "p00", "--where", "license_name=CC0", "--within", "Pica", "-k", 40, "--column", "license_name")
    found = rows(run(folder, *call, model=False))
    assert sorted(row["uuid"] for row in found) == [f"p{row:02}" for row in range(1, 20, 2)]
    assert list(found[0]) == ["rank", "uuid", "score", "license_name"]
    grouped = rows(run(folder, "--id", "p00", "--group-by", "species", "--not-within", "Corvus", model=False))
    assert [row["group"] for row in grouped] == ["Pica pica"]


def test_a_region_of_geojson_is_looked_through(folder, tmp_path) -> None:
    path = tmp_path / "region.geojson"
    square = {"type": "Polygon", "coordinates": [[[40.5, 0], [43.5, 0], [43.5, 2.5], [40.5, 2.5]]]}
    path.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": square}))
    found = rows(run(folder, "--id", "p00", "--region", path, model=False))
    assert sorted(row["uuid"] for row in found) == ["p01", "p02"]
    path.write_text("{")
    assert "is not JSON" in str(slip(folder, "--id", "p00", "--region", path, model=False))


def test_json_holds_facets_and_counts(folder) -> None:
    found = json.loads(run(folder, "--id", "p00", "--format", "json", "--facet", "genus", model=False).stdout)
    assert found["facets"]["genus"] == [{"value": "Corvus", "count": 20}, {"value": "Pica", "count": 20}]
    assert (found["total"], len(found["hits"]), found["is_exhausted"]) == (40, 10, False)


def test_a_direction_between_ids_between_words_or_learnt(folder, tmp_path) -> None:
    by_ids = rows(run(folder, "--from", "p00", "--to", "p01", model=False))
    given = Embeddings.load(folder / "e.parquet")
    vectors = given.vectors
    Embeddings(ids=["size"], vectors=vectors[1:2] - vectors[:1], model=given.model).save(tmp_path / "d.parquet")
    learnt = rows(run(folder, "--direction", tmp_path / "d.parquet", model=False))
    assert [row["uuid"] for row in learnt] == [row["uuid"] for row in by_ids]
    back = rows(run(folder, "--direction", tmp_path / "d.parquet", "--strength", -1, "-k", 40, model=False))
    assert back[-1]["uuid"] == learnt[0]["uuid"]
    assert len(rows(run(folder, "--from", "a small bird", "--to", "a large bird"))) == 10
    Embeddings(ids=["size"], vectors=vectors[:1], model="other").save(tmp_path / "other.parquet")
    assert "learnt in the space of other" in slip(folder, "--direction", tmp_path / "other.parquet").message


def test_many_queries_are_answered_from_a_file(folder, tmp_path) -> None:
    call = ("--queries", folder / "e.parquet", "-k", 2, "--without-self", "--column", "common")
    result = run(folder, *call, "--out", tmp_path / "out.parquet", model=False)
    assert "the 2 nearest of 40 queries" in result.stderr
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.column_names == ["query_uuid", "rank", "uuid", "score", "common"]
    assert table.num_rows == 80
    assert "leave it out" in slip(folder, *call, "--group-by", "species", "--out", tmp_path / "b.parquet").hint
    assert "--queries says what is sought" in slip(folder, "words", *call).message
    assert "no output is named" in slip(folder, *call).message


def test_results_are_written_whole_and_not_over_others(folder, tmp_path) -> None:
    out, page = tmp_path / "out.jsonl", tmp_path / "out.html"
    result = run(folder, folder / "photo.png", "--out", out, "--html", page, "-k", 4)
    assert result.stdout == ""
    assert len(out.read_text().splitlines()) == 4
    html = page.read_text()
    assert html.count('class="hit"') == 4
    assert "photo.png" in html
    assert isinstance(slip(folder, folder / "photo.png", "--out", out), OutputExists)
    assert run(folder, folder / "photo.png", "--out", out, "--force").exit_code == 0
    assert "format" in slip(folder, "--id", "p00", "--out", tmp_path / "out.txt").message


def test_nothing_found_is_said_and_exits_1(folder) -> None:
    result = run(folder, "--id", "p00", "--within", "Pica", "--where", "license_name=none", model=False)
    assert result.exit_code == 1
    assert "alone they keep within Pica: 20; license_name=none: 0" in result.stderr


def test_a_slip_is_one_sentence(folder, tmp_path) -> None:
    missing = CliRunner().invoke(search, [str(tmp_path / "none"), "x"]).exception
    assert isinstance(missing, ThujaError)
    assert "did you mean" in slip(folder, "--id", "p00", "--within", "Corvdiae").hint
    assert isinstance(slip(folder, "--id", "p00", "--where", "licence=CC0"), UnknownName)
    assert "at most 2,000 characters, got 100,000" in slip(folder, "x" * 100_000).message
    assert "k is from 1 to 10,000, got 1,000,000" in slip(folder, "--id", "p00", "-k", 1_000_000).message
    assert isinstance(slip(folder, folder / "broken.jpg"), ImageError)
    assert slip(folder, "http://127.0.0.1:1/a.jpg").message.startswith("http://127.0.0.1:1/a.jpg: cannot connect")
    assert "there is no picture at missing.jpg" in slip(folder, "missing.jpg").message
    assert 'unknown id: "q"' in slip(folder, "--id", "q").message
    assert "unknown format" in slip(folder, "--id", "p00", "--format", "xml").message
    assert "--without-self is for --queries" in slip(folder, "--id", "p00", "--without-self").message
    both = slip(folder, "--direction", tmp_path / "d.parquet", "--from", "p00", "--to", "p01")
    assert "leave out one of the two" in both.hint


def test_another_model_is_refused_before_its_weights_are_read(folder, tmp_path) -> None:
    other = tmp_path / "other"
    make_tiny_model().save(other, name="second")
    (other / "open_clip_model.safetensors").write_bytes(b"not read")
    error = CliRunner().invoke(search, [str(folder / "index"), "raven", "--model", str(other)]).exception
    assert isinstance(error, UsageError)
    assert "made with tiny-" in error.message
    assert "and the model is second-" in error.message


def test_the_demos_model_is_found_by_itself(folder, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert "is not at hand" in slip(folder, "raven", model=False).message
    (tmp_path / "demo" / "run").mkdir(parents=True)
    (tmp_path / "demo" / "run" / "model").symlink_to(folder / "model")
    assert len(rows(run(folder, "raven", model=False))) == 10
