"""Whose a folder is: its own command's, of the settings it was begun with, and apart from the world that is told of."""

import json
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.biosphere.digests import digest

from thuja.biosphere import Swap, World, WorldConfig, WriteConfig, read_config, write_world
from thuja.biosphere.redraw import RedrawConfig, write_swaps
from thuja.biosphere.things import ThingsConfig, ThingsWriteConfig, write_things
from thuja.cli.biosphere import biosphere
from thuja.errors import BadFile, OutputExists, ThujaError, UsageError
from thuja.jobs import MARKER

WORLD = World.make(WorldConfig(seed=3, species=8, images=6))
REDRAW = RedrawConfig(swaps=(Swap(ground="neutral"),), images=4, size=32, workers=1)
VERBS = {
    "make": "biosphere",
    "swap": "biosphere swap",
    "card": "biosphere card",
    "things": "biosphere things",
}


def call(*words: object) -> Result:
    return CliRunner().invoke(biosphere, [str(word) for word in words])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("settings") / "above" / "world"
    write_world(WORLD, folder, WriteConfig(size=32, workers=1))
    return folder


def words_of(command: str, world: Path, out: Path) -> list[object]:
    return {
        "make": ["make", out, "--species", 4, "--images", 2, "--size", 24, "--workers", 1],
        "swap": ["swap", world, "--out", out, "--swap", "pose", "--images", 2, "--workers", 1],
        "card": ["card", world, "--out", out, "--images", 24, "--workers", 1],
        "things": ["things", out, "--images", 4, "--size", 32, "--workers", 1],
    }[command]


def made_by(command: str, out: Path) -> None:
    """A folder as that command leaves it, in few files."""
    out.mkdir()
    (out / MARKER).write_text(json.dumps({"verb": VERBS[command], "state": "complete"}))
    (out / "kept.txt").write_text("kept")


@pytest.mark.parametrize(("first", "second"), [*permutations(VERBS, 2)])
def test_no_command_deletes_or_goes_on_with_what_another_made(world, tmp_path, first, second):
    """`swap world --out world --force` deleted the world, and `make swaps --resume` wrote a world among swaps."""
    made_by(first, tmp_path / "out")
    before = digest(tmp_path / "out")
    for flag in ("--force", *(["--resume"] if second != "card" else []), None):
        result = call(*words_of(second, world, tmp_path / "out"), *([flag] if flag else []))
        assert isinstance(result.exception, OutputExists), (flag, result.output, result.exception)
        assert digest(tmp_path / "out") == before


@pytest.mark.parametrize("command", [name for name in VERBS if name != "card"])
def test_each_command_claims_its_folder_under_its_own_name(world, tmp_path, command):
    assert call(*words_of(command, world, tmp_path / "out")).exit_code == 0
    assert json.loads((tmp_path / "out" / MARKER).read_text())["verb"] == VERBS[command]


@pytest.mark.parametrize(
    "words",
    [
        *(
            ("swap", "{world}", "--out", f"{{world}}{place}", "--swap", "pose", "--images", "2", *flag)
            for place in ("", "/images", "/new/below", "/..")
            for flag in ((), ("--force",), ("--resume",))
        ),
        *(
            ("card", "{world}", "--out", f"{{world}}{place}", "--images", "24", *flag)
            for place in ("", "/images", "/new/below", "/..")
            for flag in ((), ("--force",))
        ),
        *(
            ("captions", "{world}", "--out", f"{{world}}{place}", *flag)
            for place in ("", "/species.parquet", "/new/below.parquet")
            for flag in ((), ("--force",))
        ),
        *(("sheet", "{world}", "--out", f"{{world}}{place}") for place in ("", "/new.png")),
    ],
    ids=" ".join,
)
def test_nothing_is_written_over_a_world_into_it_or_above_it(world, words):
    before = digest(world.parent)
    result = call(*(word.format(world=world) for word in words))
    assert isinstance(result.exception, UsageError)
    assert "the folder of the world" in result.exception.message
    assert digest(world.parent) == before


def test_a_link_to_the_world_is_the_world(world, tmp_path):
    (tmp_path / "link").symlink_to(world)
    result = call("swap", world, "--out", tmp_path / "link" / "in", "--swap", "pose")
    assert isinstance(result.exception, UsageError)
    assert "lies in the folder of the world" in result.exception.message


