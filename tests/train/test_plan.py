"""A run planned before it begins, and the micro-batch that it settles on."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from thuja.errors import ThujaError, UsageError
from thuja.model.cost import count_parameters, image_flops, text_flops
from thuja.train import Corpus, Machine, Recipe, TrainOptions, plan_run, train
from thuja.train.checkpoint import load_newest
from thuja.train.memory import estimate
from thuja.train.parallel import Fleet
from thuja.train.placing import memory_told, settled, workload
from thuja.train.start import model_config

ALONE = Fleet(device=torch.device("cpu"))


def weights(run: Path) -> bytes:
    return (run / "model" / "open_clip_model.safetensors").read_bytes()


@pytest.fixture
def wide(tiny_recipe: Recipe) -> Recipe:
    """A recipe whose images take most of a step's memory."""
    return replace(tiny_recipe, image=replace(tiny_recipe.image, image_size=64, width=64, layers=4))


def test_a_plan_counts_what_the_run_then_does(small_world: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    plan = plan_run(tiny_recipe, small_world, tmp_path / "run", options=TrainOptions())
    model = train(tiny_recipe, small_world, tmp_path / "run")
    steps = len((tmp_path / "run" / "metrics.jsonl").read_text().splitlines())
    assert (plan.steps, plan.last) == (steps, steps)
    assert plan.streams[0].images == len(Corpus.open(small_world, "train"))
    trained = sum(parameter.numel() for parameter in model.parameters())
    assert 0 <= count_parameters(plan.config) - trained <= 600 * 16, "the vocabulary may come out smaller"
    checkpoint = next((tmp_path / "run" / "checkpoints").iterdir()).stat().st_size
    assert abs(plan.room.checkpoint - checkpoint) < 0.5 * checkpoint
    texts = plan.flops / 3 - 16 * image_flops(plan.config)
    assert 0 < texts <= 16 * text_flops(plan.config, plan.text_length)


def test_the_largest_micro_batch_that_fits_is_chosen_and_the_whole_batch_where_it_does(wide: Recipe) -> None:
    work = workload(wide, model_config(wide), ALONE, machine=Machine())
    everything = estimate(work).total
    assert settled(work, ALONE, budget=everything).micro_batch is None
    chosen = settled(work, ALONE, budget=everything - 1)
    assert chosen.micro_batch == 8
    assert estimate(chosen).total < everything
    with pytest.raises(UsageError, match="one image at a time takes"):
        settled(work, ALONE, budget=1_000_000)


def test_a_run_that_goes_on_where_memory_is_another_cuts_its_batches_as_before(
    small_world: Path, wide: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sums of a batch cut otherwise round otherwise, and the resumed run's weights were not the same bits."""
    options = TrainOptions(checkpoint_every=2, steps=4)
    tight, roomy = 20 * 2**20, 2**34
    for name, budgets in (("whole", (tight, tight)), ("parts", (tight, roomy))):
        for part, budget in enumerate(budgets):
            for module in ("placing", "loop"):
                monkeypatch.setattr(f"thuja.train.{module}.free_memory", lambda device, budget=budget: budget)
            begun = replace(options, steps=2 + 2 * part, resume=part > 0)
            train(wide, small_world, tmp_path / name, options=begun)
    state = load_newest(tmp_path / "parts" / "checkpoints")
    assert state is not None
    assert state["run"]["passes"][0] == 8
    assert weights(tmp_path / "parts") == weights(tmp_path / "whole")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:128] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_a_device_that_is_full_all_the_same_is_said_with_a_micro_batch_to_try(
    error: RuntimeError, wide: Recipe
) -> None:
    work = workload(wide, model_config(wide), ALONE, machine=Machine())
    with pytest.raises(ThujaError, match="out of memory at a micro-batch of 16 on cpu") as raised, memory_told(work):
        raise error
    assert raised.value.hint == "--micro-batch 8"


def test_another_error_of_the_device_stays_what_it_is(wide: Recipe) -> None:
    work = workload(wide, model_config(wide), ALONE, machine=Machine())
    with pytest.raises(RuntimeError, match="mat1 and mat2"), memory_told(work):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
