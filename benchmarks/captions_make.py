"""How fast `thuja captions make` is as a whole, and what a picture takes of this machine.

    python benchmarks/captions_make.py [--pictures 1280] [--concurrency 64] [--delay 1.0]

The server is tests/captions/chat_server.py in a process of its own; each answer takes `delay` seconds: no client
can be faster than concurrency / delay. The command is a process of its own and does all it does for a user: it reads
shards of 720 x 540 pixels, decodes and checks, writes its journal, tables, shards and catalog. With `--delay 0` and a
captioner that answers at once (`--captioner`) the job is what limits.
"""

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from thuja.images import encode_jpeg
from thuja.record import Record, uuid_of_source
from thuja.shards import ShardWriter, even_sizes
from thuja.taxonomy import Taxon

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "captions"))
from chat_server import Behaviour, started

RAVEN = Taxon(kingdom="Animalia", class_="Aves", genus="Corvus", species="corax", common="raven")
SIZE = (720, 540)
SHARD = 500
AT_ONCE = "def caption(image, prompt):\n    return 'A raven with a strong bill and glossy feathers on a stone.'\n"


def write_pictures(folder: Path, count: int) -> None:
    """Photos of blots, every one another."""
    rng = np.random.default_rng(0)
    with ShardWriter(folder, "train", sizes=even_sizes(count, SHARD)) as writer:
        for number in range(count):
            blots = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
            image = encode_jpeg(blots.resize(SIZE, Image.Resampling.BICUBIC))
            writer.write(Record(uuid=uuid_of_source("benchmark", str(number)), path="", taxon=RAVEN), image)


def measured(words: list[str], folder: Path) -> tuple[float, float, float]:
    """Pictures a second while captions are asked for, seconds in all, and processor seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    command = [sys.executable, "-m", "thuja", "captions", "make", "in", "--strategy", "bare", "--out", "out", *words]
    done = subprocess.run([*command, "--force"], cwd=folder, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = re.findall(r"captioning: .*?([\d,.]+) pictures/s, took", done.stderr)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return float(told[-1].replace(",", "")), time.monotonic() - began, cpu


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pictures", type=int, default=1280)
    options.add_argument("--concurrency", type=int, default=64)
    options.add_argument("--delay", type=float, default=1.0)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name, started(Behaviour(delay=chosen.delay)) as site:
        folder = Path(name)
        write_pictures(folder / "in", chosen.pictures)
        (folder / "at_once.py").write_text(AT_ONCE)
        _, _, alone = measured(["--captioner", "at_once:caption", "--limit", "1", "--tries", "0"], folder)
        server = ["--server", site.url, "--concurrency", str(chosen.concurrency), "--tries", "0"]
        own = ["--captioner", "at_once:caption", "--concurrency", "4", "--tries", "0"]
        for kind, words in (("server", server), ("function", own)):
            rate, wall, cpu = measured(words, folder)
            row = {
                "captioner": kind,
                "pictures/s while asking": round(rate, 1),
                "ceiling": round(chosen.concurrency / chosen.delay, 1) if kind == "server" and chosen.delay else None,
                "seconds in all": round(wall, 1),
                "processor ms a picture": round(1000 * (cpu - alone) / chosen.pictures, 2),
            }
            print(json.dumps(row))


if __name__ == "__main__":
    main()
