"""Blocks that compute their activations again, or are compiled: the same numbers, under the same names."""

import copy

import pytest
import torch
from tests.train.two_processes import small_model
from torch import Tensor

from thuja.model import Model
from thuja.train.blocks import checkpoint_blocks, compile_blocks


def gradients(model: Model) -> list[Tensor]:
    images = torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    tokens = model.tokenize(["class species1", "class order species2 species3"])
    loss = (model.encode_image(images) @ model.encode_text(tokens).T).square().sum()
    model.zero_grad()
    loss.backward()
    return [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]


def test_computed_again_the_gradients_are_the_same_bit_for_bit() -> None:
    plain, again = small_model(), small_model()
    checkpoint_blocks(again)
    assert list(again.state_dict()) == list(plain.state_dict())
    for own, other in zip(gradients(again), gradients(plain), strict=True):
        assert torch.equal(own, other)


def test_of_a_block_that_is_computed_again_only_the_input_is_kept() -> None:
    kept = []

    def pack(tensor: Tensor) -> Tensor:
        kept.append(tensor.numel())
        return tensor

    sizes = []
    for is_kept in (False, True):
        model = small_model()
        if not is_kept:
            checkpoint_blocks(model)
        kept.clear()
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            model.encode_image(torch.randn(3, 3, 16, 16))
        sizes.append(sum(kept))
    assert sizes[0] < sizes[1]


def test_a_copy_of_the_model_computes_with_its_own_weights() -> None:
    """A block's methods are replaced in the block itself, and a copy must not call the first one's."""
    model = small_model()
    checkpoint_blocks(model)
    twin = copy.deepcopy(model)
    images = torch.randn(2, 3, 16, 16)
    before = model.encode_image(images)
    with torch.no_grad():
        for weight in twin.visual.transformer.parameters():
            weight.zero_()
    assert torch.equal(model.encode_image(images), before)
    assert not torch.equal(twin.encode_image(images), before)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")  # the compiler looks at its own inputs
def test_compiled_blocks_give_the_same_gradients_under_the_same_names() -> None:
    plain, fast = small_model(), small_model()
    compile_blocks(fast, backend="aot_eager")
    checkpoint_blocks(fast)
    assert list(fast.state_dict()) == list(plain.state_dict())
    for own, other in zip(gradients(fast), gradients(plain), strict=True):
        torch.testing.assert_close(own, other, atol=1e-5, rtol=1e-4)
