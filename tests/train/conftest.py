"""A small curated world for the training tests: eight species, twelve pictures each, 24 pixels."""

from functools import partial
from pathlib import Path

import pytest

from thuja.biosphere import World, WorldConfig, WriteConfig, write_world
from thuja.curate import CurateConfig, curate
from thuja.names import resolve_names
from thuja.train import ImageTower, Optimizer, Recipe, TextTower


@pytest.fixture(scope="session")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    world = World.make(WorldConfig(seed=3, species=8, images=12))
    write_world(world, folder / "world", WriteConfig(size=32, workers=1))
    resolve = partial(resolve_names, backbone=folder / "world" / "backbone.parquet")
    curate(CurateConfig(unseen_species=1), folder / "world", folder / "data", resolve=resolve)
    return folder / "data"


@pytest.fixture
def recipe() -> Recipe:
    return Recipe(
        name="tiny",
        image=ImageTower(image_size=16, patch_size=8, width=16, layers=1, head_width=8),
        text=TextTower(width=16, layers=1, heads=2, context_length=64, vocab_size=600),
        embed_dim=8,
        batch_size=16,
        epochs=3,
        warmup_steps=2,
        optimizer=Optimizer(lr=3e-3),
        positives="taxon",
    )
