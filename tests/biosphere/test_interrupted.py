"""The commands that write pictures, killed or out of room in the middle: one sentence, and the same bytes on resume."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.biosphere.digests import digest

from thuja.biosphere import World, WorldConfig, WriteConfig, write_world
from thuja.jobs import MARKER

CALL = "from thuja.cli.main import main; main()"
LIMITED = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({{bytes}}, {{bytes}})); {CALL}"


def command(script: str, *words: object) -> list[str]:
    return [sys.executable, "-c", script, "biosphere", *map(str, words)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("interrupted") / "world"
    config = WorldConfig(seed=4, species=20, images=20)
    write_world(World.make(config), folder, WriteConfig(size=48, workers=1))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("make", "{out}", "--species", "30", "--images", "40", "--size", "48"),
        ("make", "{out}", "--species", "30", "--images", "40", "--size", "48", "--shards"),
        ("swap", "{world}", "--out", "{out}", "--swap", "pose", "--swap", "ground=neutral"),
        ("things", "{out}", "--images", "3000", "--size", "48"),
        ("things", "{out}", "--images", "3000", "--size", "48", "--shards"),
    ],
    ids=["make", "make-shards", "swap", "things", "things-shards"],
)
def test_a_killed_run_is_resumed_to_the_same_bytes(world, tmp_path, words):
    def call(name: str, *more: str) -> list[str]:
        return command(CALL, *(word.format(world=world, out=tmp_path / name) for word in words), "--workers", 2, *more)

    cut = tmp_path / "cut"
    process = subprocess.Popen(call("cut"), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    for _ in range(1200):
        time.sleep(0.05)
        if len(list(cut.rglob("*.jpg"))) > 300 or list(cut.rglob("*.tar.*")):
            break
    process.kill()
    process.wait()
    assert json.loads((cut / MARKER).read_text())["state"] == "running"
    for name, more in (("cut", ["--resume"]), ("whole", [])):
        subprocess.run(call(name, *more), check=True, capture_output=True)
    assert digest(cut) == digest(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "room"),
    [
        (("make", "{out}", "--species", "12", "--images", "12", "--size", "48", "--shards"), 60_000),
        (("swap", "{world}", "--out", "{out}", "--swap", "pose", "--images", "60"), 1_500),
        (("things", "{out}", "--images", "400", "--size", "48", "--shards"), 60_000),
        (("captions", "{world}", "--out", "{out}"), 10_000),
    ],
    ids=["make-shards", "swap", "things-shards", "captions"],
)
def test_a_full_disk_is_one_sentence_from_two_workers_as_well(world, tmp_path, words, room):
    """The sentence came first, and after it a traceback of the workers that nobody had ended.

    A limit on the size of files stands in for a full disk.
    """
    call = [word.format(world=world, out=tmp_path / "out") for word in words]
    done = subprocess.run(
        command(LIMITED.format(bytes=room), *call, "--workers", 2), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if "/s, took" not in line]
    assert len(said) == 2, done.stderr
    assert said[0].startswith(f"thuja: writing {tmp_path / 'out'} stopped: File too large")
    assert said[1].startswith("hint: mend that, then run it again")
    assert not (tmp_path / "out").is_file()
