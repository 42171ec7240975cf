"""A whole curation on a Ray cluster of two workers; run by test_on_ray.py.

    python tests/curate/ray_curation.py RECIPE.toml BACKBONE OUT

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

from thuja.curate import Handed, curate
from thuja.curate.recipe_file import load_recipe
from thuja.names import resolve_names


def main(recipe: Path, backbone: str, out: Path) -> None:
    """Start the cluster, curate, and end it."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    daft.set_runner_ray(address=cluster.address)
    daft.set_execution_config(shuffle_aggregation_default_partitions=2)  # 200, for large tables, take minutes
    assert daft.get_or_infer_runner_type() == "ray"
    curate(load_recipe(recipe), out, handed=Handed(resolve=partial(resolve_names, backbones=(backbone,))))
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
