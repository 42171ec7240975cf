"""Image towers that read no text, as transformers keeps them: ViT and DINO, DINOv2, its registers, DINOv3.

arXiv:2104.14294, arXiv:2304.07193, arXiv:2309.16588, arXiv:2508.10104. An image's vector is the class token behind the
last norm. Layer scale is multiplied into the matrices before it, which is the same function.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from thuja.errors import BadFile
from thuja.images import Preparation
from thuja.model.foreign import HALF, IMAGENET_MEAN, IMAGENET_STD, Sizes, act_of, find_parts, read_preparation, side_of
from thuja.model.hugging_face import IMAGE_ONLY
from thuja.model.renaming import join_attention, renamed
from thuja.model.transformer import Activation, Attention, Block
from thuja.model.vit import resize_positions
from thuja.model.weights import load_weights, read_weights

_NAMES: Final = (
    (r"^(vit|dinov2|dinov2_with_registers|dinov3_vit|model)\.", ""),
    (r"^embeddings\.cls_token$", "class_embedding"),
    (r"^embeddings\.position_embeddings$", "positional_embedding"),
    (r"^embeddings\.register_tokens$", "registers"),
    (r"^embeddings\.patch_embeddings\.(projection\.)?", "conv1."),
    (r"^(encoder\.)?layers?\.", "transformer.resblocks."),
    (r"^(layernorm|norm)\.", "ln_post."),
    (r"\.(layernorm_before|norm1)\.", ".ln_1."),
    (r"\.(layernorm_after|norm2)\.", ".ln_2."),
    (r"\.attention\.(attention\.)?(?:(q)uery|(k)ey|(v)alue)\.", r".attn.\2\3\4_proj."),
    (r"\.attention\.([qkv])_proj\.", r".attn.\1_proj."),
    (r"\.attention\.(output\.dense|o_proj)\.", ".attn.out_proj."),
    (r"\.(intermediate\.dense|mlp\.fc1|mlp\.weights_in)\.", ".mlp.c_fc."),
    (r"\.(output\.dense|mlp\.fc2|mlp\.weights_out|mlp\.down_proj)\.", ".mlp.c_proj."),
)
_DROPPED: Final = r"(.+\.)?(mask_token|position_ids|inv_freq)$|pooler\.|.+\.pooler\.|classifier\."
"""What pre-training or a classifier needs, and the vector of an image does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DinoConfig:
    """A tower with a class token; `no_bias` names the maps of a block that have none.

    Positions are learnt, or where `theta` is given, queries and keys are turned by them (RoPE). Where learnt ones are
    resized, transformers antialiases those of towers with registers alone.
    """

    sizes: Sizes
    patch_size: int
    theta: float = 0.0
    registers: int = 0
    no_bias: frozenset[str] = frozenset()


class RotaryAttention(Attention):
    """Attention that turns the queries and keys of patches by where they are; class token and registers stay."""

    def __init__(self, width: int, heads: int, *, grid: int, theta: float) -> None:
        super().__init__(width, heads)
        self.grid, self.theta = grid, theta

    def split(self, qkv: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T, 3 W) to queries, keys and values, each (B, H, T, W/H)."""
        q, k, v = super().split(qkv)
        angles = patch_angles(self.grid, q.shape[-1], self.theta).to(q.device)  # (grid**2, W/H)
        return _turned(q, angles), _turned(k, angles), v


class Dino(nn.Module):
    """Prepared images to features, for a grid of `grid` patches along a side."""

    def __init__(self, config: DinoConfig, grid: int) -> None:
        super().__init__()
        sizes = config.sizes
        self.config = config
        self.conv1 = nn.Conv2d(3, sizes.width, kernel_size=config.patch_size, stride=config.patch_size)
        self.class_embedding = nn.Parameter(torch.empty(sizes.width))
        if not config.theta:
            self.positional_embedding = nn.Parameter(torch.empty(grid**2 + 1, sizes.width))
        if config.registers:
            self.registers = nn.Parameter(torch.empty(config.registers, sizes.width))
        self.transformer = sizes.transformer()
        if config.theta:
            for block in self.transformer.resblocks:
                assert isinstance(block, Block)
                block.attn = RotaryAttention(sizes.width, sizes.heads, grid=grid, theta=config.theta)
        self.ln_post = nn.LayerNorm(sizes.width, eps=sizes.eps)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) prepared images to (B, W)."""
        B = len(images)
        patches = self.conv1(images).flatten(2).transpose(1, 2)  # (B, grid**2, W)
        x = torch.cat([self.class_embedding.expand(B, 1, -1), patches], dim=1)
        if not self.config.theta:
            x = x + self.positional_embedding
        if self.config.registers:
            x = torch.cat([x[:, :1], self.registers.expand(B, -1, -1), x[:, 1:]], dim=1)
        out: Tensor = self.ln_post(self.transformer.run_first(x))
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedDino:
    """A tower with what stands before it, and the model's id."""

    id: str
    module: Dino
    preparation: Preparation


