"""Two thousand pictures through a real server that fails in every way, killed for good twice in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.captions.chat_server import Behaviour, Site, started
from tests.captions.make.scripted import SPECIES, jpeg, record_of, write_shards

from thuja.shards.checking import check_shards

MAIN = "from thuja.cli.main import main; main()"
PICTURES = 2_000
RATE = 12_000
CONCURRENCY = 48
LETTERS = str.maketrans("0123456789", "ghijklmnop")
"""No check takes these for a measurement."""


def caption_of(number: int) -> str:
    letters = sha256(jpeg(number)).hexdigest()[:6].translate(LETTERS)
    return f"A {SPECIES[number % 3].common} with round spots stands beside the letters {letters}."


def command(shards: Path, out: Path, site: Site, *more: str) -> list[str]:
    options = ["--server", site.url, "--model", "thuja-test", "--answers", "json", "--strategy", "bare"]
    pace = ["--concurrency", str(CONCURRENCY), "--rate", f"{RATE}/min", "--tries", "2"]
    return [sys.executable, "-c", MAIN, "captions", "make", str(shards), "--out", str(out), *options, *pace, *more]


def run_until(requests: int, site: Site, words: list[str]) -> None:
    """Start the command, and kill it once the server has seen so many requests."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while site.counts()["requests"] < requests:
        assert process.poll() is None, "it ended before it was killed"
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.slow
def test_every_picture_has_exactly_one_outcome_though_the_run_is_killed_twice(tmp_path: Path) -> None:
    shards = write_shards(tmp_path / "in", {"train": [700, 600], "val": [700]})
    names = tmp_path / "names.json"
    names.write_text(json.dumps([taxon.common for taxon in SPECIES]))
    true = {sha256(jpeg(number)).hexdigest(): caption_of(number) for number in range(PICTURES)}
    captions = tmp_path / "captions.json"
    captions.write_text(json.dumps(true))
    faults = Behaviour(
        throttled=0.03, broken=0.03, dropped=0.01, empty=0.03, broken_json=0.03, refusal=0.03, filtered=0.01,
        wrong_name=0.05, delay=0.1, names=str(names), captions=str(captions),
    )  # fmt: skip
    out = tmp_path / "out"
    with started(faults) as site:
        run_until(600, site, command(shards, out, site))
        run_until(1_400, site, command(shards, out, site, "--resume"))
        done = subprocess.run(command(shards, out, site, "--resume"), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        minute, short = site.counts(60.0), site.counts(6.0)
    rows = pq.read_table(out / "captions.parquet").to_pylist()
    assert [row["uuid"] for row in rows] == [record_of(number).uuid for number in range(PICTURES)]
    assert all((row["status"] == "accepted") == (row["caption"] is not None) for row in rows)
    assert all(row["reasons"] for row in rows if row["status"] == "rejected")
    for row, number in zip(rows, range(PICTURES), strict=True):
        assert row["caption"] in (None, caption_of(number))
    statuses = Counter(row["status"] for row in rows)
    assert statuses["accepted"] > 0.95 * PICTURES
    summary = json.loads((out / "summary.json").read_text())
    assert 0 < summary["unanswered"] <= 2 * (CONCURRENCY + 16), (
        "what was under way, or waited for the rate, at two kills"
    )
    assert f"asked but unanswered when a run broke off: {summary['unanswered']}" in done.stdout
    # What the server saw is what the table tells, the small picture before each run, and what was lost.
    assert summary["requests"] + 3 <= minute["requests"] <= summary["requests"] + 3 + 2 * summary["unanswered"]
    assert minute["fullest"] <= RATE
    assert short["fullest"] <= RATE * (6 / 61 + 0.05) + 1
    assert check_shards([out], workers=1).is_good


SLOW = """
import time
from pathlib import Path


def caption(image, prompt):
    with Path("asked.log").open("a") as file:
        file.write("x")
    time.sleep(0.2)
    return "A raven, a magpie or an oak has plain sides and a rounded back."
"""


@pytest.mark.slow
def test_an_interrupt_waits_for_what_is_paid_and_says_how_to_go_on(tmp_path: Path) -> None:
    shards = write_shards(tmp_path / "in", {"train": [24]})
    (tmp_path / "slow_captioner.py").write_text(SLOW)
    words = [sys.executable, "-c", MAIN, "captions", "make", str(shards), "--captioner", "slow_captioner:caption"]
    words += ["--strategy", "bare", "--concurrency", "2", "--out", str(tmp_path / "out")]
    asked = tmp_path / "asked.log"
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        while not asked.exists() or asked.stat().st_size < 6:
            assert process.poll() is None, "it ended before it was interrupted"
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "answers under way are waited for" in said
    assert f"what is done is kept in {tmp_path / 'out'}: --resume goes on from there" in said
    assert "Traceback" not in said
    done = subprocess.run([*words, "--resume"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("24 pictures = 24 accepted"), done.stderr
    assert asked.stat().st_size == 24, "no picture is asked about twice"
