"""How fast each verb of the main job is on this machine, as whole commands, with their start.

    python benchmarks/house.py [--species 50] [--images 40] [--steps 60]

Each command runs as a user runs it. Beside them stands the matrix rate of this machine, the limit
of the training step, and the share of it that the step's arithmetic reaches.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

THUJA = [sys.executable, "-c", "from thuja.cli.main import main; main()"]
STEP_GFLOP = 3 * 2 * 1.2e6 * 65 * 1e-9
"""One image through `small`'s image tower, forward and back: 3 passes, 2 FLOP a weight and token."""


def run(*words: object) -> float:
    """Seconds of one command."""
    started = time.perf_counter()
    subprocess.run([*THUJA, *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def matrix_rate() -> float:
    """GFLOP/s of a 1024-wide float32 product, the best of ten."""
    left, right = torch.rand(4096, 1024), torch.rand(1024, 1024)
    seconds = []
    for _ in range(10):
        started = time.perf_counter()
        left @ right
        seconds.append(time.perf_counter() - started)
    return 2 * 4096 * 1024 * 1024 / min(seconds) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--species", type=int, default=50)
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--steps", type=int, default=60)
    sizes = parser.parse_args()
    count = sizes.species * sizes.images
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        helps = [run("--help") for _ in range(7)]
        made = run("biosphere", "make", at / "world", "--species", sizes.species, "--images", sizes.images)
        curated = run("curate", at / "world", "--out", at / "data")
        rate = matrix_rate()
        run("train", "small", at / "data", "--out", at / "run", "--steps", sizes.steps, "--evaluate-every", 10**6)
        rows = [json.loads(line) for line in (at / "run" / "metrics.jsonl").read_text().splitlines()]
        trained = statistics.median(row["images_per_s"] for row in rows[5:-1])
        embedded = run("embed", at / "world" / "images", "--model", at / "run" / "model", "--out", at / "e.parquet")
    print(f"thuja --help              {statistics.median(helps):.2f} s (median of 7)")
    print(f"biosphere make, 128 px    {count / made:.0f} pictures/s ({count} pictures, {made:.1f} s)")
    print(f"curate                    {count / curated:.0f} images/s ({curated:.1f} s)")
    print(f"train small               {trained:.0f} images/s (median step)")
    print(f"                          {trained * STEP_GFLOP:.0f} of {rate:.0f} GFLOP/s (image tower's share alone)")
    print(f"embed, 64-pixel ViT       {count / embedded:.0f} images/s ({embedded:.1f} s, start included)")


if __name__ == "__main__":
    main()
