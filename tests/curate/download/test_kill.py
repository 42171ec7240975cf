"""A download that is killed for good, again and again, ends in the table of one left alone."""

import subprocess
import time
from pathlib import Path

import pytest
from polars import read_parquet

from curate_download import Site, command, differences, make_table, most_in_a_second, run_killed, wrong_rows


@pytest.mark.slow
def test_sigkill_at_any_moment_and_another_run_give_the_same_rows(site: Site, tmp_path: Path) -> None:
    table = make_table(site, 300)
    path = tmp_path / "table.parquet"
    table.drop("reason").write_parquet(path)
    started = time.monotonic()
    subprocess.run(command(path, tmp_path / "calm", 20, 1), check=True, capture_output=True)
    seconds = time.monotonic() - started
    site.ask("/reset")
    kills = run_killed(site, path, tmp_path / "killed", rate=20, workers=1, kills=3, seconds=seconds)
    assert kills >= 2
    assert differences(tmp_path / "calm", tmp_path / "killed") == []
    assert wrong_rows(table, read_parquet(tmp_path / "killed" / "rows.parquet")) == []
    assert max(most_in_a_second(site.ask("/log")).values()) <= 20
