"""The pre-LN transformer that both towers are made of, under open_clip's parameter names.

The residual stream and its norms stay in float32 whatever the matrices are in: a stream rounded to
bfloat16 after each branch loses ten times what the products lose.
"""

from collections import OrderedDict
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thuja.model.token_tree import TokenTree

Activation = Literal["gelu", "quick_gelu", "gelu_tanh", "swiglu"]
"""What stands in the middle of an MLP: the first two in thuja's own models, all of them in other people's."""


class QuickGELU(nn.Module):
    """OpenAI's approximation of GELU, which their weights were trained with."""

    def forward(self, x: Tensor) -> Tensor:
        """Elementwise, same shape."""
        return x * torch.sigmoid(1.702 * x)


class SwiGLU(nn.Module):
    """One half of the channels gates the other (arXiv:2002.05202)."""

    def forward(self, x: Tensor) -> Tensor:
        """(..., 2 V) to (..., V)."""
        gate, value = x.chunk(2, dim=-1)
        return F.silu(gate) * value


class Matrix(nn.Linear):
    """A linear map that takes what it is given into its own number format, or leaves that to autocast."""

    def forward(self, input: Tensor) -> Tensor:
        """(..., W) to (..., V) in the weight's format, or autocast's."""
        if torch.is_autocast_enabled(input.device.type):  # a bfloat16 input would go to float32 and back
            return F.linear(input, self.weight, self.bias)
        return F.linear(input.to(self.weight.dtype), self.weight, self.bias)


class Attention(nn.Module):
    """Multi-head self-attention; parameters as in `torch.nn.MultiheadAttention`."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = Matrix(width, width)

    def forward(self, x: Tensor, *, is_causal: bool) -> Tensor:
        """(B, T, W) to (B, T, W); causal: no position sees a later one."""
        out: Tensor = self.out_proj(self.mix(self.project_in(x), is_causal=is_causal))
        return out

    def project_in(self, x: Tensor) -> Tensor:
        """(..., W) to (..., 3 W): queries, keys and values side by side."""
        return F.linear(x.to(self.in_proj_weight.dtype), self.in_proj_weight, self.in_proj_bias)

    def split(self, qkv: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T, 3 W) to queries, keys and values, each (B, H, T, W/H)."""
        B, T, W = qkv.shape[0], qkv.shape[1], qkv.shape[2] // 3
        q, k, v = qkv.view(B, T, 3, self.heads, W // self.heads).permute(2, 0, 3, 1, 4)
        return q, k, v

    def mix(self, qkv: Tensor, *, is_causal: bool) -> Tensor:
        """(B, T, 3 W) to (B, T, W): what each position takes from the others."""
        q, k, v = self.split(qkv)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=is_causal)
        return mixed.transpose(1, 2).flatten(2)

    def mix_first(self, qkv: Tensor) -> Tensor:
        """(B, T, 3 W) to (B, W): what the first position takes from all of them."""
        q, k, v = self.split(qkv)
        return F.scaled_dot_product_attention(q[:, :, :1], k, v).flatten(1)

    def mix_tree(self, qkv: Tensor, tree: TokenTree, mask: Tensor) -> Tensor:
        """(M, 3 W) to (M, W): what each node takes from itself and its ancestors; `mask` is the tree's."""
        M, W = qkv.shape[0], qkv.shape[1] // 3
        B, K = tree.keys.shape
        q = qkv[:, :W].view(B, M // B, self.heads, W // self.heads).transpose(1, 2)  # (B, H, N, W/H)
        kv = qkv[:, W:].index_select(0, tree.keys.flatten())
        k, v = kv.view(B, K, 2, self.heads, W // self.heads).permute(2, 0, 3, 1, 4)  # each (B, H, K, W/H)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return mixed.transpose(1, 2).reshape(M, W)


def mlp(width: int, hidden: int, act: Activation) -> nn.Sequential:
    """(..., W) to (..., W) by way of `hidden` channels."""
    acts: dict[Activation, nn.Module] = {
        "gelu": nn.GELU(),
        "quick_gelu": QuickGELU(),
        "gelu_tanh": nn.GELU(approximate="tanh"),
        "swiglu": SwiGLU(),
    }
    wide = 2 * hidden if act == "swiglu" else hidden
    return nn.Sequential(OrderedDict(c_fc=Matrix(width, wide), gelu=acts[act], c_proj=Matrix(hidden, width)))


class Block(nn.Module):
    """One residual block: attention, then the MLP, each behind its layer norm."""

    def __init__(self, width: int, heads: int, *, mlp_ratio: float, act: Activation, eps: float = 1e-5) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width, eps=eps)
        self.attn = Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width, eps=eps)
        # The ratio of two whole numbers, times the second, may fall short of the first by a rounding.
        self.mlp = mlp(width, int(width * mlp_ratio + 1e-6), act)

    def forward(self, x: Tensor, *, is_causal: bool) -> Tensor:
        """(B, T, W) to (B, T, W)."""
        x = x + self.attn(self.ln_1(x), is_causal=is_causal)
        out: Tensor = x + self.mlp(self.ln_2(x))
        return out

    def run_first(self, x: Tensor) -> Tensor:
        """(B, T, W) to (B, W): the first position's output, which needs no other's."""
        first = x[:, 0] + self.attn.out_proj(self.attn.mix_first(self.attn.project_in(self.ln_1(x))))
        out: Tensor = first + self.mlp(self.ln_2(first))
        return out

    def run_tree(self, x: Tensor, tree: TokenTree, mask: Tensor, *, ends_only: bool) -> Tensor:
        """(M, W) nodes to (M, W), or to (L, W) when nothing but the texts' ends is wanted."""
        mixed = self.attn.mix_tree(self.attn.project_in(self.ln_1(x)), tree, mask)
        if ends_only:
            x, mixed = x[tree.ends], mixed[tree.ends]
        x = x + self.attn.out_proj(mixed)
        out: Tensor = x + self.mlp(self.ln_2(x))
        return out


