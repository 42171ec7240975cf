"""`thuja evaluate suite`, `compare` and `tasks` as a user calls them, on a real tiny model."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from tests.evaluate.suite_making import TAXA, balanced, paint

from thuja.cli.evaluate import evaluate
from thuja.cli.evaluate_suite import catalogs_of, default_label, entries_of, labelled_models
from thuja.errors import OutputExists, UnknownName, UsageError


def call(*words: object) -> Result:
    return CliRunner().invoke(evaluate, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of one's own: columns path and class."""
    folder = paint(tmp_path / "garden", balanced(3))
    return (folder / "labels.csv").rename(folder / "garden.csv")


@pytest.fixture
def run(tiny_model, tmp_path: Path) -> Path:
    tiny_model.save(tmp_path / "run" / "model")
    (tmp_path / "run" / "recipe.json").write_text('{"name": "small"}')
    return tmp_path / "run"


def test_a_suite_prints_its_tasks_writes_its_tables_and_goes_on(run, table, tmp_path):
    words = ("suite", f"mine={run}", f"untrained:{run}", "--tasks", f"garden={table}", "--out", tmp_path / "out",
             "--shots", 1, "--cache", tmp_path / "cache")  # fmt: skip
    done = call(*words)
    assert done.exit_code == 0
    assert "as the public code does it, in per cent" in done.stdout
    assert f"report: {tmp_path / 'out' / 'report.html'}" in done.stdout
    assert "tables: " not in done.stdout, "a task of one's own is in no column of the papers, and no table is written"
    assert f"measures: {tmp_path / 'out' / 'measures.csv'}" in done.stdout
    assert (tmp_path / "out" / "measures.csv").is_file()
    wanted = json.loads((tmp_path / "out" / "suite.json").read_text())
    assert list(wanted["models"]) == ["mine", "untrained run"]
    cells = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "models").rglob("*.json")}
    assert len(cells) == 4
    assert call(*words).stdout == done.stdout
    assert {path: path.stat().st_mtime_ns for path in cells} == cells
    compared = call("compare", tmp_path / "out/models/mine", tmp_path / "out/models/untrained-run", "--out",
                    tmp_path / "both")  # fmt: skip
    assert compared.exit_code == 0
    assert "what differs" in compared.stdout
    assert (tmp_path / "both" / "report.html").is_file()


def test_a_table_in_place_of_curated_data_is_a_suite_of_one(run, table, tmp_path):
    done = call(run, table, "--out", tmp_path / "out", "--cache", tmp_path / "cache")
    assert done.exit_code == 0
    assert json.loads((tmp_path / "out" / "suite.json").read_text())["tasks"]["garden"]["images"] == 12
    with pytest.raises(UsageError, match="--run is about data that thuja curate made"):
        call(run, table, "--out", tmp_path / "out", "--run", run)


def test_a_parquet_of_embeddings_is_a_model_and_is_marked_where_it_lacks_images(table, tmp_path):
    rows = [line.split(",")[0] for line in table.read_text().splitlines()[1:]]
    vectors = [[float(place % 3), float(place % 5), 1.0] for place in range(len(rows) - 1)]
    pq.write_table(pa.table({"path": rows[1:], "emb": vectors}), tmp_path / "theirs.parquet")
    words = ("suite", tmp_path / "theirs.parquet", "--tasks", f"garden={table}", "--out", tmp_path / "out",
             "--protocol", "corrected", "--shots", "1,2")  # fmt: skip
    refused = call(*words)
    assert refused.exit_code == 1
    assert "failed: theirs on garden, corrected: 1 of 12 images have no vector" in refused.stdout
    allowed = call(*words, "--allow-missing")
    assert allowed.exit_code == 0
    assert "†" in allowed.stdout


