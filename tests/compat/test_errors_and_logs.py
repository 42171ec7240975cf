"""The shim's errors, in pybioclip's kinds and words; its logs; its tables."""

import csv
import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from thuja.compat import pybioclip as ours
from thuja.compat.pybioclip import commands, names, predict, recorder
from thuja.compat.pybioclip.names import Rank
from thuja.errors import ThujaError


@pytest.fixture(scope="module", name="tree")
def tree_of_life() -> ours.TreeOfLifeClassifier:
    return ours.TreeOfLifeClassifier()


CALLS: dict[str, tuple[type[Exception], Callable[[ours.TreeOfLifeClassifier], object]]] = {
    "TreeOfLife predictions are only supported for the following models: "
    "hf-hub:imageomics/bioclip, hf-hub:imageomics/bioclip-2": (
        ValueError,
        lambda _: predict.ensure_tol_supported_model("x"),
    ),
    "Empty, null, or nan are not allowed for bin values.": (
        ValueError,
        lambda _: ours.CustomLabelsBinningClassifier({"a": "x", "b": float("nan")}),
    ),
    "Unknown species received: Felis rex, Felis lex. Only known species may be used.": (
        ValueError,
        lambda tree: tree.create_taxa_filter(Rank.SPECIES, ["Genus1 species1", "Felis rex", "Felis lex"]),
    ),
    "Unknown family received: Felidae. Only known family may be used.": (
        ValueError,
        lambda tree: tree.create_taxa_filter(Rank.FAMILY, ["Felidae"]),
    ),
    "Invalid keep_embeddings values. This parameter should be a list containing 300 items.": (
        ValueError,
        lambda tree: tree.apply_filter([True]),
    ),
    "The classifier does not have a recorder attached.": (
        ValueError,
        lambda tree: recorder.save_recorded_predictions(tree, "x.json"),
    ),
    "Multiple pretrained tags available ['openai', 'laion2b'], must provide one": (
        ValueError,
        lambda _: ours.BaseClassifier("ViT-L-14"),
    ),
    "File not found: no/such.csv": (FileNotFoundError, lambda _: commands.parse_bins_csv("no/such.csv")),
    "Invalid format: xml": (ValueError, lambda _: commands.write_results([], "xml", "stdout")),
}


@pytest.mark.parametrize("text", CALLS)
def test_errors_have_pybioclips_kinds_and_words(tree: ours.TreeOfLifeClassifier, text: str) -> None:
    kind, call = CALLS[text]
    with pytest.raises(kind) as caught:
        call(tree)
    assert str(caught.value) == text
    assert isinstance(caught.value, ThujaError)


