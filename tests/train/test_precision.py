"""The number formats of training: what is cast, what stays, and a loss scale that finds its way."""

import pytest
import torch
from tests.train.two_processes import small_model
from torch import nn

from thuja.errors import UnknownName
from thuja.model.transformer import Matrix
from thuja.train.precision import LossScale, Precision
from thuja.train.sharding import clip_gradients


def test_pure_bfloat16_leaves_temperatures_in_float32() -> None:
    model = small_model()
    Precision(name="pure_bf16").cast(model)
    kinds = {name: parameter.dtype for name, parameter in model.named_parameters()}
    kept = {name for name, dtype in kinds.items() if dtype == torch.float32}
    assert kept == {"logit_scale", "heads.replay.logit_scale"}


def test_mixed_precision_multiplies_in_16_bits_and_keeps_float32_weights() -> None:
    precision = Precision(name="amp_bf16")
    model = small_model()
    precision.cast(model)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    block = model.visual.transformer.resblocks[0]
    with precision.autocast():
        assert block.mlp.c_fc(torch.randn(2, 32)).dtype == torch.bfloat16
        assert block(torch.randn(1, 4, 32), is_causal=False).dtype == torch.float32  # the stream


def test_autocast_is_not_handed_a_wider_copy_of_what_it_narrows() -> None:
    """A bfloat16 input went to the weight's float32 and came back: two passes over the widest map of a block."""
    layer = Matrix(4, 4)
    narrow = torch.randn(2, 4, dtype=torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16), torch.profiler.profile() as seen:
        layer(narrow)
    casts = [event for event in seen.key_averages() if event.key == "aten::_to_copy"]
    assert sum(event.count for event in casts) == 2  # weight and bias
    assert layer(narrow).dtype == torch.float32


def test_an_unknown_precision_lists_the_known() -> None:
    with pytest.raises(UnknownName, match="unknown precision"):
        Precision(name="fp4")


def test_a_loss_scale_halves_at_an_overflow_and_doubles_after_good_steps() -> None:
    scale = LossScale(Precision(name="amp_fp16"), value=8.0, patience=2)
    assert not scale.accept(torch.tensor(float("inf")))
    assert scale.value == 4.0
    assert scale.accept(torch.tensor(1.0))
    assert scale.accept(torch.tensor(1.0))
    assert scale.value == 8.0
    twin = LossScale(Precision(name="amp_fp16"), patience=2)
    twin.restore(scale.state())
    assert twin.state() == scale.state()


def test_other_precisions_need_no_loss_scale() -> None:
    scale = LossScale(Precision(name="amp_bf16"))
    assert scale.accept(torch.tensor(float("nan")))
    assert scale.value == 1.0


def test_a_scaled_loss_takes_the_same_step() -> None:
    weights = []
    for factor in (1.0, 2.0**14):
        layer = nn.Linear(3, 2, bias=False)
        nn.init.constant_(layer.weight, 0.5)
        (layer(torch.ones(1, 3)).square().sum() * factor).backward()
        clip_gradients(layer.parameters(), 1.0, scale=factor)
        weights.append(layer.weight.grad.clone())
    torch.testing.assert_close(weights[0], weights[1])
