"""Sources opened for a run: in memory where they fit, from shards where not, and the same weights from either."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.train.organisms import living

from thuja.biosphere.things import ThingsConfig
from thuja.biosphere.things.writer import ThingsWriteConfig, write_things
from thuja.errors import BadFile
from thuja.images import Preparation
from thuja.jobs import MARKER
from thuja.train import Recipe, TrainOptions, train
from thuja.train.opening import feed_workers, open_source
from thuja.train.options import Machine
from thuja.train.parallel import Fleet
from thuja.train.shard_source import ShardSource
from thuja.train.sources import FeatureSource


def weights(run: Path) -> bytes:
    return (run / "model" / "open_clip_model.safetensors").read_bytes()


@pytest.mark.slow
def test_shards_read_by_workers_train_the_weights_that_memory_trains(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts of seven images make the batch of sixteen: what is drawn hangs on the step alone."""
    train(tiny_recipe, small_world, tmp_path / "memory", options=TrainOptions())
    monkeypatch.setattr("thuja.train.opening.HELD_BYTES", 0)
    monkeypatch.setattr("thuja.train.loop.PART", 7)
    for workers in (0, 2):
        options = TrainOptions(machine=Machine(workers=workers))
        train(tiny_recipe, small_world, tmp_path / str(workers), options=options)
        assert weights(tmp_path / str(workers)) == weights(tmp_path / "memory")


def test_things_that_are_not_alive_are_a_stream_of_shards(tmp_path: Path) -> None:
    """Replay's own world was once refused as no folder that curate made; an unfinished one is."""
    write_things(ThingsConfig(seed=1, images=12), tmp_path, ThingsWriteConfig(size=32, shards=True, workers=1))
    source = open_source(tmp_path, Preparation(size=8))
    assert isinstance(source, ShardSource)
    assert all(record.caption for record in source.records(np.arange(len(source))))
    marker = tmp_path / MARKER
    marker.write_text(marker.read_text().replace("complete", "running"))
    with pytest.raises(BadFile, match="did not finish"):
        open_source(tmp_path, Preparation(size=8))


def test_workers_decode_only_where_every_stream_is_read_from_shards() -> None:
    """A stream in memory cannot be shared with them; shards beside it are decoded by as many threads."""
    shards = ShardSource([Path("train-00000.tar")], [3], Preparation(size=8))
    held = FeatureSource(living(4), np.zeros((4, 2), dtype=np.float32))
    machine, fleet = Machine(workers=3), Fleet(device=torch.device("cpu"))
    assert feed_workers([shards, shards], machine, fleet) == 3
    assert shards.threads == 1
    assert feed_workers([held, shards], machine, fleet) == 0
    assert shards.threads == 3
    assert feed_workers([held], machine, fleet) == 0
