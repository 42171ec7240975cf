"""Curation at scale: five million media of a made GBIF download to a plan of downloads, alike on a Ray cluster; photos.

    python benchmarks/curate.py ingest [--media 5000000]     a download to the plan: time, peak memory, counts
    python benchmarks/curate.py ray [--media 5000000]        the same on a local cluster of two workers: the same rows?
    python benchmarks/curate.py photos PHOTOS --out DIR      every filter on real photos, natively and on Ray

Its other parts are scripts of their own: curate_download.py, curate_duplicates.py, curate_filters.py, curate_leaks.py.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

from curate_gbif_world import Expected, write_archive

HOSTS, TAXA, SEED = 600, 60_000, 1
ON_RAY = """
import os, sys
import ray
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
for _ in range(2):
    cluster.add_node(num_cpus=1, object_store_memory=600 * 2**20)
sys.argv = ["thuja", *sys.argv[1:], "--ray", cluster.address]
from thuja.cli.main import main
try:
    main()
finally:
    ray.shutdown()
    cluster.shutdown()
"""
"""A process of its own, because Daft's runner is set once in a process."""
ALL_FILTERS = ("quality.min_side=64", "quality.min_sharpness=8", "quality.min_contrast=12", 'people.rule="yunet"',
               "camera={}", "bursts={}", "duplicates.perceptual=true", "splits.unseen_species=20")  # fmt: skip


def thuja(*words: str, on_ray: bool = False) -> tuple[float, float]:
    """Run a command; seconds and the peak memory of its process in GB."""
    script = ON_RAY if on_ray else "from thuja.cli.main import main; main()"
    environment = os.environ | {"DO_NOT_TRACK": "1", "RAY_USAGE_STATS_ENABLED": "0", "DAFT_PROGRESS_BAR": "0"}
    environment["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", script, *words], env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"thuja {' '.join(words)} failed")
    return time.monotonic() - started, usage.ru_maxrss / 1e6


def ingest(archive: Path, out: Path, expected: Expected, *, on_ray: bool) -> None:
    """A download to the plan, and whether the counts are those that were made."""
    seconds, memory = thuja("curate", str(archive), "--out", str(out), "--dry-run", on_ray=on_ray)
    counts = {step: json.loads(path.read_text())["counts"] for step, path in markers(out)}
    read = counts["read"]
    assert read["kept"] == expected.images, (read, expected)
    assert read["dropped"] == {"no_occurrence": expected.without_occurrence, "no_url": expected.without_url}
    where = "on a Ray cluster of two workers" if on_ray else "on one machine"
    print(f"{expected.media:,} media, {HOSTS} hosts, {TAXA:,} taxa {where}: {seconds:.0f} s")
    print(f"  peak memory of the process {memory:.2f} GB; {counts['names']['kept']:,} images named and planned")


def markers(out: Path) -> list[tuple[str, Path]]:
    """The steps of a curation by name, in order."""
    found = sorted((out / "steps").glob("*.json"), key=lambda path: int(path.name.partition("-")[0]))
    return [(path.stem.partition("-")[2], path) for path in found]


def same_rows(one: Path, other: Path) -> bool:
    """Whether two curations have the same rows after their last step."""
    tables = []
    for out in (one, other):
        name = markers(out)[-1][1].stem
        files = sorted((out / "steps" / name).rglob("*.parquet"))
        tables.append(pl.concat([pl.read_parquet(file).hash_rows(seed=0) for file in files]).sort())
    return bool(tables[0].equals(tables[1]))


def photos(folder: Path, out: Path) -> None:
    """Every filter on real photos, natively and on Ray: the same catalog?"""
    options = [part for change in ALL_FILTERS for part in ("--set", change)]
    words = ["curate", str(folder), "--labels", str(folder / "manifest.csv"), *options]
    for name, on_ray in (("native", False), ("ray", True)):
        seconds, memory = thuja(*words, "--out", str(out / name), on_ray=on_ray)
        print(f"{name}: {seconds:.0f} s, {memory:.2f} GB")
    same = (out / "native" / "catalog.parquet").read_bytes() == (out / "ray" / "catalog.parquet").read_bytes()
    print(f"the same catalog, byte for byte: {same}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["ingest", "ray", "photos"])
    parser.add_argument("photos", type=Path, nargs="?")
    parser.add_argument("--media", type=int, default=5_000_000)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if given.part == "photos":
            photos(given.photos, given.out or Path(scratch))
            return
        archive = Path(scratch) / "world.zip"
        started = time.monotonic()
        expected = write_archive(archive, media=given.media, hosts=HOSTS, taxa=TAXA, seed=SEED)
        print(f"archive of {archive.stat().st_size / 1e9:.2f} GB written in {time.monotonic() - started:.0f} s")
        ingest(archive, Path(scratch) / "native", expected, on_ray=False)
        if given.part == "ray":
            ingest(archive, Path(scratch) / "ray", expected, on_ray=True)
            print(f"  the same rows: {same_rows(Path(scratch) / 'native', Path(scratch) / 'ray')}")


if __name__ == "__main__":
    main()