@pytest.mark.parametrize(
    ("other", "differing"),
    [
        (replace(REDRAW, images=5, seed=1), "images, seed"),
        (replace(REDRAW, size=48), "size"),
        (replace(REDRAW, swaps=(Swap(pose=True),)), "swaps"),
    ],
)
def test_swaps_of_other_settings_are_not_resumed(tmp_path, other, differing):
    """`swap --resume` once mixed the pictures of two choices, and of two worlds, in one table."""
    write_swaps(WORLD, tmp_path / "s", REDRAW)
    before = digest(tmp_path / "s")
    with pytest.raises(OutputExists, match=rf"other knobs \({differing}\)"):
        write_swaps(WORLD, tmp_path / "s", other, resume=True)
    assert digest(tmp_path / "s") == before
    write_swaps(WORLD, tmp_path / "s", replace(REDRAW, workers=2), resume=True)
    assert digest(tmp_path / "s") == before


def test_swaps_of_another_world_are_not_resumed(tmp_path):
    write_swaps(WORLD, tmp_path / "s", REDRAW)
    with pytest.raises(OutputExists, match=r"other knobs \(world\)"):
        write_swaps(World.make(replace(WORLD.config, seed=4)), tmp_path / "s", REDRAW, resume=True)


def test_a_world_of_another_claim_is_not_resumed(tmp_path):
    config = WriteConfig(size=32, workers=1, claim="C1 abc")
    write_world(WORLD, tmp_path / "w", config)
    with pytest.raises(OutputExists, match=r"other knobs \(claim\)"):
        write_world(WORLD, tmp_path / "w", replace(config, claim="C2 abc"), resume=True)


def test_a_folder_without_its_settings_is_not_resumed(tmp_path):
    write_world(WORLD, tmp_path / "w", WriteConfig(size=32, workers=1))
    (tmp_path / "w" / "world.json").unlink()
    with pytest.raises(OutputExists, match=r"has files, but no world\.json"):
        write_world(WORLD, tmp_path / "w", WriteConfig(size=32, workers=1), resume=True)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda note: "",
        lambda note: "{",
        lambda note: "[" * 100_000,
        lambda note: "[1]",
        lambda note: "{}",
        lambda note: json.dumps(note | {"format": "thuja"}),
        lambda note: json.dumps({name: value for name, value in note.items() if name != "size"}),
        lambda note: json.dumps({name: value for name, value in note.items() if name != "version"}),
        lambda note: json.dumps(note | {"size": "128"}),
        lambda note: json.dumps(note | {"size": True}),
        lambda note: json.dumps(note | {"version": None}),
    ],
)
def test_a_note_that_is_broken_is_one_sentence_for_every_command(world, tmp_path, spoil):
    """`world.json` without `size` was a traceback, and so was a broken `things.json`."""
    write = {
        "world.json": lambda out: write_world(WORLD, out, WriteConfig(size=32, workers=1), resume=True),
        "swaps.json": lambda out: write_swaps(WORLD, out, REDRAW, resume=True),
        "things.json": lambda out: write_things(
            ThingsConfig(images=4), out, ThingsWriteConfig(size=32, workers=1), resume=True
        ),
    }
    for name, written in write.items():
        out = tmp_path / name
        written(out)
        (out / name).write_text(spoil(json.loads((out / name).read_text())))
        with pytest.raises(BadFile, match=name):
            written(out)
    for words in (
        ["swap", tmp_path / "world.json", "--out", tmp_path / "o", "--swap", "pose"],
        ["sheet", tmp_path / "world.json", "--out", tmp_path / "o.png"],
        ["captions", tmp_path / "world.json", "--out", tmp_path / "o"],
        ["card", tmp_path / "world.json"],
    ):
        assert isinstance(call(*words).exception, BadFile)


@pytest.mark.parametrize(
    "knobs",
    [
        {"species": "8"},
        {"species": 8.5},
        {"species": None},
        {"overlap": "0.5"},
        {"overlap": True},
        {"hidden": 0.3},
        {"hidden": ["0.3"]},
        {"cameras": "phone"},
        {"cameras": [1]},
        {"plans": 1},
        {"colour": 1},
        {"overlap": 2},
    ],
)
def test_knobs_that_no_world_has_are_one_sentence(tmp_path, knobs):
    write_world(WORLD, tmp_path / "w", WriteConfig(size=32, workers=1))
    note = json.loads((tmp_path / "w" / "world.json").read_text())
    (tmp_path / "w" / "world.json").write_text(json.dumps(note | {"world": note["world"] | knobs}))
    with pytest.raises(ThujaError):
        read_config(tmp_path / "w")


@pytest.mark.parametrize("size", [0, 15, 10**9])
def test_a_size_that_cannot_be_drawn_is_a_broken_note(tmp_path, size):
    write_world(WORLD, tmp_path / "w", WriteConfig(size=32, workers=1))
    note = json.loads((tmp_path / "w" / "world.json").read_text())
    (tmp_path / "w" / "world.json").write_text(json.dumps(note | {"size": size}))
    with pytest.raises(BadFile, match="cannot draw pictures"):
        read_config(tmp_path / "w")