def load_dino(folder: Path) -> LoadedDino:
    """Read a folder of one of `IMAGE_ONLY`; raises BadFile, and WeightsMismatch for weights that do not fit."""
    raw, weights, identity = find_parts(folder)
    config = _config_of(raw)
    preparation = read_preparation(folder, _usual_preparation(raw))
    grid = preparation.size // config.patch_size
    if not grid:
        raise BadFile(f"a patch of {config.patch_size} pixels does not fit an image of {preparation.size}")
    with torch.device("meta"):
        module = Dino(config, grid)
    load_weights(module, _named(read_weights(weights), config, grid))
    return LoadedDino(id=identity, module=module.eval(), preparation=preparation)


@lru_cache(maxsize=4)
def patch_angles(grid: int, width: int, theta: float) -> Tensor:
    """(grid**2, width) what each number of a query is turned by: a quarter by row, a quarter by column, and again.

    The places of patches run from -1 to 1, and the wave lengths from 1 by powers of `theta`.
    """
    places = 2 * (torch.arange(grid, dtype=torch.float32) + 0.5) / grid - 1
    both = torch.stack(torch.meshgrid(places, places, indexing="ij"), dim=-1).flatten(0, 1)  # (grid**2, 2)
    waves = 1 / theta ** torch.arange(0, 1, 4 / width, dtype=torch.float32)  # (width / 4,)
    return (2 * math.pi * both[:, :, None] * waves).flatten(1).tile(2)


def _turned(x: Tensor, angles: Tensor) -> Tensor:
    """(B, H, T, D) with the last positions, the patches, turned."""
    first = x.shape[2] - len(angles)
    others, patches = x[:, :, :first], x[:, :, first:]
    left, right = patches.chunk(2, dim=-1)
    turned = patches * angles.cos() + torch.cat([-right, left], dim=-1) * angles.sin()
    return torch.cat([others, turned], dim=2)


def _config_of(config: Mapping[str, Any]) -> DinoConfig:
    """The sizes that a `config.json` tells; what is left out has transformers' default."""
    kind = config.get("model_type")
    if kind not in IMAGE_ONLY:
        raise BadFile(f'thuja builds image towers of the types {", ".join(IMAGE_ONLY)}, this is of type "{kind}"')
    is_rotary = kind == "dinov3_vit"
    width = config.get("hidden_size", 384 if is_rotary else 768)
    hidden, act = _mlp_of(config, width)
    return DinoConfig(
        sizes=Sizes(
            width=width,
            layers=config.get("num_hidden_layers", 12),
            heads=config.get("num_attention_heads", 6 if is_rotary else 12),
            hidden=hidden,
            act=act,
            eps=config.get("layer_norm_eps", {"vit": 1e-12, "dinov3_vit": 1e-5}.get(kind, 1e-6)),
        ),
        patch_size=side_of(config.get("patch_size", 14 if kind == "dinov2" else 16)),
        theta=config.get("rope_theta", 100.0) if is_rotary else 0.0,
        registers=config.get("num_register_tokens", {"dinov2_with_registers": 4}.get(kind, 0)),
        no_bias=_maps_without_bias(config, is_rotary=is_rotary),
    )


