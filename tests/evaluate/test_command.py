"""`thuja evaluate` on a real tiny model."""

import json

import pytest
from click.testing import CliRunner

from thuja.cli.evaluate import evaluate
from thuja.errors import EmptyInput, OutputExists, UnknownName
from thuja.jobs import MARKER


@pytest.fixture
def curated(world):
    marker = {"verb": "curate", "state": "complete"}
    (world.folder / MARKER).write_text(json.dumps(marker))
    return world.folder


@pytest.fixture
def run(tiny_model, tmp_path):
    tiny_model.save(tmp_path / "run" / "model")
    (tmp_path / "run" / "metrics.jsonl").write_text('{"step": 1, "loss": 2.0}\n')
    (tmp_path / "run" / "recipe.json").write_text('{"name": "small", "optimizer": {"lr": 0.1}}')
    return tmp_path / "run"


def call(*words):
    return CliRunner().invoke(evaluate, [str(word) for word in words], catch_exceptions=False)


def test_a_run_folder_stands_for_its_model_and_its_curves(run, curated, tmp_path):
    """The curves were lost when the run's model was found before the run was remembered."""
    result = call(run, curated, "--out", tmp_path / "out", "--limit", 16)
    assert result.exit_code == 0
    assert "Only 16 pictures a split were used" in result.output
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written >= {"report.html", "scores.json", "predictions.parquet", "embeddings-test.parquet", "examples"}
    assert ">Training<" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())["scores"]
    methods = {score["method"] for score in scores if (score["task"], score["split"]) == ("zero-shot", "test")}
    assert methods == {
        "model", "model, rolled up", "model, centroid", "chance", "majority", "raw pixels", "untrained, text",
        "untrained, centroid",
    }  # fmt: skip


def test_an_earlier_report_stays_unless_forced(run, curated, tmp_path):
    call(run, curated, "--out", tmp_path / "out", "--no-baselines")
    with pytest.raises(OutputExists):
        call(run, curated, "--out", tmp_path / "out", "--no-baselines")
    assert call(run, curated, "--out", tmp_path / "out", "--no-baselines", "--force").exit_code == 0


def test_a_folder_that_curate_did_not_make_is_refused_before_anything_is_written(run, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(EmptyInput, match=r"not a folder that thuja curate made\nhint: .* CSV table"):
        call(run, tmp_path / "empty", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_unknown_text_type_is_named_with_those_that_exist(run, curated, tmp_path):
    with pytest.raises(UnknownName, match="taxonTag_com"):
        call(run, curated, "--out", tmp_path / "out", "--text-type", "latin")
