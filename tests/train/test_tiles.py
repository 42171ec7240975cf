"""The tiled sums against the matrix written out, values and gradients."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from thuja.train.tiles import both_logsumexps, row_logsumexp, row_softplus

Sizes = st.integers(1, 13)


def operands(rows: int, columns: int, seed: int, dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    """x (rows, 6), y (columns, 6), a scale, a bias a column and a bias for all."""
    generator = torch.Generator().manual_seed(seed)
    x, y = (F.normalize(torch.randn(count, 6, generator=generator), dim=1).to(dtype) for count in (rows, columns))
    bias = torch.randn(columns, generator=generator).to(dtype)
    scale, offset = torch.tensor(20.0, dtype=dtype), torch.tensor(-3.0, dtype=dtype)
    return [each.requires_grad_() for each in (x, y, scale, bias, offset)]


def weighted(sums: torch.Tensor) -> torch.Tensor:
    """A number to derive, in which every entry counts otherwise."""
    return (sums * torch.linspace(-1, 2, len(sums), dtype=sums.dtype)).sum()


def assert_same(ours: torch.Tensor, plain: torch.Tensor, inputs: list[torch.Tensor]) -> None:
    torch.testing.assert_close(ours, plain, atol=1e-5, rtol=1e-5)
    found, expected = torch.autograd.grad(ours, inputs), torch.autograd.grad(plain, inputs)
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-5)


@given(rows=Sizes, columns=Sizes, tile=Sizes, seed=st.integers(0, 99))
def test_both_logsumexps_in_tiles_are_those_of_the_matrix(rows: int, columns: int, tile: int, seed: int) -> None:
    x, y, scale, _, _ = operands(rows, columns, seed)
    logits = scale * x @ y.T
    down, across = both_logsumexps(x, y, scale, tile=tile)
    assert_same(
        weighted(down) + weighted(across), weighted(logits.logsumexp(1)) + weighted(logits.logsumexp(0)), [x, y, scale]
    )


@given(rows=Sizes, columns=Sizes, tile=Sizes, seed=st.integers(0, 99))
def test_rows_logsumexp_takes_a_bias_for_each_column(rows: int, columns: int, tile: int, seed: int) -> None:
    x, y, scale, bias, _ = operands(rows, columns, seed)
    plain = (scale * x @ y.T + bias).logsumexp(1)
    assert_same(weighted(row_logsumexp(x, y, scale, bias=bias, tile=tile)), weighted(plain), [x, y, scale, bias])


@given(rows=Sizes, columns=Sizes, tile=Sizes, seed=st.integers(0, 99))
def test_softplus_in_tiles_is_that_of_the_matrix(rows: int, columns: int, tile: int, seed: int) -> None:
    x, y, scale, _, offset = operands(rows, columns, seed)
    plain = F.softplus(scale * x @ y.T + offset).sum(1)
    assert_same(weighted(row_softplus(x, y, scale, bias=offset, tile=tile)), weighted(plain), [x, y, scale, offset])


@pytest.mark.parametrize("wanted", [[0], [1], [2], [0, 2], [1, 2]])
def test_a_gradient_comes_for_what_asks_for_one(wanted: list[int]) -> None:
    inputs = operands(5, 7, 0)[:3]
    for place, each in enumerate(inputs):
        each.requires_grad_(place in wanted)
    x, y, scale = inputs
    down, across = both_logsumexps(x, y, scale, tile=3)
    logits = scale * x @ y.T
    asked = [inputs[place] for place in wanted]
    assert_same(weighted(down) + weighted(across), weighted(logits.logsumexp(1)) + weighted(logits.logsumexp(0)), asked)


def test_a_hot_scale_neither_overflows_nor_loses_a_far_row() -> None:
    """Logits of 1,000 beside rows that are all at -1,000: each row has its own largest."""
    x, y, _, _, _ = operands(4, 6, 1)
    scale = torch.tensor(1000.0, requires_grad=True)
    far = torch.cat([x, -y[:1]])
    logits = scale * far @ y.T
    down, across = both_logsumexps(far, y, scale, tile=2)
    torch.testing.assert_close(down, logits.logsumexp(1))
    torch.testing.assert_close(across, logits.logsumexp(0))


@pytest.mark.parametrize("autocast", [False, True])
def test_half_precision_inputs_are_summed_in_single(autocast: bool) -> None:
    x, y, scale, _, offset = operands(9, 8, 2, torch.bfloat16)
    logits = scale.float() * x.float() @ y.float().T
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        down, across = both_logsumexps(x, y, scale, tile=4)
        softplus = row_softplus(x, y, scale, bias=offset, tile=4)
        (gradient,) = torch.autograd.grad(weighted(down) + weighted(across) + weighted(softplus), x)
    assert down.dtype == across.dtype == softplus.dtype == torch.float32
    torch.testing.assert_close(down, logits.logsumexp(1))
    torch.testing.assert_close(across, logits.logsumexp(0))
    torch.testing.assert_close(softplus, F.softplus(logits + offset.float()).sum(1))
    assert gradient.dtype == torch.bfloat16


@pytest.mark.parametrize(
    "sums",
    [
        lambda x, y, scale, bias, _: both_logsumexps(x, y, scale, tile=2),
        lambda x, y, scale, bias, _: row_logsumexp(x, y, scale, bias=bias, tile=2),
        lambda x, y, scale, _, offset: row_softplus(x, y, scale, bias=offset, tile=2),
    ],
)
def test_the_written_gradient_is_the_numerical_one(sums: Callable[..., torch.Tensor]) -> None:
    assert torch.autograd.gradcheck(sums, operands(3, 5, 3, torch.float64))


def test_no_columns_sum_to_nothing() -> None:
    x, _, scale, _, _ = operands(3, 1, 0)
    down, across = both_logsumexps(x, x[:0], scale)
    assert down.tolist() == [-torch.inf] * 3
    assert across.shape == (0,)
