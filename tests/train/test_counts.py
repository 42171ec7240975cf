"""What a run holds and lets learn, counted from shapes, against a model that was frozen and trained a step."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from thuja.model import Model, ModelConfig, TrunkConfig
from thuja.model.cost import count_parameters
from thuja.model.shapes import SHAPES
from thuja.train import Recipe
from thuja.train.checks import room
from thuja.train.counts import count_weights
from thuja.train.distill import Teacher
from thuja.train.frozen import freeze
from thuja.train.memory import GIB, Workload, estimate
from thuja.train.optim import build_optimizer
from thuja.train.sharding import gather_state
from thuja.train.tune import Distill, Tune

NEAR = Distill(weight=1.0)
TUNES = [
    Tune(),
    Tune(towers="image"),
    Tune(method="lora", rank=3),
    Tune(method="lora", towers="image"),
    Tune(method="last", layers=1),
    Tune(method="last", layers=5, towers="image"),
]


@pytest.mark.parametrize("tune", TUNES, ids=lambda tune: f"{tune.method}-{tune.towers}")
def test_what_learns_and_is_saved_is_counted_as_a_frozen_model_has_it(
    tune: Tune, tiny_model: Model, tmp_path: Path
) -> None:
    """LoRA was counted as if every weight had its gradient and moments, and refused on the cards it is meant for."""
    recipe = Recipe(name="x", start="start", tune=tune, distill=NEAR)
    freeze(tiny_model, tune, torch.Generator().manual_seed(0))
    teacher = Teacher(tiny_model, recipe)
    optimizer = build_optimizer([(list(tiny_model.named_parameters()), 1e-3)], recipe.optimizer)
    for parameter in tiny_model.parameters():
        parameter.grad = torch.ones_like(parameter) if parameter.requires_grad else None
    optimizer.step()
    counts = count_weights(tiny_model.config, tune, NEAR)
    assert counts.model + counts.added == sum(parameter.numel() for parameter in tiny_model.parameters())
    assert counts.learning == sum(state["exp_avg"].numel() for state in optimizer.state.values())
    copied = teacher._copy.parameters() if teacher._copy is not None else ()
    assert counts.teacher == sum(parameter.numel() for parameter in copied)
    assert count_weights(tiny_model.config, tune, Distill()).teacher == 0

    state = gather_state(tiny_model, optimizer)
    saved = sum(weight.numel() for weight in state["model"].values())
    saved += sum(one[name].numel() for one in state["optimizer"].values() for name in ("exp_avg", "exp_avg_sq"))
    assert room(recipe, tiny_model.config, tmp_path, keep=2).checkpoint == 4 * saved


def test_of_a_convolutional_trunk_the_projection_learns_last() -> None:
    config = replace(SHAPES["ViT-B-16"], vision=TrunkConfig())
    own = count_weights(config, Tune(method="last", towers="image"), Distill())
    assert own.learning == 1280 * 512
    frozen = count_weights(config, Tune(), Distill(), trains_images=False)
    assert frozen.learning < frozen.model == count_parameters(config)


def step_of(config: ModelConfig, tune: Tune, *, near: bool = True) -> float:
    """GiB of a step of one image and one text."""
    distill = NEAR if near else Distill()
    return estimate(Workload(config=config, images=(1,), texts=1, tune=tune, distill=distill)).total / GIB


def test_the_largest_model_is_tuned_by_lora_where_training_it_whole_does_not_fit() -> None:
    whole, lora = step_of(SHAPES["ViT-H-14"], Tune(), near=False), step_of(SHAPES["ViT-H-14"], Tune(method="lora"))
    assert whole > 15
    assert lora < 8
    assert 2 < step_of(SHAPES["ViT-H-14"], Tune()) - whole < 2.6, "a copy of the image tower in float32"
