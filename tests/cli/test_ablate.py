"""`thuja ablate`: the arms by name, a table with its command, and wrong calls in one sentence."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from thuja.cli.ablate import ablate
from thuja.errors import UnknownName, UsageError

QUICK = [
    "--set", "image.width=32", "--set", "image.layers=1", "--set", "text.width=32", "--set", "text.layers=1",
    "--set", "batch_size=16", "--set", "epochs=0.5",
]  # fmt: skip


def call(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(ablate, list(words))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_the_arms_are_listed_by_the_names_that_only_takes() -> None:
    code, said = call("--list")
    assert code == 0
    lines = said.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["start/untrained", "text/mixture"]
    assert ["control/shuffled", "names shuffled among the species"] in [line.split(maxsplit=1) for line in lines]
    code, said = call("--list", "--only", "control/random", "--worlds", "0,1,2", "--seeds", "0", "--workers", "2")
    assert code == 0
    assert [line.split()[0] for line in said.splitlines()[:2]] == ["control/plain", "control/random"]
    assert said.splitlines()[-1].startswith("2 arms in 3 worlds from 1 seed: 6 cells to measure, ")
    assert said.endswith("; about 2 minutes on a CPU\n")


def test_a_grid_is_run_tabled_and_gone_on_with(small_world: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["--out", str(out), "--world", str(small_world), "--seeds", "0", "--only", "start", *QUICK]
    assert call(*words)[0] == 0
    page = (out / "table.md").read_text(encoding="utf-8")
    assert f"    thuja ablate --out {out} --world {small_world} --seeds 0 --only start --set image.width=32" in page
    assert "chance" in page
    assert "*zero-shot, species*" in page
    assert "*things*" not in page
    (first,) = (out / "cells").iterdir()
    was = first.stat().st_mtime_ns
    code, said = call(*words, "--only", "captions/true_one")
    assert (code, first.stat().st_mtime_ns) == (0, was)
    assert "3 of 3 cells measured, 0 failed" in said
    assert len((out / "table.csv").read_text(encoding="utf-8").splitlines()) == 4


def test_a_failed_cell_is_told_and_the_command_exits_1(small_world: Path, tmp_path: Path) -> None:
    words = ["--out", str(tmp_path / "out"), "--world", str(small_world), "--seeds", "0", *QUICK]
    code, said = call(*words, "--only", "replay/one_projector")
    assert code == 1
    assert "1 of 2 cells measured, 1 failed" in said
    assert "this world has no things to replay" in (tmp_path / "out" / "table.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seeds", "0"], "nowhere to write"),
        (["--out", "x", "--seeds", "one"], '--seeds takes whole numbers parted by commas, got "one"'),
        (["--out", "x", "--worlds", ""], "--worlds takes whole numbers"),
        (["--out", "x", "--seeds", "0,0"], "the seed 0 twice"),
        (["--out", "x", "--only", "losses"], 'unknown group or arm: "losses"'),
        (["--out", "x", "--size", "huge"], 'unknown size: "huge"'),
        (["--out", "x", "--set", "epochs"], '--set takes NAME=VALUE, got "epochs"'),
        (["--out", "x", "--set", "epoch=2"], "unknown recipe field"),
        (["--out", "x", "--worlds", "0,100"], "the world of seed 100 is sealed"),
        (["--out", "x", "--worlds", "0", "--world", "y"], "--worlds makes worlds and --world takes one"),
        (["--out", "x", "--device", "cuda:99"], "no device cuda:99"),
        (["--out", "x", "--workers", "-1"], "cannot work with -1 workers"),
    ],
)
def test_a_wrong_call_is_said_before_anything_is_written(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((UsageError, UnknownName), match=message):
        call(*words)
    assert list(tmp_path.iterdir()) == []
