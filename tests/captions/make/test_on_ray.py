"""A cluster of two workers writes what one machine writes, byte for byte, and asks about every picture once."""

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from tests.captions.make.scripted import checks, open_noting, write_shards

from thuja.captions.make import GuidancePlan, Handed, Output, Pace, make

REPOSITORY = Path(__file__).parents[3]
SCRIPT = Path(__file__).with_name("ray_captions.py")


@pytest.mark.slow
def test_a_cluster_captions_as_one_machine_does(tmp_path: Path) -> None:
    assert importlib.util.find_spec("ray"), "pip install thuja[curate-ray]"
    shards = write_shards(tmp_path / "in", {"train": [9, 8, 8], "val": [5]})
    opener = partial(open_noting, log=tmp_path / "here.jsonl")
    guidance = GuidancePlan(strategy="bare")
    handed = Handed(open_captioner=opener, open_checks=checks, guidance=guidance, name="noting")
    make(shards, Output(folder=tmp_path / "here"), handed=handed, pace=Pace(concurrency=3))
    words = [sys.executable, str(SCRIPT), str(shards), str(tmp_path / "ray"), str(tmp_path / "ray.jsonl")]
    path = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])  # the workers import the captioner
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(words, capture_output=True, text=True, timeout=240, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-4000:]
    for path in sorted((tmp_path / "here").rglob("*")):
        if (path.is_file() and path.suffix in (".parquet", ".tar")) or path.name == "summary.json":
            there = tmp_path / "ray" / path.relative_to(tmp_path / "here")
            assert there.read_bytes() == path.read_bytes(), path.name
    here, there = (
        [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        for name in ("here.jsonl", "ray.jsonl")
    )
    assert Counter(one["seed"] for one in there) == Counter(one["seed"] for one in here)
    assert {one["parts"] for one in there} == {2}, "each worker knows that it has half of the rate and the budget"
