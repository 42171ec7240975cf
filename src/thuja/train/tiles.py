"""Sums over every pair of n rows and m columns, in tiles: memory grows with n + m, never with n x m.

All losses over a batch are such sums of logits z_ij = s x_i.y_j + b_j. A tile of them is computed,
folded into running sums and forgotten; the backward pass computes it again (arXiv:2410.17243 does
the same on a GPU). Which pairs are positive need not be known here: see loss.py.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor


def default_tile(device: torch.device) -> int:
    """Rows and columns of one tile: 4 MB of logits on a CPU, which its cache holds, 256 MB elsewhere."""
    return 1024 if device.type == "cpu" else 8192


def row_logsumexp(
    x: Tensor, y: Tensor, scale: Tensor, *, bias: Tensor | None = None, tile: int | None = None
) -> Tensor:
    """log sum_j exp(s x_i.y_j + b_j) for every row i, (n,), in float32 or wider.

    `x` is (n, D), `y` (m, D), `scale` 0-d, `bias` (m,). Differentiable once, in all four.
    """
    rows, _ = _apply(_LogSumExp, x, y, scale, bias, tile, False)
    return rows


def both_logsumexps(x: Tensor, y: Tensor, scale: Tensor, *, tile: int | None = None) -> tuple[Tensor, Tensor]:
    """log sum_j exp(s x_i.y_j) for every row i, (n,), and log sum_i of the same for every column j, (m,).

    The two soft-max denominators of a contrastive loss from one pass over the pairs. Where there is
    nothing to sum, the value is minus infinity. Differentiable once, in all three.
    """
    rows, columns = _apply(_LogSumExp, x, y, scale, None, tile, True)
    return rows, columns


def row_softplus(x: Tensor, y: Tensor, scale: Tensor, *, bias: Tensor, tile: int | None = None) -> Tensor:
    """sum_j log(1 + exp(s x_i.y_j + b)) for every row i, (n,), in float32 or wider.

    `x` is (n, D), `y` (m, D), `scale` and `bias` 0-d. Differentiable once, in all four.
    """
    (rows,) = _apply(_Softplus, x, y, scale, bias.expand(len(y)), tile)
    return rows


def _apply(function: type[torch.autograd.Function], x: Tensor, y: Tensor, *rest: Any) -> tuple[Tensor, ...]:
    """Call it on operands of one dtype, float32 or wider, whatever autocast would make of them."""
    scale, bias, tile, *flags = rest
    dtype = torch.promote_types(torch.promote_types(x.dtype, y.dtype), torch.float32)
    operands = [None if operand is None else operand.to(dtype) for operand in (x, y, scale, bias)]
    given: tuple[Tensor, ...] = function.apply(*operands, tile or default_tile(x.device), *flags)  # type: ignore[no-untyped-call]
    return given


class _Tiles:
    """The tiles of z = s x y^T + b, computed one at a time into the same buffer, and what flows back from them."""

    def __init__(self, x: Tensor, y: Tensor, scale: Tensor, *, bias: Tensor | None, tile: int) -> None:
        self.x, self.y, self.bias, self.scale, self.tile = x, y, bias, scale, tile
        self.scaled = x * scale  # (n, D)
        size = min(tile, len(x)) * min(tile, len(y))
        self._logits, self._spare = x.new_empty(size), x.new_empty(size)

    def __iter__(self) -> Iterator[tuple[slice, slice, Tensor, Tensor]]:
        """Each tile's rows, columns, logits, and a buffer of the same shape to work in."""
        for top in range(0, len(self.x), self.tile):
            rows = slice(top, min(top + self.tile, len(self.x)))
            for left in range(0, len(self.y), self.tile):
                columns = slice(left, min(left + self.tile, len(self.y)))
                shape = (rows.stop - top, columns.stop - left)
                logits, spare = (buffer[: shape[0] * shape[1]].view(shape) for buffer in (self._logits, self._spare))
                torch.mm(self.scaled[rows], self.y[columns].T, out=logits)
                if self.bias is not None:
                    logits += self.bias[columns]
                yield rows, columns, logits, spare