def test_what_a_model_was_trained_on_adds_its_section(run, tmp_path):
    folder = paint(tmp_path / "garden", balanced(2))
    ranks = ["path", "kingdom", "class", "order", "family", "genus", "species"]
    lines = [",".join(ranks)]
    for line in (folder / "labels.csv").read_text().splitlines()[1:]:
        path, label = line.split(",")
        taxon = TAXA[label]
        lines.append(f"{path},{taxon.kingdom},{taxon.class_},,{taxon.family},{taxon.genus},{taxon.species}")
    (folder / "ranks.csv").write_text("\n".join(lines) + "\n")
    rows = [TAXA["red"].to_columns() | {"split": "train"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "catalog.parquet")
    done = call("suite", run, "--tasks", f"garden={folder / 'ranks.csv'}", "--out", tmp_path / "out", "--cache",
                tmp_path / "cache", "--trained-on", tmp_path / "catalog.parquet", "--protocol", "public")  # fmt: skip
    assert done.exit_code == 0
    assert "What was met in training" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_folder_of_something_else_is_left_alone(run, table, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("dear")
    with pytest.raises(OutputExists, match="is not empty"):
        call("suite", run, "--tasks", f"garden={table}", "--out", tmp_path / "out")


def test_wrong_words_are_told_before_a_model_is_loaded(table, tmp_path):
    out = ("--out", tmp_path / "out")
    for words, message in (
        (("--tasks", "nabirdz=."), 'unknown task: "nabirdz"'),
        (("--tasks", f"nabirds={tmp_path / 'nowhere'}"), "nabirds has no folder"),
        (("--tasks", f"garden={tmp_path}"), r'unknown task: "garden"\nhint: .* garden=TABLE.csv; .* one of nab'),
        (("--tasks", tmp_path), "holds no folder that is called as a task is"),
        (("--tasks", "nowhere.csv"), "there is nothing at nowhere.csv"),
        (("--tasks", "garden="), "there is nothing at |holds no folder"),
        (("--tasks", f"garden={table}", "--protocol", "privat"), 'unknown protocol: "privat"'),
        (("--tasks", f"garden={table}", "--shots", "one"), "--shots takes whole numbers"),
        (("--tasks", f"garden={table}", "--trained-on", "x=y"), 'unknown model: "x"'),
        (("--tasks", f"garden={table}", "--leaks"), "none is given"),
        (("--tasks", f"garden={table}", "--trained-on", tmp_path / "none"), "there is no catalog"),
    ):
        with pytest.raises(UsageError, match=message):
            call("suite", tmp_path / "no model", *words, *out)
    assert not (tmp_path / "out").exists()


def test_models_get_labels_of_their_own_or_the_end_of_their_name(tmp_path):
    assert labelled_models(["a/run", "b=imageomics/bioclip-2"]) == {"run": "a/run", "b": "imageomics/bioclip-2"}
    (tmp_path / "x=y").mkdir()
    assert labelled_models([f"{tmp_path}/x=y"]) == {"x=y": f"{tmp_path}/x=y"}
    with pytest.raises(UsageError, match=r"two models are called run: a/run and b/run\n.*LABEL=MODEL"):
        labelled_models(["a/run", "b/run"])
    with pytest.raises(UsageError, match="MODEL or LABEL=MODEL"):
        labelled_models(["=x"])
    assert default_label("./model") == "model"


def test_a_folder_of_folders_holds_a_task_each(tmp_path):
    for name in ("nabirds", "plant_id", "notes"):
        (tmp_path / name).mkdir()
    entries = entries_of([str(tmp_path)], jobs=1)
    assert [(entry.name, entry.place.name) for entry in entries] == [("nabirds", "nabirds"), ("plant-id", "plant_id")]


def test_a_table_without_a_name_is_called_as_its_file_is(table):
    """It was looked into for folders, and refused as none."""
    (entry,) = entries_of([str(table)], jobs=1)
    assert (entry.name, entry.place, entry.task.about.title) == ("garden", table, "garden")


def test_a_catalog_is_for_one_model_or_for_all(tmp_path):
    (tmp_path / "a").write_text("")
    (tmp_path / "b").write_text("")
    found = catalogs_of([str(tmp_path / "a"), f"two={tmp_path / 'b'}"], ["one", "two"])
    assert {label: path.name for label, path in found.items()} == {"one": "a", "two": "b"}


def test_tasks_are_listed_and_told_one_by_one():
    listed = call("tasks").stdout
    assert "nabirds" in listed
    assert "inquire-rerank" in listed
    rows = {line.split()[0]: line for line in listed.splitlines() if line.startswith("  ")}
    assert rows["crypticbio"].endswith("no")
    told = call("tasks", "meta_album_plk").stdout
    for word in ("had", "licence", "layout", "metadata.csv", "public", "corrected", "Plankton"):
        assert word in told
    assert "not tried on its files" in call("tasks", "crypticbio").stdout
    with pytest.raises(UnknownName, match="did you mean nabirds"):
        call("tasks", "nabird")


@pytest.mark.parametrize(
    "words", [("suite", "m", "--tasks", "t", "--out", "o"), ("compare", "a", "b"), ("neighbours", "e"), ("m", "d")]
)
def test_a_seed_that_no_generator_takes_is_a_wrong_call(words) -> None:
    """It ended in NumPy's traceback, of a suite once all images were encoded."""
    done = call(*words, "--seed", -1)
    assert done.exit_code == 2
    assert "-1 is not in the range" in done.stderr
