"""Embedding in processes of its own: killed, interrupted, shared and out of room."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from thuja.embeddings import Embeddings
from thuja.model import Model

THUJA = [sys.executable, "-m", "thuja"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def photos(count: int, *, bad: tuple[int, ...] = ()) -> list[Path]:
    Path("p").mkdir(exist_ok=True)
    paths = [Path(f"p/{number:03}.png") for number in range(count)]
    for number, path in enumerate(paths):
        pixels = np.random.default_rng(number).integers(0, 256, (20, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        if number in bad:
            path.write_bytes(b"no image")
    return paths


def command(folder: Path, out: str, *inputs: str) -> list[str]:
    return [*THUJA, "embed", *inputs, "--model", str(folder), "--out", out, "--batch-size", "16"]


def begun(process: "subprocess.Popen[bytes]", units: int, folder: Path) -> bool:
    """Whether a process comes as far as so many units before it ends."""
    while process.poll() is None:
        if len(list(folder.glob("unit-??????"))) >= units:
            return True
        time.sleep(0.005)
    return False


@pytest.fixture
def long_table(tiny_model: Model) -> str:
    """Six units of rows, some of them without an image."""
    photos(10, bad=(7,))
    rows = [f"p/00{n % 10}.png,{n}" if n % 11 else f"gone{n}.png,{n}" for n in range(6000)]
    Path("t.csv").write_text("path,n\n" + "\n".join(rows))
    tiny_model.save(Path("model"), name="tiny")
    return "t.csv"


@pytest.mark.slow
def test_sigkill_at_any_moment_and_the_same_command_give_the_same_bytes(long_table: str) -> None:
    def started(out: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(command(Path("model"), out, long_table), stderr=subprocess.PIPE)

    calm = started("calm.parquet")
    calm.communicate(timeout=60)
    assert calm.returncode == 0
    kills = 0
    for units in (1, 3):
        process = started("killed.parquet")
        if begun(process, units, Path("killed.parquet.parts")):
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.communicate(timeout=60)
    assert kills == 2
    assert not Path("killed.parquet").exists()
    last = started("killed.parquet")
    _, said = last.communicate(timeout=60)
    assert last.returncode == 0
    assert b"going on where an earlier run stopped" in said
    assert Path("killed.parquet").read_bytes() == Path("calm.parquet").read_bytes()
    assert Path("killed.parquet.errors.csv").read_bytes() == Path("calm.parquet.errors.csv").read_bytes()
    assert not Path("killed.parquet.parts").exists()
    assert pq.read_metadata("calm.parquet").num_rows == 4908


@pytest.mark.slow
def test_an_interrupt_says_that_the_same_command_goes_on(long_table: str) -> None:
    process = subprocess.Popen(command(Path("model"), "o.parquet", long_table), stderr=subprocess.PIPE)
    assert begun(process, 1, Path("o.parquet.parts"))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert b"what is done is kept in o.parquet.parts: the same command goes on from there" in said
    assert said.endswith(b"\ninterrupted\n")
    assert b"Traceback" not in said


@pytest.mark.slow
def test_two_processes_share_a_job(long_table: str) -> None:
    """As torchrun starts them: RANK and WORLD_SIZE in the environment."""
    subprocess.run(command(Path("model"), "calm.parquet", long_table), check=True, capture_output=True, timeout=60)
    shared = [
        subprocess.Popen(
            command(Path("model"), "o.parquet", long_table),
            env={**os.environ, "RANK": str(rank), "WORLD_SIZE": "2"},
            stderr=subprocess.PIPE,
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=60)[1] for process in shared]
    assert [process.returncode for process in shared] == [0, 0], said
    assert sum(b"4,908 embeddings" in one for one in said) >= 1
    assert Path("o.parquet").read_bytes() == Path("calm.parquet").read_bytes()
    assert not Path("o.parquet.parts").exists()


@pytest.mark.slow
def test_of_several_processes_the_first_clears_what_force_replaces(long_table: str) -> None:
    old, new = (command(Path("model"), "o.parquet", long_table, *more) for more in ([], ["p/000.png"]))
    subprocess.run(old, env={**os.environ, "RANK": "0", "WORLD_SIZE": "2"}, check=True, capture_output=True, timeout=60)
    assert Path("o.parquet.parts").is_dir()
    waiting, first = (
        subprocess.Popen(
            [*new, "--force"],
            env={**os.environ, "RANK": str(rank), "WORLD_SIZE": "2"},
            stderr=subprocess.PIPE,
        )
        for rank in (1, 0)
    )
    said = [process.communicate(timeout=60)[1] for process in (waiting, first)]
    assert [waiting.returncode, first.returncode] == [0, 0], said
    assert len(Embeddings.load(Path("o.parquet"))) == 4909
    assert not Path("o.parquet.parts").exists()


@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_what_was_done_is_kept(tiny_model: Model, long_table: str) -> None:
    """A limit on the size of a file stands in for the disk: first no unit fits, then the whole does not."""
    words = command(Path("model"), "o.parquet", long_table)
    for kilobytes, done in ((20, 0), (60, 6)):
        full = subprocess.run(
            ["/bin/bash", "-c", f'ulimit -f {kilobytes}; "$@"', "bash", *words],
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert full.returncode == 1
        assert b"Traceback" not in full.stderr
        assert b"thuja: cannot write: File too large\nhint: what is done is kept in o.parquet.parts" in full.stderr
        assert not Path("o.parquet").exists()
        assert len(list(Path("o.parquet.parts").glob("unit-*"))) == done
    again = subprocess.run(words, capture_output=True, timeout=60, check=False)
    assert again.returncode == 0
    assert b"up to 6,144 images are in" in again.stderr
    assert len(Embeddings.load(Path("o.parquet"))) == 4908
