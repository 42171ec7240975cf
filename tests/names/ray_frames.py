"""Resolve a frame on a Ray cluster of two machines, and write what came of it as JSON; run by test_frames_on_ray.py.

    python tests/names/ray_frames.py ROWS.parquet... FOLDER_OF_BACKBONE_WORLD OUT.json

A process of its own, because Daft's runner is set once in a process. Each machine has a cache folder of its own, and
reports from its executor how often it opened a backbone. After the machines have started, this process alone moves to
the backbone's folder: /proc/self/cwd is then a path that the machines do not see, as on another machine's disk.
"""

import json
import os
import sys
from pathlib import Path

os.environ.update(DO_NOT_TRACK="1", RAY_USAGE_STATS_ENABLED="0", DAFT_PROGRESS_BAR="0")
os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"  # what Ray wants said before it stops warning

import daft
import ray
from daft import DataType, col
from ray.cluster_utils import Cluster

from thuja.names.frames import FrameConfig, resolve_frame

PARTS = 8


@daft.func.batch(return_dtype=DataType.string())
def where(rows: daft.Series) -> list[str]:
    """The machine's cache, the process, and how often it opened a backbone."""
    import json
    import os
    import time

    from thuja.names.installed import _open

    time.sleep(0.2)  # long enough that the other machine gets parts too
    return [json.dumps([os.environ["THUJA_CACHE"], os.getpid(), _open.cache_info().misses])] * len(rows)


def look(rows: list[str], backbone: str) -> dict[str, object]:
    """The answers, and what the machines say once they have answered."""
    frame = daft.read_parquet(rows).into_partitions(PARTS)
    answered = resolve_frame(frame, FrameConfig(backbones=(backbone,)))
    seen = answered.into_partitions(PARTS).with_column("where", where(col("row")))
    workers = sorted(json.loads(one) for one in set(seen.to_pydict()["where"]))
    return {"answers": answered.to_arrow().to_pylist(), "workers": workers}


def main(rows: list[str], folder: str, out: Path) -> None:
    """Ask with the shared store twice, so that a second query finds it open; then with the one to be sent."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for number in range(2):
        cache = {"THUJA_CACHE": str(out.parent / f"cache-{number}")}
        cluster.add_node(num_cpus=1, env_vars=cache, object_store_memory=80 * 2**20)
    os.chdir(folder)
    daft.set_runner_ray(address=cluster.address)
    daft.set_execution_config(shuffle_aggregation_default_partitions=2)  # 200, for large tables, take minutes
    paths = {"first": f"{folder}/world", "again": f"{folder}/world", "sent": "/proc/self/cwd/world"}
    found = {name: look(rows, path) for name, path in paths.items()}
    out.write_text(json.dumps(found))
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main(sys.argv[1:-2], sys.argv[-2], Path(sys.argv[-1]))
