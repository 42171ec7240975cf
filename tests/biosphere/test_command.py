"""`thuja biosphere` from the outside: its commands on one small world, and what they refuse."""

import csv
import json
import sys
from pathlib import Path

import click
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from thuja.cli.biosphere import biosphere
from thuja.errors import OutputExists, ThujaError, UsageError
from thuja.jobs import is_complete, output_folder


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
    pytest.importorskip("scipy")
    said = done("card", world, "--out", tmp_path / "card", "--images", 24, "--workers", 1)
    assert "Bayes' rule" in said
    assert "untrained tower" in said
    assert json.loads((tmp_path / "card" / "card.json").read_text())["knobs"]["species"] == 12
    assert (tmp_path / "card" / "README.md").read_text().startswith("# Biosphere")
    assert "<html" in (tmp_path / "card" / "card.html").read_text()
    assert isinstance(call("card", world, "--out", tmp_path / "card", "--images", 24).exception, OutputExists)


MAKE = ("make", "{out}", "--species", "4")
SWAP = ("swap", "{world}", "--out", "{out}", "--swap", "pose")
SHEET = ("sheet", "{world}", "--out", "{out}.png")
CAPTIONS = ("captions", "{world}", "--out", "{out}")
CARD = ("card", "{world}", "--out", "{out}")
THINGS = ("things", "{out}")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*MAKE, "--species", "0"), "species 0"),
        ((*MAKE, "--species", "-1"), "species -1"),
        ((*MAKE, "--species", "100001"), "species 100,001"),
        ((*MAKE, "--species", "many"), "not a valid integer"),
        ((*MAKE, "--images", "0"), "images 0"),
        ((*MAKE, "--images", "999999999"), "images 999,999,999"),
        ((*MAKE, "--images", "10000000000000"), "images 10000000000000"),
        ((*MAKE, "--species", "1000", "--images", "50000"), "50,000,000 pictures into folders"),
        ((*MAKE, "--species", "1000", "--images", "200000", "--shards"), "200,000,000 pictures into shards"),
        ((*MAKE, "--seed", "-1"), "seed -1"),
        ((*MAKE, "--seed", "99999999999"), "seed 99999999999"),
        ((*MAKE, "--size", "15"), "15 pixels"),
        ((*MAKE, "--size", "1000000"), "1000000 pixels"),
        ((*MAKE, "--overlap", "1.1"), "overlap 1.1"),
        ((*MAKE, "--overlap", "nan"), "overlap nan"),
        ((*MAKE, "--overlap", "wide"), "not a valid float"),
        ((*MAKE, "--knob", "colour=3"), 'unknown knob: "colour"'),
        ((*MAKE, "--knob", "signal"), "signal cannot be"),
        ((*MAKE, "--knob", "signal=strong"), "signal cannot be"),
        ((*MAKE, "--knob", "families=9"), "cannot have"),
        ((*MAKE, "--claim", "{nowhere}#C1"), "cannot read the claims"),
        ((*MAKE, "--seed", "100"), "seed 100 is sealed"),
        ((*MAKE, "--seed", "100", "--claim", "{nowhere}#C1"), "cannot read the claims"),
        ((*MAKE, "--workers", "-3"), "-3 workers"),
        ((*MAKE, "--workers", "1000000"), "1000000 workers"),
        ((*MAKE, "--force", "--resume"), "exclude each other"),
        (("swap", "{nowhere}", "--out", "{out}", "--swap", "pose"), "no biosphere"),
        (("swap", "{world}", "--swap", "pose"), "Missing option '--out'"),
        (("swap", "{world}", "--out", "{out}"), "Missing option '--swap'"),
        ((*SWAP, "--swap", "pose"), "named twice"),
        ((*SWAP, "--swap", "colour=red"), "cannot swap"),
        ((*SWAP, "--swap", "ground=moon"), 'unknown ground: "moon"'),
        ((*SWAP, "--swap", "camera=eye"), 'unknown camera: "eye"'),
        ((*SWAP, "--swap", "view=above"), 'unknown view: "above"'),
        ((*SWAP, "--swap", "style=oil"), 'unknown style: "oil"'),
        ((*SWAP, "--swap", "trait=soul:1"), 'unknown trait: "soul"'),
        ((*SWAP, "--swap", "trait=elongation:long"), "elongation cannot be"),
        ((*SWAP, "--swap", "trait=elongation:2"), "elongation"),
        ((*SWAP, "--images", "-1"), "images cannot be -1"),
        ((*SWAP, "--seed", "-1"), "seed cannot be -1"),
        ((*SWAP, "--workers", "-3"), "-3 workers"),
        ((*SWAP, "--force", "--resume"), "exclude each other"),
        (("sheet", "{nowhere}", "--out", "{out}.png"), "no biosphere"),
        (("sheet", "{world}", "--out", "{out}.bmp"), "cannot write a sheet"),
        ((*SHEET, "--species", "13"), "cannot show 13"),
        ((*SHEET, "--species", "0"), "cannot show 0"),
        ((*SHEET, "--species", "-5"), "cannot show -5"),
        ((*SHEET, "--cell", "0"), "0 pixels"),
        ((*SHEET, "--cell", "-50"), "-50 pixels"),
        ((*SHEET, "--cell", "4096"), "cells of 4096 pixels is too large"),
        ((*SHEET, "--cell", "99999"), "99999 pixels"),
        (("captions", "{nowhere}", "--out", "{out}"), "no biosphere"),
        ((*CAPTIONS, "--omission", "1.5"), "omission cannot be 1.5"),
        ((*CAPTIONS, "--substitution", "-0.1"), "substitution cannot be -0.1"),
        ((*CAPTIONS, "--hallucination", "nan"), "hallucination cannot be nan"),
        ((*CAPTIONS, "--wrong-name", "2", "--named"), "wrong_name cannot be 2"),
        ((*CAPTIONS, "--wrong-name", "0.5"), "captions without names"),
        ((*CAPTIONS, "--omission", "0.6", "--substitution", "0.6"), "cannot be left out"),
        ((*CAPTIONS, "--wording", "held out"), "is not one of"),
        ((*CAPTIONS, "--workers", "-3"), "-3 workers"),
        (("card", "{nowhere}"), "no biosphere"),
        ((*CARD, "--images", "2"), "cannot be made of 2"),
        ((*CARD, "--images", "-2"), "cannot be made of -2"),
        ((*CARD, "--images", "1000000000"), "cannot be made of 1,000,000,000"),
        ((*CARD, "--seed", "-1"), "seed cannot be -1"),
        ((*CARD, "--workers", "-3"), "-3 workers"),
        ((*THINGS, "--images", "0"), "cannot draw 0 pictures"),
        ((*THINGS, "--images", "1000000000"), "1,000,000,000 pictures into folders"),
        ((*THINGS, "--images", "1000000000", "--shards"), "1,000,000,000 pictures into shards"),
        ((*THINGS, "--images", "99999999999"), "99,999,999,999 pictures"),
        ((*THINGS, "--seed", "-1"), "got -1"),
        ((*THINGS, "--size", "4"), "got 4"),
        ((*THINGS, "--size", "100000"), "got 100000"),
        ((*THINGS, "--noise", "1.1"), "got 1.1"),
        ((*THINGS, "--noise", "nan"), "got nan"),
        ((*THINGS, "--workers", "-3"), "-3 workers"),
        ((*THINGS, "--force", "--resume"), "exclude each other"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_is_said_in_one_sentence_and_leaves_nothing(world, tmp_path, words, message):
    places = {"world": world, "out": tmp_path / "out", "nowhere": tmp_path / "nowhere"}
    result = call(*(word.format(**places) for word in words))
    if isinstance(result.exception, UsageError):
        assert message in result.exception.message
    else:  # click's own
        assert isinstance(result.exception, SystemExit), result.exception
        assert message in result.output
    assert getattr(result.exception, "exit_code", result.exit_code) == 2
    assert list(tmp_path.iterdir()) == []


def test_every_option_that_takes_a_value_is_tried_with_a_wrong_one():
    table = next(
        mark.args[1]
        for mark in test_what_cannot_be_is_said_in_one_sentence_and_leaves_nothing.pytestmark
        if mark.args[0] == ("words", "message")
    )
    for name, command in biosphere.commands.items():
        tried = {word for words, _ in table if words[0] == name for word in words}
        options = {
            option.opts[0]
            for option in command.params
            if isinstance(option, click.Option) and not option.is_flag and option.opts[0] != "--out"
        }
        assert options <= tried, name


@pytest.mark.parametrize("command", ["swap", "sheet", "captions", "card", "make", "things"])
def test_an_output_where_nothing_can_be_is_one_sentence(world, tmp_path, command):
    (tmp_path / "file").write_text("mine")
    out = tmp_path / "file" / "out.png"
    words = [command, out] if command in ("make", "things") else [command, world, "--out", out]
    result = call(*words, *(["--swap", "pose"] if command == "swap" else []))
    assert isinstance(result.exception, UsageError)
    assert "cannot write to" in result.exception.message
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_captions_that_are_there_are_replaced_by_force_alone(world, tmp_path):
    (tmp_path / "c.parquet").write_text("mine")
    refused = call("captions", world, "--out", tmp_path / "c.parquet", "--workers", 1)
    assert isinstance(refused.exception, OutputExists)
    assert "--force" in refused.exception.hint
    assert (tmp_path / "c.parquet").read_text() == "mine"
    done("captions", world, "--out", tmp_path / "c.parquet", "--workers", 1, "--force")
    assert pq.read_table(tmp_path / "c.parquet").num_rows == 73


@pytest.mark.parametrize("words", [("--images", "2"), ("--seed", "-1"), ("--workers", "-3")])
def test_a_card_that_cannot_be_made_leaves_the_one_that_is_there(world, tmp_path, words):
    """The folder was emptied first, and the call checked then."""
    folder = tmp_path / "card"
    with output_folder(folder, verb="biosphere card"):
        (folder / "card.json").write_text("{}")
    assert isinstance(call("card", world, "--out", folder, "--force", *words).exception, UsageError)
    assert (folder / "card.json").read_text() == "{}"
    assert is_complete(folder, verb="biosphere card")


def test_a_card_that_is_there_is_refused_without_a_word_of_resuming(world, tmp_path):
    with output_folder(tmp_path / "card", verb="biosphere card"):
        pass
    refused = call("card", world, "--out", tmp_path / "card")
    assert isinstance(refused.exception, OutputExists)
    assert refused.exception.hint == "--force replaces it"


def test_a_card_without_scipy_is_one_sentence_before_the_work(world, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    result = call("card", world, "--out", tmp_path / "card")
    assert isinstance(result.exception, ThujaError)
    assert result.exception.message == "a card needs scipy, which is not installed"
    assert result.exception.hint == "pip install 'thuja[analyze]'"
    assert list(tmp_path.iterdir()) == []


def test_one_is_told_in_the_singular(tmp_path):
    made = done(
        "make", tmp_path / "w", "--species", 1, "--images", 1, "--size", 24, "--workers", 1, "--clean"
    )  # fmt: skip
    assert "1 picture of 1 species in" in made
    assert "1 picture of things in" in done("things", tmp_path / "t", "--images", 1, "--size", 32, "--workers", 1)
    assert "1 caption with 0 errors in" in done("captions", tmp_path / "w", "--out", tmp_path / "c", "--workers", 1)
    assert "originals, and 1 swap of each" in done(
        "swap", tmp_path / "w", "--out", tmp_path / "s", "--swap", "pose", "--workers", 1
    )


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
