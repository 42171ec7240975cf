"""A run that is killed for good, again and again, ends in the table of one left alone."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from captions_dump_world import Maker, write

JOB = """
import os, signal, sys, threading, time
from functools import partial
from pathlib import Path
from thuja.captions.descriptions.describing import DescribeSettings, OpenSource, describe
from thuja.captions.descriptions.dump import Dump, open_dump
from thuja.captions.descriptions.keeping import keep_all
from thuja.captions.descriptions.taxon_table import read_taxa

dump, index, table, out = map(Path, sys.argv[1:5])
how, death = sys.argv[5:]
work = out / "work"
has_come = {
    "none": lambda: False,
    "in the dump": lambda: any(path.stat().st_size > 100_000 for path in work.glob("*/pages.sqlite")),
    "in the blocks": lambda: len(list(work.glob("blocks/*"))) > 3,
}[death]


def watch():
    while not has_come():
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGKILL)


threading.Thread(target=watch, daemon=True).start()
source = OpenSource(plan=Dump(path=dump, index=index).plan(), open=partial(open_dump, Dump(path=dump, index=index)))
settings = DescribeSettings(block=20, resume=how == "resume")
describe(read_taxa(table), [source], out, keep=keep_all(lambda text: [text]), settings=settings)
"""


@pytest.mark.slow
def test_sigkill_and_resume_give_the_same_descriptions(tmp_path: Path) -> None:
    """Killed once between the rounds through the dump, and once between the blocks of taxa."""
    wiki = Maker(1_500).make()
    dump, index = write(wiki, tmp_path)
    names = {f"{one.taxon.kingdom},{one.taxon.family},{one.taxon.genus},{one.taxon.species}" for one in wiki.truths}
    table = tmp_path / "taxa.csv"
    table.write_text("\n".join(["kingdom,family,genus,species", *sorted(names)]))

    def end(out: str, how: str, death: str) -> int:
        words = [str(dump), str(index), str(table), str(tmp_path / out), how, death]
        return subprocess.run([sys.executable, "-c", JOB, *words], capture_output=True, check=False).returncode

    assert end("calm", "begin", "none") == 0
    assert end("killed", "begin", "in the dump") == -signal.SIGKILL
    assert end("killed", "resume", "in the blocks") == -signal.SIGKILL
    assert end("killed", "resume", "none") == 0
    for name in ("descriptions.parquet", "summary.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "calm" / name).read_bytes()
