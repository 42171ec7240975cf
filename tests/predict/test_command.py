"""`thuja predict` as a user runs it, and the columns that pybioclip's users know."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from thuja.cli.predict import predict
from thuja.errors import EmptyInput, OutputExists, ThujaError, UnknownName, UsageError


def run(*words):
    return CliRunner().invoke(predict, [str(word) for word in words], catch_exceptions=False)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_every_format_holds_the_same_rows(model_folder, pictures, tmp_path):
    said = {}
    for format_ in ("csv", "jsonl", "parquet"):
        result = run(pictures, "--model", model_folder, "-k", 2, "--out", tmp_path / f"out.{format_}")
        assert result.exit_code == 0
        assert "3 images answered, 1 could not be read" in result.stderr
    said["csv"] = rows((tmp_path / "out.csv").read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    said["jsonl"] = [
        {**line, "species": answer["text"], "score": answer["score"]}
        for line in lines
        for answer in line["answers"] or [{"text": "", "score": 0}]
    ]
    said["parquet"] = pq.read_table(tmp_path / "out.parquet").to_pylist()
    plain = [
        [
            (row["file_name"], row["species"] or "", f"{float(row['score'] or 0):.5f}", row.get("error") or "")
            for row in table
        ]
        for table in said.values()
    ]
    assert plain[0] == plain[1] == plain[2]
    assert len(plain[0]) == 3 * 2 + 1


def test_stdout_has_the_data_and_stderr_the_counts(model_folder, pictures):
    result = run(pictures, "--model", model_folder, "--rank", "family", "-k", 1)
    assert [row["family"] for row in rows(result.stdout)].count("") == 1
    assert result.stderr.strip() == "3 images answered, 1 could not be read"


def test_labels_with_commas_come_through_whole(model_folder, pictures, tmp_path):
    (tmp_path / "labels.txt").write_text('crow, "black"\nmagpie\n', encoding="utf-8")
    given = run(pictures / "a.png", "--model", model_folder, "--label", 'crow, "black"', "--label", "magpie")
    read = run(pictures / "a.png", "--model", model_folder, "--labels", tmp_path / "labels.txt")
    assert {row["classification"] for row in rows(given.stdout)} == {'crow, "black"', "magpie"}
    assert given.stdout == read.stdout


def test_no_readable_image_at_all_is_a_failure_with_its_row(model_folder, pictures):
    result = run(pictures / "b.jpg", "--model", model_folder)
    assert result.exit_code == 1
    assert rows(result.stdout)[0]["error"]


def test_an_output_is_replaced_only_when_forced(model_folder, pictures, tmp_path):
    (tmp_path / "out.csv").write_text("mine")
    with pytest.raises(OutputExists):
        run(pictures, "--model", model_folder, "--out", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "mine"
    run(pictures, "--model", model_folder, "--out", tmp_path / "out.csv", "--force")
    assert (tmp_path / "out.csv").read_text().startswith("file_name,")


def test_a_wrong_call_leaves_no_output(model_folder, pictures, tmp_path):
    with pytest.raises(UsageError):
        run(pictures, "--model", model_folder, "-k", 99, "--out", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (["-k", "0"], UsageError, "best 0 answers"),
        (["-k", "5"], UsageError, "best 5 of 4"),
        (["--rank", "genera"], UnknownName, "unknown rank"),
        (["--rank", "family", "--label", "a"], UsageError, "--rank is for taxa"),
        (["--label", "a", "--labels", "b.txt"], UsageError, "exclude each other"),
        (["--format", "xml"], UnknownName, "unknown format"),
        (["--format", "parquet"], UsageError, "stdout"),
        (["--coverage", "0.9"], UsageError, "needs a calibration"),
        (["--confidence", "90"], UsageError, "between 0 and 1, got 90"),
        (["--confidence", "0.9", "--label", "a"], UsageError, "confidence is for taxa"),
        (["--country", "CR"], UsageError, "needs a table"),
        (["--head", "knn"], UsageError, "there are none"),
        (["--add"], UsageError, "there is none"),
        (["--within", "Plantaea"], EmptyInput, 'within "Plantaea"'),
    ],
)
def test_wrong_calls_are_said_in_a_sentence(model_folder, pictures, words, error, said):
    with pytest.raises(error, match=said):
        run(pictures, "--model", model_folder, *words)


def test_an_empty_folder_and_a_pattern_without_a_match_are_said(model_folder, tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(EmptyInput, match=r"no image in .*none"):
        run(tmp_path / "none", "--model", model_folder)
    with pytest.raises(UsageError, match="no such file or folder"):
        run(tmp_path / "*.jpg", "--model", model_folder)


def test_with_no_model_anywhere_the_three_ways_on_are_said(pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THUJA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(ThujaError) as caught:
        run(pictures)
    assert caught.value.exit_code == 2
    for way in ("make demo", "--model FOLDER", "open_clip_config.json"):
        assert way in str(caught.value)


def test_the_kingdom_is_a_rank_too(model_folder, pictures):
    """Its level is 0, which once counted as no rank: the columns were those of species."""
    result = run(pictures, "--model", model_folder, "--rank", "kingdom", "-k", 1)
    assert result.stdout.splitlines()[0] == "file_name,kingdom,score,error"


def test_a_suffix_that_names_no_format_is_refused(model_folder, pictures, tmp_path):
    """`--out x.xlsx` once held CSV."""
    with pytest.raises(UnknownName, match="xlsx"):
        run(pictures, "--model", model_folder, "--out", tmp_path / "x.xlsx")
    assert not (tmp_path / "x.xlsx").exists()
