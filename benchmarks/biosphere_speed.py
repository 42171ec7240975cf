"""How fast pictures of a biosphere are drawn, by part and as whole commands.

    python benchmarks/biosphere_speed.py
    python benchmarks/biosphere_speed.py --images 20000 --size 128

The floor of any renderer that writes JPEGs is their encoding: the last column says how many times that a part costs.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from thuja.biosphere import Sighting, Style, World, WorldConfig, draw
from thuja.biosphere.truth import QUALITY, record_of, row_of
from thuja.images import encode_jpeg

SAMPLE = 600


def mean_time(job: Callable[[Sighting], object], sightings: list[Sighting]) -> float:
    """Milliseconds of this processor that a picture takes."""
    started = time.process_time()
    for sighting in sightings:
        job(sighting)
    return (time.process_time() - started) / len(sightings) * 1000


def parts(size: int) -> None:
    """What each part of a picture costs in one process."""
    world = World.make(WorldConfig(seed=0))
    addresses = world.addresses()[:: world.images // SAMPLE].tolist()
    started = time.process_time()
    sightings = [Sighting.of(world, species, number) for species, number in addresses]
    found = {"sighting: specimen, scene, label": (time.process_time() - started) / len(sightings) * 1000}
    pictures = {id(one): draw(one.specimen, one.scene, size) for one in sightings}
    records = {id(one): record_of(one, world.config, size) for one in sightings}
    found["record and captions"] = mean_time(lambda one: record_of(one, world.config, size), sightings)
    found["row of the table"] = mean_time(lambda one: row_of(one, records[id(one)]), sightings)
    empty = [replace(one, scene=replace(one.scene, is_empty=True)) for one in sightings]
    found["ground, camera and light"] = mean_time(lambda one: draw(one.specimen, one.scene, size), empty)
    whole = mean_time(lambda one: draw(one.specimen, one.scene, size), sightings)
    found["organism"] = whole - found["ground, camera and light"]
    encoding = mean_time(lambda one: encode_jpeg(pictures[id(one)], quality=QUALITY), sightings)
    found["JPEG"] = encoding
    total = sum(found.values())
    print(f"one process, {size} px, {len(sightings)} pictures of world 0 (ms of processor time a picture)")
    for name, value in {**found, "all": total}.items():
        print(f"  {name:<34}{value:7.2f} ms {value / total:6.0%} {value / encoding:7.1f} x JPEG")
    inked = [replace(one, scene=replace(one.scene, style=Style.HATCHED)) for one in sightings]
    print(f"  {'drawn in ink instead':<34}{mean_time(lambda one: draw(one.specimen, one.scene, size), inked):7.2f} ms")


def commands(images: int, size: int) -> None:
    """Whole commands, start and tables counted."""
    for words in (("make",), ("make", "--shards"), ("things", "--shards")):
        for workers in (1, 2):
            with tempfile.TemporaryDirectory() as folder:
                count = images // 200 if words[0] == "make" else images
                call = [sys.executable, "-m", "thuja", "biosphere", words[0], str(Path(folder) / "out"), *words[1:]]
                call += ["--images", str(count), "--size", str(size), "--workers", str(workers)]
                started = time.perf_counter()
                subprocess.run(call, check=True, capture_output=True)
                taken = time.perf_counter() - started
            print(
                f"{' '.join(words):<16} {workers} workers: {images / taken:6.0f} pictures/s ({taken:.1f} s)", flush=True
            )


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=8000)
    parser.add_argument("--size", type=int, default=128)
    options = parser.parse_args()
    parts(options.size)
    commands(options.images, options.size)


if __name__ == "__main__":
    main()
