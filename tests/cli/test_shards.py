"""`thuja shards` as a user calls it."""

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.shards.making import contents, foreign, jpeg, uuid, write

from thuja.cli.main import main
from thuja.shards import write_manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a call ended, and what it said."""

    returncode: object
    stdout: str
    stderr: str


def thuja(*words: object) -> Done:
    """Call the command line in this process: each of its own would import all anew."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["thuja", "shards", *map(str, words)])
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
            main()
    return Done(returncode=end.value.code, stdout=out.getvalue(), stderr=err.getvalue())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_manifest(tmp_path / "in", [*write(tmp_path / "in", range(6)), *write(tmp_path / "in", [9], split="val")])
    return tmp_path / "in"


def test_good_shards_pass(folder: Path) -> None:
    """In a process of its own, as a user calls it."""
    words = [sys.executable, "-m", "thuja", "shards", "check", folder, "--decode", "--workers", "1"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = dict(line.split("\t") for line in done.stdout.splitlines())
    assert (lines["shards"], lines["samples"], lines["faults"], lines["manifest"]) == ("3", "7", "0", "yes")
    assert (lines["samples in train"], lines["samples in val"]) == ("6", "1")


def test_a_fault_is_told_with_its_place_and_exits_1(folder: Path) -> None:
    (folder / "val-00000.tar").unlink()
    foreign(folder / "val-00001.tar", [(f"{uuid(2)}.jpg", jpeg(2)), (f"{uuid(2)}.json", b"{}"), ("e\x1b[2J.jpg", b"")])
    done = thuja("check", folder, "--workers", 1)
    assert done.returncode == 1
    assert "faults\t4\n" in done.stdout
    for said in (
        "duplicate_key\t1",
        "missing_shard\t1",
        "unlisted_shard\t1",
        "no_image\t1",
        f"val-00001.tar#{uuid(2)}",
    ):
        assert said in done.stdout
    assert "\x1b" not in done.stdout


def test_samples_are_listed(folder: Path) -> None:
    lines = thuja("ls", folder).stdout.splitlines()
    assert len(lines) == 7
    assert lines[6].split("\t") == ["val-00000.tar", uuid(9), "Corvus corax", "val", str(len(jpeg(9)))]
    rows = [json.loads(line) for line in thuja("ls", folder, "--json", "--columns", "uuid, genus").stdout.splitlines()]
    assert rows[0] == {"uuid": uuid(0), "genus": "Corvus"}
    assert thuja("ls", folder, "--count").stdout == (
        "train-00000.tar\t4\ntrain-00001.tar\t2\nval-00000.tar\t1\ntotal\t7\n"
    )


def test_a_sample_is_printed_and_its_image_written(folder: Path, tmp_path: Path) -> None:
    done = thuja("cat", folder, uuid(9), "--image", tmp_path / "raven.jpg")
    said = json.loads(done.stdout)
    assert (said["shard"], said["uuid"], said["family"], said["split"]) == ("val-00000.tar", uuid(9), "Corvidae", "val")
    assert (tmp_path / "raven.jpg").read_bytes() == jpeg(9)
    again = thuja("cat", folder, uuid(9), "--image", tmp_path / "raven.jpg")
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_text_members_are_printed(tmp_path: Path) -> None:
    path = foreign(tmp_path / "00000.tar", [("u.jpg", jpeg(1)), ("u.txt", "eine Wespe, größer".encode())])
    assert json.loads(thuja("cat", path, "u").stdout)["texts"] == {"caption": "eine Wespe, größer"}


def test_shards_are_written_anew(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "gone").write_text(f"{uuid(1)}\n")
    words = ["repack", folder, "--out", tmp_path / "out", "--size", 2, "--take-down", tmp_path / "gone", "--workers", 1]
    done = thuja(*words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "7 samples read = 6 written + 1 taken down + 0 repeated + 0 unusable",
        f"{tmp_path / 'out'}: 4 shards (train 5, val 1)",
    ]
    assert thuja("check", tmp_path / "out", "--workers", 1).returncode == 0
    before = contents(tmp_path / "out")
    assert thuja(*words).returncode == 2
    assert thuja(*words, "--force").returncode == 0
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "nowhere"], "nowhere does not exist"),
        (["ls", ".", "--columns", "nothing"], "no shard in ."),
        (["repack", "nowhere", "--out", "x", "--size", "0"], "size must be at least 1, got 0"),
        (["cat", "nowhere", "a", "b", "--image", "x.jpg"], "--image writes one image, got 2 uuids"),
        (["ls", "nowhere", "--count", "--json"], "nowhere does not exist"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_exits_2(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = thuja(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_not_found_to_be_taken_down_is_named_and_a_failure(folder: Path, tmp_path: Path) -> None:
    """The command said so and exited 0, which a script takes for done."""
    (tmp_path / "gone").write_text(f"{uuid(4)}\nhttps://example.org/gone.jpg\n")
    done = thuja("repack", folder, "--out", tmp_path / "out", "--take-down", tmp_path / "gone", "--workers", 1)
    assert done.returncode == 1
    assert "7 samples read = 6 written + 1 taken down" in done.stdout
    told = "not found in these shards, of the take-down list: https://example.org/gone.jpg"
    assert done.stderr.splitlines()[-1] == told
    assert (tmp_path / "out" / "manifest.json").is_file()
