"""A curation killed for good, again and again, ends in the catalog of one left alone."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

MAIN = "from thuja.cli.main import main; main()"


@pytest.mark.slow
def test_sigkill_at_any_moment_and_resume_give_the_same_catalog(photos: Path, backbone: Path, tmp_path: Path) -> None:
    def command(out: str, *more: str) -> list[str]:
        options = ["--backbone", str(backbone), "--unseen-species", "2", "--out", str(tmp_path / out)]
        return [sys.executable, "-c", MAIN, "curate", str(photos), *options, *more]

    started = time.monotonic()
    subprocess.run(command("calm"), check=True, capture_output=True)
    whole = time.monotonic() - started
    kills = 0
    for part in (0.3, 0.45, 0.55, 0.65, 0.75, 0.85):
        more = ["--resume"] if (tmp_path / "killed" / "thuja.job.json").exists() else []
        process = subprocess.Popen(command("killed", *more), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=whole * part)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
    subprocess.run(command("killed", "--resume"), check=True, capture_output=True)
    assert kills >= 2
    for name in ("catalog.parquet", "names.csv", "summary.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "calm" / name).read_bytes()
    for shard in (tmp_path / "calm" / "shards").iterdir():
        assert shard.read_bytes() == (tmp_path / "killed" / "shards" / shard.name).read_bytes()
    assert json.loads((tmp_path / "killed" / "thuja.job.json").read_text())["state"] == "complete"
