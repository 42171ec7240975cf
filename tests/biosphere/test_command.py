"""`thuja biosphere` from the outside: its commands on one small world, and what they refuse."""

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from thuja.cli.biosphere import biosphere
from thuja.errors import OutputExists, ThujaError, UsageError


def call(*words: object) -> Result:
    return CliRunner().invoke(biosphere, [str(word) for word in words])


def done(*words: object) -> str:
    result = call(*words)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("command") / "world"
    done("make", folder, "--species", 12, "--images", 6, "--size", 48, "--seed", 3, "--workers", 1)
    return folder


def test_knobs_reach_the_world(tmp_path):
    done(
        "make", tmp_path / "w", "--species", 4, "--images", 2, "--size", 24, "--workers", 1, "--clean",
        "--overlap", 0.7, "--knob", "convergence=0.9", "--knob", "hidden=0.2",
    )  # fmt: skip
    knobs = json.loads((tmp_path / "w" / "world.json").read_text())["world"]
    assert (knobs["overlap"], knobs["convergence"], knobs["hidden"]) == (0.7, 0.9, [0.2])
    assert (knobs["dirty"], knobs["wrong"], knobs["family_only"], knobs["misplaced"]) == (0, 0, 0, 0)
    with (tmp_path / "w" / "table.csv").open(encoding="utf-8") as file:
        assert {row["name_fault"] for row in csv.DictReader(file)} == {""}


def test_swaps_are_written_beside_their_originals(world, tmp_path):
    said = done(
        "swap", world, "--out", tmp_path / "s", "--swap", "ground=neutral", "--swap", "style=hatched+pose",
        "--images", 5, "--workers", 1,
    )  # fmt: skip
    assert "\n15 pictures in " in said
    with Image.open(next((tmp_path / "s" / "images" / "style-hatched+pose").glob("*.jpg"))) as image:
        assert image.size == (48, 48)


def test_a_sheet_is_drawn_in_the_format_that_its_name_says(world, tmp_path):
    for name, kind in (("sheet.png", "PNG"), ("sheet.jpg", "JPEG")):
        done("sheet", world, "--out", tmp_path / name, "--species", 2, "--cell", 24)
        with Image.open(tmp_path / name) as page:
            assert page.format == kind
            assert page.width > 20 * 24


def test_captions_err_at_the_rate_asked_and_list_their_errors(world, tmp_path):
    said = done("captions", world, "--out", tmp_path / "c.parquet", "--hallucination", 1, "--named", "--workers", 1)
    rows = pq.read_table(tmp_path / "c.parquet").to_pylist()
    assert len(rows) == 73
    assert "\n73 captions with 73 errors" in said
    assert all(row["errors"] == len(json.loads(row["error_list"])) == 1 for row in rows)
    with (world / "table.csv").open(encoding="utf-8") as file:
        table = {row["uuid"]: row for row in csv.DictReader(file)}
    done("captions", world, "--out", tmp_path / "true.parquet", "--workers", 1)
    for row in pq.read_table(tmp_path / "true.parquet").to_pylist():
        assert row["caption"] == table[row["uuid"]]["caption"]
        assert row["errors"] == 0


def test_captions_are_the_same_from_any_number_of_workers(world, tmp_path):
    for workers in (1, 2):
        done("captions", world, "--out", tmp_path / f"{workers}.parquet", "--omission", 0.3, "--workers", workers)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()


def test_a_card_is_printed_and_written(world, tmp_path):
    pytest.importorskip("sklearn")
    said = done("card", world, "--out", tmp_path / "card", "--images", 24, "--workers", 1)
    assert "Bayes' rule" in said
    assert "untrained tower" in said
    assert json.loads((tmp_path / "card" / "card.json").read_text())["knobs"]["species"] == 12
    assert (tmp_path / "card" / "README.md").read_text().startswith("# Biosphere")
    assert "<html" in (tmp_path / "card" / "card.html").read_text()
    assert isinstance(call("card", world, "--out", tmp_path / "card", "--images", 24).exception, OutputExists)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("swap", "{nowhere}", "--out", "{out}", "--swap", "pose"), "no biosphere"),
        (("swap", "{world}", "--out", "{out}", "--swap", "colour=red"), "cannot swap"),
        (("swap", "{world}", "--out", "{out}", "--swap", "pose", "--images", "-1"), "at least 0"),
        (("sheet", "{world}", "--out", "{out}.bmp"), "cannot write a sheet"),
        (("sheet", "{world}", "--out", "{out}.png", "--species", "13"), "cannot show 13"),
        (("captions", "{world}", "--out", "{out}", "--omission", "1.5"), "omission cannot be 1.5"),
        (("captions", "{nowhere}", "--out", "{out}"), "no biosphere"),
        (("card", "{world}", "--images", "2"), "cannot be made of 2"),
        (("card", "{nowhere}"), "no biosphere"),
        (("make", "{out}", "--seed", "100"), "seed 100 is sealed"),
        (("make", "{out}", "--seed", "100", "--claim", "{nowhere}#C1"), "cannot read the claims"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence_and_leaves_nothing(world, tmp_path, words, message):
    places = {"world": world, "out": tmp_path / "out", "nowhere": tmp_path / "nowhere"}
    result = call(*(word.format(**places) for word in words))
    assert isinstance(result.exception, UsageError)
    assert message in result.exception.message
    assert result.exception.hint
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_sentence_and_the_run_is_resumed(world, tmp_path, monkeypatch):
    real, count = Path.write_bytes, 0

    def failing(self: Path, data: bytes) -> int:
        nonlocal count
        count += 1
        if count > 8:
            raise OSError(28, "No space left on device")
        return real(self, data)

    arguments = ("swap", world, "--out", tmp_path / "s", "--swap", "pose", "--images", 10, "--workers", 1)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", failing)
        failed = call(*arguments)
    assert isinstance(failed.exception, ThujaError)
    assert "No space left" in failed.exception.message
    assert "--resume" in failed.exception.hint
    assert len(list((tmp_path / "s" / "images").rglob("*.jpg"))) == 8
    done(*arguments, "--resume")
    assert len(list((tmp_path / "s" / "images").rglob("*.jpg"))) == 20
