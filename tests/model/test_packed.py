"""Packed and cast towers against the plain ones."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thuja.model.packed import PackedAttention, PackedMatrix, can_pack, cast_matrices, pack
from thuja.model.transformer import Attention, Transformer

pytestmark = pytest.mark.skipif(not can_pack(), reason="this torch has no oneDNN")


def drawn(width: int = 32, layers: int = 2, heads: int = 4, *, act: str = "gelu", seed: int = 0) -> Transformer:
    transformer = Transformer(width, layers, heads, mlp_ratio=2.0, act=act)
    transformer.initialize(torch.Generator().manual_seed(seed))
    return transformer.eval()


def noise(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@torch.inference_mode()
@given(
    batch=st.integers(1, 9),
    tokens=st.integers(1, 40),
    act=st.sampled_from(["gelu", "quick_gelu"]),
    causal=st.booleans(),
)
def test_packed_blocks_equal_the_plain_ones_for_any_batch_and_length(
    batch: int, tokens: int, act: str, causal: bool
) -> None:
    plain, packed = drawn(act=act), drawn(act=act)
    pack(packed)
    x = noise(batch, tokens, 32)
    assert (plain(x, is_causal=causal) - packed(x, is_causal=causal)).abs().max() < 1e-5
    assert (plain.run_first(x) - packed.run_first(x)).abs().max() < 1e-5


@torch.inference_mode()
def test_scores_made_some_images_at_a_time_are_the_same_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = drawn(layers=1).resblocks[0].attn
    assert isinstance(plain, Attention)
    x = noise(7, 12, 32)
    expected = plain(x, is_causal=False)
    monkeypatch.setattr("thuja.model.packed._SCORES", 1)
    assert (PackedAttention(plain)(x, is_causal=False) - expected).abs().max() < 1e-5


@torch.inference_mode()
def test_a_packed_matrix_adds_gelu_when_asked() -> None:
    weight, bias, x = noise(6, 5), noise(6, seed=2), noise(3, 5, seed=3)
    plain = x @ weight.T + bias
    assert (PackedMatrix(weight, bias)(x) - plain).abs().max() < 1e-5
    assert (PackedMatrix(weight, bias, with_gelu=True)(x) - torch.nn.functional.gelu(plain)).abs().max() < 1e-5


@torch.inference_mode()
def test_matrices_change_their_format_and_the_stream_does_not() -> None:
    transformer = drawn(width=64, layers=6)
    x = noise(4, 20, 64)
    expected = transformer(x)
    cast_matrices(transformer, torch.bfloat16)
    formats = {name.split(".", 2)[2]: parameter.dtype for name, parameter in transformer.named_parameters()}
    assert {name for name, dtype in formats.items() if dtype == torch.float32} == {
        "ln_1.weight", "ln_1.bias", "ln_2.weight", "ln_2.bias"
    }  # fmt: skip
    out = transformer(x)
    assert out.dtype == torch.float32
    error = (out - expected).norm() / expected.norm()
    rounded_once = (expected - expected.bfloat16().float()).norm() / expected.norm()
    assert error < 2 * rounded_once  # a stream in bfloat16 would be rounded twelve times
