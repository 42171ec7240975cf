"""What every test shares: the data folder beside the project, a tiny model, hypothesis without a stopwatch."""

import gc
import os
import sys
from collections.abc import Sequence
from functools import cache, partial
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from thuja.model import Model, Tokenizer
    from thuja.train import Recipe


class _TorchvisionOnCpu(MetaPathFinder):
    """Lets torchvision's CUDA wheel import beside torch's CPU wheel: its operators stay undefined.

    open_clip and timm, the references of tests/model, import torchvision. It looks two operators up
    that only its CUDA library defines; declaring them is enough, nothing here calls them.
    """

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if name == "torchvision" and not hasattr(self, "library"):
            import torch

            if torch.version.cuda is None:
                self.library = torch.library.Library("torchvision", "DEF")  # goes out of force when collected
                for operator in ("nms", "qnms"):
                    self.library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


sys.meta_path.insert(0, _TorchvisionOnCpu())

REPOSITORY = Path(__file__).parent.parent

os.environ.setdefault("DO_NOT_TRACK", "1")  # Daft reports its use over the network unless told not to

# Two busy cores make any deadline a coin toss; a failing example is the same on every machine.
settings.register_profile("thuja", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("thuja")


def pytest_collection() -> None:
    """Twelve thousand tests and all modules are there to stay: no search for garbage need look at them."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.enable()
    gc.collect()
    gc.freeze()


def shared_path() -> Path:
    return Path(os.environ.get("THUJA_SHARED", REPOSITORY.parent / "shared"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("shared") and not shared_path().is_dir():
        pytest.skip(f"needs the data folder {shared_path()}, or THUJA_SHARED naming it")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The data folder, for tests that carry the mark `shared`."""
    return shared_path()


@pytest.fixture
def tiny_model() -> "Model":
    """`make_tiny_model`, a fresh one for each test."""
    return make_tiny_model()


@cache
def tiny_tokenizer() -> "Tokenizer":
    """540 tokens; nothing changes it, so that all tests share it."""
    from thuja.model import Tokenizer

    return Tokenizer.train(["a photo of a raven.", "a photo of a magpie.", "Corvus corax", "Pica pica"], 540)


def make_tiny_model() -> "Model":
    """A model of 16-pixel images and 8 dimensions, with a head that has a temperature of its own."""
    import torch

    from thuja.images import Preparation
    from thuja.model import HeadConfig, Model, ModelConfig, TextConfig, VisionConfig

    config = ModelConfig(
        embed_dim=8,
        vision=VisionConfig(image_size=16, patch_size=8, width=16, layers=2, head_width=8),
        text=TextConfig(context_length=24, vocab_size=540, width=16, heads=2, layers=2),
        heads=(HeadConfig(name="caption", has_own_temperature=True),),
    )
    return Model.create(config, tiny_tokenizer(), Preparation(size=16), generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A curated world for training: eight species, twelve pictures each, one species held out."""
    from thuja.biosphere import CLEAN, World, WorldConfig, WriteConfig, write_world
    from thuja.curate import Handed, SourceCall, curate, recipe_of
    from thuja.names import resolve_names

    folder = tmp_path_factory.mktemp("training")
    world = World.make(WorldConfig(seed=3, species=8, images=12, **CLEAN))
    write_world(world, folder / "world", WriteConfig(size=32, workers=1))
    recipe = recipe_of(SourceCall(source=folder / "world"), flags={"unseen_species": 1})
    resolve = partial(resolve_names, backbones=recipe.names.backbones)
    curate(recipe, folder / "data", handed=Handed(resolve=resolve))
    return folder / "data"


@pytest.fixture
def tiny_recipe() -> "Recipe":
    """A recipe that trains in a second."""
    from thuja.train import ImageTower, Objective, Optimizer, Recipe, Stream, TextTower

    return Recipe(
        name="tiny",
        image=ImageTower(image_size=16, patch_size=8, width=16, layers=1, head_width=8),
        text=TextTower(width=16, layers=1, heads=2, context_length=64, vocab_size=600),
        embed_dim=8,
        streams=(Stream(batch_size=16, objectives=(Objective(loss="multi_positive"),)),),
        epochs=3,
        warmup_steps=2,
        optimizer=Optimizer(lr=3e-3),
    )
