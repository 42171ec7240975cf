"""Captions on a Ray cluster of two workers; run by test_on_ray.py.

    PYTHONPATH=. python tests/captions/make/ray_captions.py SHARDS OUT LOG

A process of its own, because Daft's runner is set once in a process.
"""

import os
import sys
from functools import partial
from pathlib import Path

os.environ.update(DO_NOT_TRACK="1", RAY_USAGE_STATS_ENABLED="0", DAFT_PROGRESS_BAR="0")
os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"  # what Ray wants said before it stops warning

import daft
import ray
from ray.cluster_utils import Cluster
from tests.captions.make.scripted import checks, open_noting

from thuja.captions.make import GuidancePlan, Handed, Output, Pace, make


def main(shards: Path, out: Path, log: Path) -> None:
    """Start the cluster, caption, and end it."""
    node = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    cluster.add_node(**node)
    daft.set_runner_ray(address=cluster.address)
    daft.set_execution_config(shuffle_aggregation_default_partitions=2)  # 200, for large tables, take minutes
    assert daft.get_or_infer_runner_type() == "ray"
    guidance = GuidancePlan(strategy="bare")
    handed = Handed(open_captioner=partial(open_noting, log=log), open_checks=checks, guidance=guidance, name="noting")
    make(shards, Output(folder=out), handed=handed, pace=Pace(concurrency=4, workers=2))
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