def _mlp_of(config: Mapping[str, Any], width: int) -> tuple[int, Activation]:
    """The channels in the middle of an MLP, and what stands there."""
    kind = str(config.get("model_type"))
    if kind.startswith("dinov2") and config.get("use_swiglu_ffn"):  # two thirds of an MLP's without gates, in eights
        return (int(int(width * config.get("mlp_ratio", 4)) * 2 / 3) + 7) // 8 * 8, "swiglu"
    if config.get("use_gated_mlp"):
        if config.get("hidden_act") != "silu":
            raise BadFile(f'thuja builds gated MLPs with silu, not with "{config.get("hidden_act")}"')
        return config.get("intermediate_size", 1536), "swiglu"
    if kind.startswith("dinov2"):
        return int(width * config.get("mlp_ratio", 4)), act_of(config, "gelu")
    return config.get("intermediate_size", 1536 if kind == "dinov3_vit" else 3072), act_of(config, "gelu")


def _maps_without_bias(config: Mapping[str, Any], *, is_rotary: bool) -> frozenset[str]:
    if not is_rotary:
        return frozenset() if config.get("qkv_bias", True) else frozenset({"q_proj", "k_proj", "v_proj"})
    usual = {"query_bias": "q_proj", "key_bias": "k_proj", "value_bias": "v_proj", "proj_bias": "out_proj"}
    absent = {ours for name, ours in usual.items() if not config.get(name, name != "key_bias")}
    return frozenset(absent | (set() if config.get("mlp_bias", True) else {"c_fc", "c_proj"}))


def _usual_preparation(config: Mapping[str, Any]) -> Preparation:
    """What transformers takes for a folder that does not say."""
    kind = str(config.get("model_type"))
    if kind.startswith("dinov2"):
        return Preparation(size=224, mode="crop", crop_fraction=0.875, mean=IMAGENET_MEAN, std=IMAGENET_STD)
    size = side_of(config.get("image_size", 224))
    if kind == "vit":
        return Preparation(size=size, mode="squash", interpolation="bilinear", mean=HALF, std=HALF)
    return Preparation(size=size, mode="squash", interpolation="bilinear", mean=IMAGENET_MEAN, std=IMAGENET_STD)


def _named(weights: Mapping[str, Tensor], config: DinoConfig, grid: int) -> dict[str, Tensor]:
    """The weights under the names of `Dino`, for images of `grid` patches along a side."""
    named = _joined_gates(renamed(weights, _NAMES, dropped=_DROPPED))
    for name in ("class_embedding", "positional_embedding", "registers"):
        if name in named and named[name].ndim == 3:
            named[name] = named[name].reshape(named[name].shape[1 + (name == "class_embedding") :])
    if "positional_embedding" in named:
        positions = named["positional_embedding"].float()
        named["positional_embedding"] = resize_positions(positions, grid, antialias=config.registers > 0)
    if not config.registers:
        named.pop("registers", None)  # DINOv3 keeps none of them as an empty tensor
    for name in [name for name in named if name.endswith(".weight")]:
        bias = name.removesuffix("weight") + "bias"
        if name.split(".")[-2] in config.no_bias and bias not in named:
            named[bias] = torch.zeros(len(named[name]))
    return join_attention(_folded(named))


def _joined_gates(named: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The two maps of a gated MLP as one, and the map of a plain one under its own name."""
    joined = dict(named)
    for name in named:
        if ".mlp.up_proj." not in name:
            continue
        gate, ours = name.replace("up_proj", "gate_proj"), name.replace("up_proj", "c_fc")
        up = joined.pop(name)
        joined[ours] = torch.cat([joined.pop(gate), up]) if gate in joined else up
    return joined


def _folded(named: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Layer scale multiplied into the map before it."""
    folded = dict(named)
    for name in named:
        for scale, scaled in (("layer_scale1.lambda1", "attn.out_proj"), ("layer_scale2.lambda1", "mlp.c_proj")):
            if not name.endswith(scale):
                continue
            by = folded.pop(name).float()  # (W,)
            weight, bias = (f"{name.removesuffix(scale)}{scaled}.{part}" for part in ("weight", "bias"))
            if weight in folded and bias in folded:
                folded[weight], folded[bias] = by[:, None] * folded[weight].float(), by * folded[bias].float()
    return folded
