"""A tower made ready for inference: its matrices in another number format, and packed for the processor.

oneDNN, which is part of torch, multiplies by a weight that lies in its own layout without laying it
out anew at every call, and adds bias and GELU while the product is in the cache.
"""

from collections import OrderedDict
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from thuja.model.config import Act
from thuja.model.transformer import Attention, Block, Matrix, Transformer
from thuja.model.vit import VisionTransformer

_ROWS = 4096
"""Rows that a packed weight's layout is chosen for; other numbers of rows work as well."""

_SCORES = 2**18
"""Attention scores at a time: they stay in the second-level cache of a core between the passes."""


def cast_matrices(tower: nn.Module, dtype: torch.dtype) -> None:
    """Put what multiplies into `dtype`, in place; norms, embeddings and projections keep theirs."""
    for module in tower.modules():
        if isinstance(module, Attention):
            module.in_proj_weight.data = module.in_proj_weight.data.to(dtype)
            module.in_proj_bias.data = module.in_proj_bias.data.to(dtype)
        elif isinstance(module, Matrix | nn.Conv2d):
            module.to(dtype)


def can_pack(dtype: torch.dtype = torch.float32) -> bool:
    """Whether this torch has oneDNN's packed linear map for this processor and number format."""
    if not torch._C._has_mkldnn or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()))


def pack(transformer: Transformer) -> None:
    """Replace the blocks of a transformer on a CPU by packed ones, in place; the weights move over.

    The transformer then runs and cannot be trained, cast or saved.
    """
    for place, block in enumerate(transformer.resblocks):
        assert isinstance(block, Block)
        transformer.resblocks[place] = _pack_block(block)


def _pack_block(block: Block) -> Block:
    block.attn = PackedAttention(block.attn)
    c_fc, act, c_proj = block.mlp
    assert isinstance(c_fc, Matrix)
    assert isinstance(c_proj, Matrix)
    is_fused = isinstance(act, nn.GELU) and act.approximate == "none"
    parts: list[tuple[str, nn.Module]] = [("c_fc", PackedMatrix(c_fc.weight, c_fc.bias, with_gelu=is_fused))]
    parts += [] if is_fused else [("gelu", act)]
    block.mlp = nn.Sequential(OrderedDict([*parts, ("c_proj", PackedMatrix(c_proj.weight, c_proj.bias))]))
    return block


def plain_vit(tower: VisionTransformer, *, act: Act) -> VisionTransformer:
    """The tower itself where all of it is float32 and unpacked, else a copy that is, which can be differentiated.

    What was rounded to another format stays rounded.
    """
    is_packed = any(isinstance(module, PackedMatrix) for module in tower.modules())
    if not is_packed and all(weight.dtype == torch.float32 for weight in tower.parameters()):
        return tower
    with torch.device("meta"):
        plain = VisionTransformer(tower.config, tower.proj.shape[1], act=act)
    state = {**tower.state_dict(), **dict(_unpacked(tower))}
    plain.load_state_dict({name: weight.detach().float() for name, weight in state.items()}, assign=True)
    return plain.eval().requires_grad_(requires_grad=False)


def _unpacked(tower: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """The packed weights of a tower, plain, under the names that they had before."""
    for name, module in tower.named_modules():
        if isinstance(module, PackedMatrix):
            stem = f"{name}_" if name.endswith(".in_proj") else f"{name}."
            yield f"{stem}weight", module.weight.to_dense()
            yield f"{stem}bias", module.bias


class PackedMatrix(nn.Module):
    """A linear map, and GELU when asked, by oneDNN's packed weights."""

    def __init__(self, weight: Tensor, bias: Tensor, *, with_gelu: bool = False) -> None:
        super().__init__()
        self.dtype = weight.dtype
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), _ROWS)
        self.bias = bias.detach().clone()  # beside the weight, and not in a file that may be mapped
        self.post, self.algorithm = ("gelu", "none") if with_gelu else ("none", "")

    def forward(self, input: Tensor) -> Tensor:
        """(..., W) to (..., V) in the weight's format."""
        out: Tensor = torch.ops.mkldnn._linear_pointwise(
            input.to(self.dtype), self.weight, self.bias, self.post, [], self.algorithm
        )
        return out


class PackedAttention(Attention):
    """Attention by packed matrices, its scores made some images at a time.

    torch's own kernel for processors takes twice as long for short sequences in bfloat16.
    """

    def __init__(self, plain: Attention) -> None:
        nn.Module.__init__(self)
        self.heads = plain.heads
        self.in_proj = PackedMatrix(plain.in_proj_weight, plain.in_proj_bias)
        self.out_proj = PackedMatrix(plain.out_proj.weight, plain.out_proj.bias)  # type: ignore[assignment]

    def project_in(self, x: Tensor) -> Tensor:
        """(..., W) to (..., 3 W)."""
        out: Tensor = self.in_proj(x)
        return out

    def mix(self, qkv: Tensor, *, is_causal: bool) -> Tensor:
        """(B, T, 3 W) to (B, T, W)."""
        if is_causal:
            return super().mix(qkv, is_causal=True)
        B, T, W = qkv.shape[0], qkv.shape[1], qkv.shape[2] // 3
        out = qkv.new_empty(B, T, W)
        step = max(1, _SCORES // (T * T * self.heads) * torch.get_num_threads())
        for start in range(0, B, step):
            some = qkv[start : start + step]
            n = len(some)
            q, k, v = some.view(n, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4).reshape(3, n * self.heads, T, -1)
            scores = torch.baddbmm(q.new_empty(1), q, k.transpose(1, 2), beta=0, alpha=q.shape[-1] ** -0.5)
            mixed = torch.bmm(scores.softmax(-1), v).view(n, self.heads, T, -1)
            out[start : start + step] = mixed.transpose(1, 2).reshape(n, T, W)
        return out
