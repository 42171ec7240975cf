"""Low-rank adapters: they begin as nothing, are merged exactly, learn alone, and go on after an interruption."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.train.organisms import living, sources_of
from torch import Tensor

from thuja.errors import BadFile, UsageError, WeightsMismatch
from thuja.model import Model
from thuja.train import Recipe, TrainOptions, train
from thuja.train.frozen import freeze
from thuja.train.lora import Adapters, adapters_of, adapters_off, apply_adapters, plain_model
from thuja.train.start import start_learner
from thuja.train.tune import Tune

LORA = Tune(method="lora", rank=3, alpha=6)


def drawn(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def adapted(model: Model, tune: Tune = LORA, *, is_taught: bool = True) -> Model:
    """The model with adapters, as if they had learnt something."""
    freeze(model, tune, drawn(1))
    with torch.no_grad():
        for adapter in adapters_of(model).values() if is_taught else ():
            adapter.up.normal_(0, 0.3, generator=drawn(2))
    return model


def answers(model: Model) -> tuple[Tensor, Tensor]:
    images = torch.rand(5, 3, 16, 16, generator=drawn(3))
    with torch.inference_mode():
        return model.encode_image(images), model.encode_text(["a photo of a raven.", "Pica pica"])


def test_an_adapter_that_has_learnt_nothing_changes_nothing(tiny_model: Model) -> None:
    before = answers(tiny_model)
    after = answers(adapted(tiny_model, is_taught=False))
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))


def test_merged_adapters_answer_as_those_beside_the_weights_do(tiny_model: Model) -> None:
    start = answers(tiny_model)
    beside = answers(adapted(tiny_model))
    state = tiny_model.state_dict()
    merged = plain_model(tiny_model, Adapters.of(state, LORA, start="x").merged(state))
    assert merged.state_dict().keys() == {name for name in state if "adapter" not in name}
    for before, one, other in zip(start, beside, answers(merged), strict=True):
        assert (one - before).abs().max() > 0.05
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_switched_off_adapters_give_the_start_model_and_come_back(tiny_model: Model) -> None:
    start = answers(tiny_model)
    beside = answers(adapted(tiny_model))
    with adapters_off(tiny_model):
        off = answers(tiny_model)
    assert all(torch.equal(one, other) for one, other in zip(off, start, strict=True))
    assert torch.equal(answers(tiny_model)[0], beside[0])


def test_with_the_image_tower_alone_names_stay_where_they_are(tiny_model: Model) -> None:
    start = answers(tiny_model)
    after = answers(adapted(tiny_model, replace(LORA, towers="image")))
    assert torch.equal(start[1], after[1])
    assert not torch.allclose(start[0], after[0], atol=1e-2)


@pytest.mark.parametrize(
    ("tune", "learns"),
    [
        (LORA, {"adapter"}),
        (Tune(method="last", layers=1), {"resblocks.1", "proj", "ln_post", "ln_final", "text_projection"}),
        (Tune(method="last", layers=1, towers="image"), {"visual"}),
        (Tune(method="full", towers="image"), {"visual", "logit_scale"}),
    ],
)
def test_only_what_is_to_be_tuned_learns(tiny_model: Model, tune: Tune, learns: set[str]) -> None:
    freeze(tiny_model, tune, drawn(1))
    trained = {name for name, parameter in tiny_model.named_parameters() if parameter.requires_grad}
    own = {name for name in trained if not name.startswith("heads.")}
    assert {word for word in learns if any(word in name for name in own)} == learns
    assert all(any(word in name for word in learns) for name in own)
    assert {name for name in trained if name.startswith("heads.")} == {
        f"heads.{n}" for n in tiny_model.heads.state_dict()
    }


def test_a_head_that_no_stream_uses_does_not_learn(tiny_model: Model, tiny_recipe: Recipe, tmp_path: Path) -> None:
    """DDP would wait for its gradient for ever."""
    tiny_model.save(tmp_path / "start")
    learner = start_learner(tuned(tiny_recipe, tmp_path / "start"), sources_of(tiny_recipe, [living(16)]))
    assert not any(parameter.requires_grad for parameter in learner.model.heads["caption"].parameters())
    learning = [name for name, parameter in learner.named_parameters() if parameter.requires_grad]
    assert all(".adapter." in name for name in learning)


def test_adapters_that_were_kept_make_the_tuned_model_from_the_start_model(tiny_model: Model, tmp_path: Path) -> None:
    identity = tiny_model.save(tmp_path / "start")
    state = adapted(tiny_model).state_dict()
    Adapters.of(state, LORA, start=identity).save(tmp_path)
    tuned = answers(tiny_model)
    start = Model.load(tmp_path / "start")
    torch.testing.assert_close(answers(apply_adapters(start, tmp_path))[0], tuned[0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(answers(apply_adapters(start, tmp_path, strength=0))[0], answers(start)[0])


def test_adapters_of_another_model_are_refused(tiny_model: Model, tmp_path: Path) -> None:
    state = adapted(tiny_model).state_dict()
    adapters = Adapters.of(state, LORA, start="another")
    adapters.save(tmp_path)
    with pytest.raises(UsageError, match="were made for another, not for untrained"):
        apply_adapters(tiny_model, tmp_path)
    with pytest.raises(WeightsMismatch, match="does not fit the model"):
        adapters.merged({"visual.proj": torch.zeros(2, 2)})
    (tmp_path / "adapters.safetensors").write_bytes(b"no")
    with pytest.raises(BadFile, match="holds no adapters"):
        Adapters.load(tmp_path)


@pytest.fixture
def start(small_world: Path, tiny_recipe: Recipe, tmp_path: Path) -> Path:
    """A run whose model the others begin with."""
    train(tiny_recipe, small_world, tmp_path / "start", options=TrainOptions(steps=2))
    return tmp_path / "start"


def tuned(recipe: Recipe, start: Path, tune: Tune = LORA) -> Recipe:
    return replace(recipe, start=str(start), tune=tune)


def test_a_run_with_adapters_leaves_a_plain_model_and_the_adapters_beside_it(
    small_world: Path, tiny_recipe: Recipe, start: Path, tmp_path: Path
) -> None:
    train(tuned(tiny_recipe, start), small_world, tmp_path / "run", options=TrainOptions(steps=4))
    begun, done = Model.load(start), Model.load(tmp_path / "run")
    assert done.state_dict().keys() == begun.state_dict().keys()
    moved = {name for name, weight in begun.state_dict().items() if not torch.equal(weight, done.state_dict()[name])}
    assert moved == set(adapters_of(adapted(Model.load(start))))
    again = apply_adapters(begun, tmp_path / "run" / "model")
    for name, weight in again.state_dict().items():
        torch.testing.assert_close(weight, done.state_dict()[name])


@pytest.mark.parametrize("tune", [LORA, Tune(method="last", layers=1)], ids=["lora", "last"])
def test_interrupted_and_resumed_is_bit_for_bit_a_run_left_alone(
    small_world: Path, tiny_recipe: Recipe, start: Path, tmp_path: Path, tune: Tune
) -> None:
    recipe, often = tuned(tiny_recipe, start, tune), TrainOptions(steps=4, checkpoint_every=2)
    train(recipe, small_world, tmp_path / "whole", options=often)
    train(recipe, small_world, tmp_path / "parts", options=replace(often, steps=2))
    train(recipe, small_world, tmp_path / "parts", options=replace(often, resume=True))
    files = [tmp_path / run / "model" / "open_clip_model.safetensors" for run in ("whole", "parts")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_patience_ends_a_run_and_leaves_its_best_model(
    small_world: Path, tiny_recipe: Recipe, start: Path, tmp_path: Path
) -> None:
    scores = iter([0.2, 0.5, 0.4, 0.3, 0.9])
    options = TrainOptions(evaluate_every=1, patience=2, evaluate=lambda model: {"zero_shot_top1": next(scores)})
    train(tuned(tiny_recipe, start), small_world, tmp_path / "run", options=options)
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [(row["step"], row["val_zero_shot_top1"]) for row in rows] == [(0, 0.2), (1, 0.5), (2, 0.4), (3, 0.3)]
    done = Model.load(tmp_path / "run")
    assert done.facts["metrics"] == {"step": 1, "val_zero_shot_top1": 0.5}
    best = Model.load(tmp_path / "run" / "best")
    assert all(torch.equal(weight, best.state_dict()[name]) for name, weight in done.state_dict().items())
    assert (
        Adapters.load(tmp_path / "run" / "model").weights.keys()
        == Adapters.load(tmp_path / "run" / "best").weights.keys()
    )


def test_patience_is_counted_on_over_an_interruption(
    small_world: Path, tiny_recipe: Recipe, start: Path, tmp_path: Path
) -> None:
    scores = iter([0.5, 0.4, 0.3, 0.9])
    options = TrainOptions(evaluate_every=1, patience=2, evaluate=lambda model: {"zero_shot_top1": next(scores)})
    recipe = tuned(tiny_recipe, start)
    train(recipe, small_world, tmp_path / "run", options=replace(options, steps=1))
    train(recipe, small_world, tmp_path / "run", options=replace(options, resume=True))
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 1, 2]
    assert Model.load(tmp_path / "run").facts["metrics"]["step"] == 0
