"""`thuja analyze directions` from a file of embeddings to the page."""

import csv

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from PIL import Image
from tests.analyze.directions.making import between_space

from thuja.cli.analyze_directions import directions
from thuja.embeddings import Embeddings
from thuja.errors import UnknownName


@pytest.fixture
def folder(tmp_path):
    space, _ = between_space(np.random.default_rng(0), species=10, sizes=3)
    ids = [f"photos/{n}.jpg" for n in range(len(space))]
    columns = pa.Table.from_pylist([taxon.to_columns() for taxon in space.taxa])
    columns = columns.append_column("size", pa.array(space.columns["size"]))
    Embeddings(ids=ids, vectors=space.vectors, model="made", columns=columns).save(tmp_path / "e.parquet")
    (tmp_path / "photos").mkdir()
    for name in ids[1:]:
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    return tmp_path


def test_the_command_writes_a_page_a_ranking_and_a_strip(folder) -> None:
    call = [str(folder / "e.parquet"), "--trait", "size", "--images", str(folder / "photos"), "--out"]
    call += [str(folder / "out"), "--draws", "39"]
    done = CliRunner().invoke(directions, call, catch_exceptions=False)
    assert "Spearman's correlation over 10 species left out: 0." in done.output
    with (folder / "out" / "ranking.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 30
    assert [float(row["place"]) for row in rows] == sorted(float(row["place"]) for row in rows)
    saved = Embeddings.load(folder / "out" / "direction.parquet")
    given = Embeddings.load(folder / "e.parquet")
    ends = [given.vectors[list(given.ids).index(rows[place]["uuid"])] @ saved.vectors[0] for place in (0, -1)]
    assert ends[0] < ends[1]
    assert (saved.model, saved.columns.to_pylist()) == (given.model, [{"trait": "size", "low": "", "high": ""}])
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "data:image/jpeg" in page
    assert (folder / "out" / "findings.csv").is_file()
    again = CliRunner().invoke(directions, [*call, "--force"], catch_exceptions=False)
    assert again.output == done.output


def test_an_unknown_column_is_named_with_its_neighbours(folder) -> None:
    call = [str(folder / "e.parquet"), "--trait", "sise", "--out", str(folder / "out")]
    error = CliRunner().invoke(directions, call).exception
    assert isinstance(error, UnknownName)
    assert "did you mean size" in error.hint