class _Gradients:
    """The gradients of x, y, s and b, summed over tiles from the gradient G of each tile's logits.

        dx = s G y,  dy = s G^T x,  ds = sum_i x_i.(G y)_i,  db_j = sum_i G_ij

    ds costs no pass of its own once G y is there, and needs no logits.
    """

    def __init__(self, tiles: _Tiles, needed: tuple[bool, ...]) -> None:
        self.tiles, self.needed = tiles, needed
        is_weighted = needed[0] or needed[2]
        self.weighted = torch.zeros_like(tiles.x) if is_weighted else None  # G y, (n, D)
        self.columns = torch.zeros_like(tiles.y) if needed[1] else None
        self.bias = torch.zeros_like(tiles.bias) if needed[3] and tiles.bias is not None else None

    def add(self, rows: slice, columns: slice, gradient: Tensor) -> None:
        if self.weighted is not None:
            self.weighted[rows].addmm_(gradient, self.tiles.y[columns])
        if self.columns is not None:
            self.columns[columns].addmm_(gradient.T, self.tiles.scaled[rows])
        if self.bias is not None:
            self.bias[columns] += gradient.sum(0)

    def give(self) -> tuple[Tensor | None, ...]:
        scale = rows = None
        if self.weighted is not None:
            scale = torch.linalg.vecdot(self.tiles.x, self.weighted).sum() if self.needed[2] else None
            rows = self.weighted.mul_(self.tiles.scale) if self.needed[0] else None
        return rows, self.columns, scale, self.bias


class _Running:
    """A log-sum-exp along one axis that takes its terms tile by tile: the largest so far, and the sum beside it."""

    def __init__(self, like: Tensor, count: int) -> None:
        self.largest = like.new_full((count,), -torch.inf)
        self.total = like.new_zeros(count)

    def take(self, part: slice, logits: Tensor, spare: Tensor, *, dim: int) -> None:
        before = self.largest[part]
        largest = torch.maximum(before, logits.amax(dim))
        torch.sub(logits, largest.unsqueeze(dim), out=spare)
        self.total[part] = self.total[part] * (before - largest).exp_() + spare.exp_().sum(dim)
        self.largest[part] = largest

    def value(self) -> Tensor:
        return self.largest + self.total.log()


class _LogSumExp(torch.autograd.Function):
    """Rows' log-sum-exp and, where asked for, columns'."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> tuple[Tensor, Tensor]:
        x, y, scale, bias, tile, with_columns = inputs
        rows, columns = _Running(x, len(x)), _Running(x, len(y) if with_columns else 0)
        with torch.autocast(x.device.type, enabled=False):
            for down, across, logits, spare in _Tiles(x, y, scale, bias=bias, tile=tile):
                rows.take(down, logits, spare, dim=1)
                if with_columns:
                    columns.take(across, logits, spare, dim=0)
        of_rows, of_columns = rows.value(), columns.value()
        ctx.save_for_backward(x, y, scale, bias, of_rows, of_columns)
        ctx.tile, ctx.with_columns = tile, with_columns
        return of_rows, of_columns

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *flowing: Tensor) -> tuple[Tensor | None, ...]:
        """dz_ij = r_i exp(z_ij - rows_i) + c_j exp(z_ij - columns_j), r and c what flows back."""
        x, y, scale, bias, of_rows, of_columns = ctx.saved_tensors
        with torch.autocast(x.device.type, enabled=False):
            tiles = _Tiles(x, y, scale, bias=bias, tile=ctx.tile)
            gradients = _Gradients(tiles, ctx.needs_input_grad)
            for down, across, logits, spare in tiles:
                torch.sub(logits, of_rows[down, None], out=spare).exp_().mul_(flowing[0][down, None])
                if ctx.with_columns:
                    spare += logits.sub_(of_columns[across]).exp_().mul_(flowing[1][across])
                gradients.add(down, across, spare)
            return *gradients.give(), None, None


class _Softplus(torch.autograd.Function):
    """Rows' sums of log(1 + exp(z))."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> tuple[Tensor]:
        x, y, scale, bias, tile = inputs
        total = x.new_zeros(len(x))
        with torch.autocast(x.device.type, enabled=False):
            for down, _, logits, spare in _Tiles(x, y, scale, bias=bias, tile=tile):
                torch.logaddexp(logits, logits.new_zeros(()), out=spare)
                total[down] += spare.sum(1)
        ctx.save_for_backward(x, y, scale, bias)
        ctx.tile = tile
        return (total,)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *flowing: Tensor) -> tuple[Tensor | None, ...]:
        """dz_ij = r_i sigmoid(z_ij), r what flows back."""
        x, y, scale, bias = ctx.saved_tensors
        with torch.autocast(x.device.type, enabled=False):
            tiles = _Tiles(x, y, scale, bias=bias, tile=ctx.tile)
            gradients = _Gradients(tiles, ctx.needs_input_grad)
            for down, across, logits, _ in tiles:
                gradients.add(down, across, logits.sigmoid_().mul_(flowing[0][down, None]))
            return *gradients.give(), None
