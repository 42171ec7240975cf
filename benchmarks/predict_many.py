"""`thuja predict` over very many images: peak memory at two counts, and a run that is killed against one that is not.

python benchmarks/predict_many.py FOLDER [--images 100000]

The model is tiny, so that everything around it is what is measured; the images are hard links to 200 JPEGs and
broken files, in folders of a thousand. The script kills its own child, half-way by the units that it finds.
"""

import argparse
import hashlib
import io
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from encode_memory import tiny_model
from thuja.encode import build_labels
from thuja.taxonomy import Taxon

KINDS = 200
BROKEN = 7
"""Every so many of the kinds is no image."""
TAXA = 500
IN_A_FOLDER = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=100_000)
    given = parser.parse_args()
    folder = given.folder
    folder.mkdir(parents=True, exist_ok=True)
    write_model(folder / "model")
    few, many = given.images // 10, given.images
    write_images(folder / "few", few, folder / "kinds")
    write_images(folder / "many", many, folder / "kinds")
    first = run(folder, "few", "few.csv")
    whole = run(folder, "many", "whole.csv")
    print(f"| {few:,} | {first.peak:.0f} | {few / first.seconds:,.0f} |", flush=True)
    print(f"| {many:,} | {whole.peak:.0f} | {many / whole.seconds:,.0f} |", flush=True)
    units = kill(folder, "many", "killed.csv", after=-(-many // 1024) // 2)
    resumed = run(folder, "many", "killed.csv")
    is_same = digest(folder / "killed.csv") == digest(folder / "whole.csv")
    print(
        f"killed with {units} of {-(-many // 1024)} units done, gone on with in {resumed.seconds:.0f} of "
        f"{whole.seconds:.0f} s, peak {resumed.peak:.0f} MB: the same bytes: {is_same}"
    )
    if not is_same:
        sys.exit(1)


class Run:
    """One process that ended well: its peak memory in MB and its seconds."""

    def __init__(self, peak: float, seconds: float) -> None:
        self.peak, self.seconds = peak, seconds


def command(folder: Path, images: str, out: str) -> list[str]:
    words = ["predict", str(folder / images), "--model", str(folder / "model"), "-k", "3"]
    return [sys.executable, "-m", "thuja", *words, "--precision", "fp32", "--out", str(folder / out)]


def run(folder: Path, images: str, out: str) -> Run:
    """The command to its end."""
    started = time.perf_counter()
    with subprocess.Popen(command(folder, images, out), stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.returncode
    return Run(usage.ru_maxrss / 1024, time.perf_counter() - started)


def kill(folder: Path, images: str, out: str, *, after: int) -> int:
    """Kill the command when so many units are done; returns how many are."""
    parts = folder / f"{out}.parts"
    with subprocess.Popen(command(folder, images, out), stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and len(list(parts.glob("unit-??????"))) < after:
            time.sleep(0.05)
        process.kill()
    return len(list(parts.glob("unit-??????")))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_model(folder: Path) -> None:
    model = tiny_model()
    model.save(folder, name="tiny")
    ranks = ("Animalia", "Chordata", "Aves", "Ordo", "Familia")
    taxa = [Taxon.from_names([*ranks, f"Genus{number // 5}", f"species{number}"]) for number in range(TAXA)]
    build_labels(model, taxa).save(folder / "labels")


def write_images(folder: Path, count: int, kinds: Path) -> None:
    if folder.is_dir():
        return
    kinds.mkdir(exist_ok=True)
    for kind in range(KINDS):
        buffer = io.BytesIO()
        pixels = np.random.default_rng(kind).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((96, 72), Image.Resampling.BICUBIC).save(buffer, "JPEG")
        data = buffer.getvalue()
        (kinds / f"{kind:03}.jpg").write_bytes(data[: len(data) // 2] if kind % BROKEN == 3 else data)
    temporary = folder.with_name(f"{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    for place in range(count):
        target = temporary / f"{place // IN_A_FOLDER:04}" / f"{place % IN_A_FOLDER:03}.jpg"
        if place % IN_A_FOLDER == 0:
            target.parent.mkdir(parents=True)
        target.hardlink_to(kinds / f"{place * 31 % KINDS:03}.jpg")
    temporary.rename(folder)


if __name__ == "__main__":
    main()
