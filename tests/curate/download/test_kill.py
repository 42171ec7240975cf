"""A download that is killed for good, again and again, ends in the table of one left alone."""

import os
import signal
import subprocess
import time
from pathlib import Path

import polars as pl
import pytest

from curate_download import Site, command, differences, make_table, most_in_a_second, run_killed, wrong_rows


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_sigkill_at_any_moment_and_another_run_give_the_same_rows(site: Site, tmp_path: Path, workers: int) -> None:
    """Workers went on without their run: another run asked beside them, at twice the rate, and cut their tars."""
    table = make_table(site, 300)
    path = tmp_path / "table.parquet"
    table.drop("reason").write_parquet(path)
    started = time.monotonic()
    subprocess.run(command(path, tmp_path / "calm", 30, workers), check=True, capture_output=True)
    seconds = time.monotonic() - started
    site.ask("/reset")
    kills = run_killed(site, path, tmp_path / "killed", rate=30, workers=workers, kills=3, seconds=seconds)
    assert kills >= 2
    assert differences(tmp_path / "calm", tmp_path / "killed") == []
    assert wrong_rows(table, pl.read_parquet(tmp_path / "killed" / "rows.parquet")) == []
    assert max(most_in_a_second(site.ask("/log")).values()) <= 30


@pytest.mark.slow
def test_a_killed_worker_is_one_sentence_and_another_run_goes_on(site: Site, tmp_path: Path) -> None:
    table = make_table(site, 300, faults=0)
    path = tmp_path / "table.parquet"
    table.drop("reason").write_parquet(path)
    with subprocess.Popen(command(path, tmp_path / "out", 5, 2), stderr=subprocess.PIPE, text=True) as process:
        worker = _worker_of(process.pid)
        while len(site.ask("/log")) < 30:
            time.sleep(0.1)
        os.kill(worker, signal.SIGKILL)
        _, words = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "ThujaError: a worker process was killed, perhaps for want of memory" in words
    subprocess.run(command(path, tmp_path / "out", 50, 2), check=True, stderr=subprocess.DEVNULL)
    assert wrong_rows(table, pl.read_parquet(tmp_path / "out" / "rows.parquet")) == []


def _worker_of(parent: int) -> int:
    """The first spawned worker of a process, by the system's table of processes."""
    for _ in range(300):
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                is_child = f"\nPPid:\t{parent}\n" in status.read_text(encoding="utf-8")
                line = (status.parent / "cmdline").read_bytes()
            except OSError:  # it has ended
                continue
            if is_child and b"spawn_main" in line:
                return int(status.parent.name)
        time.sleep(0.1)
    raise AssertionError("no worker began within 30 seconds")
