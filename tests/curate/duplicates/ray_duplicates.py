"""Duplicates of a small table on this machine and on a Ray cluster of two workers; run by test_near.py.

    python tests/curate/duplicates/ray_duplicates.py FOLDER

A process of its own, because Daft's runner is set once in a process; what the native runner finds is asked of another.
FOLDER holds hashes.parquet; found.json is written into it.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

os.environ.update(DO_NOT_TRACK="1", RAY_USAGE_STATS_ENABLED="0", DAFT_PROGRESS_BAR="0")
os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"  # what Ray wants said before it stops warning

import daft
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import ray
from PIL import Image
from ray.cluster_utils import Cluster

from thuja.curate.duplicates import DuplicateSettings, duplicates_step, hashes_of
from thuja.curate.duplicates.near import near_hashes
from thuja.curate.rows import STEP_SCHEMA

SCENES = 20
DISTANCE = 2
"""Each bit of it is one more job of the cluster."""


def write_rows(folder: Path) -> None:
    """Twenty scenes, each with a smaller copy, every other with the same bytes under another name."""
    rows = []
    for number in range(SCENES):
        noise = np.random.default_rng(number).integers(0, 256, (9, 12, 3), dtype=np.uint8)
        image = Image.fromarray(noise).resize((240, 180), Image.Resampling.BICUBIC)
        small = image.resize((160, 120), Image.Resampling.LANCZOS)
        for name, one in (("a", image), ("b", small), ("c", image))[: 2 + number % 2]:
            path = folder / f"{number:02}{name}.png"
            one.save(path)
            digest = sha256(path.read_bytes()).hexdigest()
            known = {"uuid": path.stem, "path": path.name, "place": str(path), "sha256": digest, "genus": "Corvus"}
            known |= {"width": one.width, "height": one.height} | asdict(hashes_of(one))
            rows.append(dict.fromkeys(STEP_SCHEMA.names) | known)
    table = pa.Table.from_pylist(rows, schema=STEP_SCHEMA)
    for part in range(3):
        pq.write_table(table.take(list(range(part, len(rows), 3))), folder / f"rows-{part}.parquet")


def drops(folder: Path) -> list[dict[str, object]]:
    step = duplicates_step(DuplicateSettings(perceptual=True))
    frame = step.apply(daft.read_parquet([str(folder / f"rows-{part}.parquet") for part in range(3)]))
    return frame.select("uuid", "drop_reason", "duplicate_of").sort("uuid").to_arrow().to_pylist()


def main(folder: Path) -> None:
    """Ask the native runner in a process of its own, then the cluster."""
    write_rows(folder)
    said = subprocess.run([sys.executable, __file__, str(folder), "native"], check=True, capture_output=True)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    daft.set_runner_ray(address=cluster.address)
    daft.set_execution_config(shuffle_aggregation_default_partitions=2)  # 200, for large tables, take minutes
    pairs = near_hashes(daft.read_parquet(str(folder / "hashes.parquet")), DISTANCE, direct=0, part=1_000)
    found = {"pairs": pairs.to_arrow().to_pylist(), "cluster": drops(folder), "native": json.loads(said.stdout)}
    (folder / "found.json").write_text(json.dumps(found))
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    if sys.argv[2:] == ["native"]:
        print(json.dumps(drops(Path(sys.argv[1]))))
    else:
        main(Path(sys.argv[1]))