class Transformer(nn.Module):
    """A stack of blocks."""

    def __init__(
        self, width: int, layers: int, heads: int, *, mlp_ratio: float, act: Activation, eps: float = 1e-5
    ) -> None:
        super().__init__()
        self.width = width
        self.resblocks = nn.ModuleList(
            Block(width, heads, mlp_ratio=mlp_ratio, act=act, eps=eps) for _ in range(layers)
        )

    def forward(self, x: Tensor, *, is_causal: bool = False) -> Tensor:
        """(B, T, W) to (B, T, W)."""
        for block in self.resblocks:
            x = block(x, is_causal=is_causal)
        return x

    def run_first(self, x: Tensor) -> Tensor:
        """(B, T, W) to (B, W): the output at the first position, a class token's.

        Of the last block no other is wanted: three quarters of its work need not be done.
        """
        *blocks, last = self.resblocks
        for block in blocks:
            x = block(x, is_causal=False)
        assert isinstance(last, Block)
        return last.run_first(x)

    def run_tree(self, x: Tensor, tree: TokenTree) -> Tensor:
        """(M, W) nodes of a tree to (L, W), the end of each text.

        Of the last block the ends' outputs alone are wanted, so its MLP runs on no other node.
        """
        mask = tree.mask()
        last = len(self.resblocks) - 1
        for place, block in enumerate(self.resblocks):
            assert isinstance(block, Block)
            x = block.run_tree(x, tree, mask, ends_only=place == last)
        return x

    def initialize(self, generator: torch.Generator) -> None:
        """Draw every weight as OpenAI's CLIP does for its text tower; biases zero, norms one.

        The branch that ends in the residual stream is scaled down by the depth, so that the
        stream's variance does not grow with it.
        """
        residual = self.width**-0.5 * (2 * len(self.resblocks)) ** -0.5
        for block in self.resblocks:
            assert isinstance(block, Block)
            draw(block.attn.in_proj_weight, self.width**-0.5, generator)
            draw(block.attn.out_proj.weight, residual, generator)
            for name, weight in block.mlp.named_parameters():
                if name.endswith("weight"):
                    draw(weight, (2 * self.width) ** -0.5 if name.startswith("c_fc") else residual, generator)
            nn.init.zeros_(block.attn.in_proj_bias)
            nn.init.zeros_(block.attn.out_proj.bias)
            for name, bias in block.mlp.named_parameters():
                if name.endswith("bias"):
                    nn.init.zeros_(bias)
            block.ln_1.reset_parameters()
            block.ln_2.reset_parameters()


def draw(weight: Tensor, std: float, generator: torch.Generator) -> None:
    """Fill a parameter in place with normal numbers of this standard deviation."""
    with torch.no_grad():
        weight.normal_(0.0, std, generator=generator)
