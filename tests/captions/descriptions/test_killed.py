"""A run that is killed for good, again and again, ends in the table of one left alone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from captions_dump_world import Maker, write

JOB = """
import sys
from functools import partial
from pathlib import Path
from thuja.captions.descriptions.describing import DescribeSettings, OpenSource, describe
from thuja.captions.descriptions.dump import Dump, open_dump
from thuja.captions.descriptions.keeping import keep_all
from thuja.captions.descriptions.taxon_table import read_taxa

dump = Dump(path=Path(sys.argv[1]))
source = OpenSource(plan=dump.plan(), open=partial(open_dump, dump))
settings = DescribeSettings(block=50, resume=sys.argv[4] == "resume")
keep = keep_all(lambda text: [text])
describe(read_taxa(Path(sys.argv[2])), [source], Path(sys.argv[3]), keep=keep, settings=settings)
"""


@pytest.mark.slow
def test_sigkill_and_resume_give_the_same_descriptions(tmp_path: Path) -> None:
    wiki = Maker(3_000).make()
    dump, _ = write(wiki, tmp_path)
    names = {f"{one.taxon.kingdom},{one.taxon.family},{one.taxon.genus},{one.taxon.species}" for one in wiki.truths}
    table = tmp_path / "taxa.csv"
    table.write_text("\n".join(["kingdom,family,genus,species", *sorted(names)]))

    def command(out: str, how: str) -> list[str]:
        return [sys.executable, "-c", JOB, str(dump), str(table), str(tmp_path / out), how]

    started = time.monotonic()
    subprocess.run(command("calm", "begin"), check=True, capture_output=True)
    whole = time.monotonic() - started
    kills = 0
    for part in (0.6, 0.85):
        how = "resume" if (tmp_path / "killed" / "thuja.job.json").exists() else "begin"
        process = subprocess.Popen(command("killed", how), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=whole * part)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            kills += 1
    subprocess.run(command("killed", "resume"), check=True, capture_output=True)
    assert kills >= 1
    for name in ("descriptions.parquet", "summary.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "calm" / name).read_bytes()