def test_a_table_of_another_column_or_of_one_is_refused(tree: ours.TreeOfLifeClassifier, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("Name\nFelidae\n", encoding="utf-8")
    with pytest.raises(ValueError, match="'name' but must be one of kingdom,phylum,class,order,family,genus,species"):
        tree.create_taxa_filter_from_csv(str(path))
    with pytest.raises(ValueError, match=r"^CSV file must have at least two columns\.$"):
        commands.parse_bins_csv(str(path))


def test_bins_keep_commas_and_a_class_has_one_bin(tmp_path: Path) -> None:
    path = tmp_path / "bins.csv"
    path.write_text('class,bin\n"owl, barn",bird\nmoth,insect\n"owl, barn",bird\n', encoding="utf-8")
    assert commands.parse_bins_csv(str(path)) == {"owl, barn": "bird", "moth": "insect"}
    path.write_text("class,bin\nowl,bird\nowl,animal\n", encoding="utf-8")
    with pytest.raises(ValueError, match='the class "owl" stands in two bins'):
        commands.parse_bins_csv(str(path))


def test_images_that_cannot_be_used_are_errors_of_the_system(tree: ours.TreeOfLifeClassifier, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=re.escape("no/such.jpg")):
        tree.predict("no/such.jpg", Rank.GENUS)
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut")
    with pytest.raises(OSError, match=re.escape("cut.jpg")) as caught:
        tree.predict([str(tmp_path / "cut.jpg")], Rank.GENUS)
    assert not isinstance(caught.value, FileNotFoundError)


def test_no_answer_no_label_no_image(tree: ours.TreeOfLifeClassifier, photos: list[str]) -> None:
    assert tree.predict([], Rank.GENUS) == tree.predict(photos[0], Rank.GENUS, k=0) == []
    assert tree.predict(photos[0], Rank.FAMILY, min_prob=1.0) == []
    with pytest.raises(ValueError, match="cannot give the best -1 answers"):
        tree.predict(photos[0], Rank.SPECIES, k=-1)
    with pytest.raises(ValueError, match="the filter keeps no label"):
        tree.apply_filter([False] * 300)
    with pytest.raises(ValueError, match="the list of classes is empty"):
        ours.CustomLabelsClassifier([])


def test_a_log_for_machines_has_pybioclips_keys(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`k` stands there as it was asked: pybioclip writes the number of labels in its place."""
    classifier = ours.CustomLabelsClassifier(["raven", "moth"])
    ours_recorder = recorder.attach_prediction_recorder(classifier, classes="raven,moth")
    classifier.predict(photos[:2], k=9)
    monkeypatch.setattr(sys, "argv", ["script.py", "--fast"])
    path = tmp_path / "log.json"
    recorder.save_recorded_predictions(classifier, str(path))
    log = json.loads(path.read_text(encoding="utf-8"))
    assert log["pybioclip_version"] == "2.1.6"
    assert log["command_line"] == "script.py --fast"
    assert log["top_level_settings"] == {"classes": "raven,moth"}
    assert log["predictions"] == [{"images": photos[:2], "details": {"k": 9, "batch_size": 10}}]
    assert [log["model"], log["pretrained"], log["device"]] == ["hf-hub:imageomics/bioclip-2", None, "cpu"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", log["start"])
    assert log["end"] == ours_recorder.end >= log["start"]
    with pytest.raises(
        ValueError, match=re.escape(f"File {path} already exists. Please choose a different file name.")
    ):
        recorder.save_recorded_predictions(classifier, str(path))


def test_a_log_for_people_is_appended(tree: ours.TreeOfLifeClassifier, photos: list[str], tmp_path: Path) -> None:
    recorder.attach_prediction_recorder(tree, tree_of_life_version=tree.get_tol_repo_id(), subset=None)
    tree.predict(photos[:1], Rank.GENUS, k=1)
    path = tmp_path / "log.txt"
    for _ in range(2):
        recorder.save_recorded_predictions(tree, str(path), include_command_line=False)
    tree.set_recorder(None)
    blocks = path.read_text(encoding="utf-8").split("\n\n")
    assert blocks[0] == blocks[1]
    lines = blocks[0].splitlines()
    assert set(lines[0]) == set(lines[2]) == {"*"}
    assert lines[1].startswith("** Prediction Log - pybioclip v2.1.6 by thuja ")
    assert lines[3:] == [
        "Model: hf-hub:imageomics/bioclip-2", "Device: cpu", "Tree Of Life Version: imageomics/TreeOfLife-200M",
        "Rank: genus", "Min Prob: 1e-09", "K: 1", "Batch Size: 10", "Images:", photos[0],
    ]  # fmt: skip


def test_rows_are_written_as_csv_and_as_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[names.Row] = [{"file_name": "a, b.jpg", "classification": 'a "moth"', "score": 0.25}]
    commands.write_results(rows, "csv", str(tmp_path / "rows.csv"))
    written = (tmp_path / "rows.csv").read_text(encoding="utf-8")
    assert list(csv.reader(io.StringIO(written))) == [[*rows[0]], ["a, b.jpg", 'a "moth"', "0.25"]]
    commands.write_results(rows, "table", "stdout")
    assert capsys.readouterr().out.splitlines()[1:4:2] == [
        "| file_name | classification | score |", '| a, b.jpg  |    a "moth"    | 0.25  |'
    ]  # fmt: skip


def test_the_two_functions_of_one_call_answer_as_the_classes(
    tree: ours.TreeOfLifeClassifier, photos: list[str]
) -> None:
    assert ours.predict_classification(photos[0], Rank.FAMILY, k=2) == tree.predict(photos[0], Rank.FAMILY, k=2)
    labels = ["raven", "moth"]
    expected = ours.CustomLabelsClassifier(labels).predict(photos[0])
    assert ours.predict_classifications_from_list(photos[0], labels) == expected
    assert len(predict.OPENA_AI_IMAGENET_TEMPLATE) == 80
    assert predict.OPENA_AI_IMAGENET_TEMPLATE[0]("moth") == "a bad photo of a moth."


def test_every_public_name_is_there() -> None:
    for name in ours.__all__:
        assert getattr(ours, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Rang'"):
        _ = ours.Rang  # type: ignore[attr-defined]
