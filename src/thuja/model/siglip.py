"""SigLIP (arXiv:2303.15343) as transformers keeps it: images pooled by attention, texts seen without a causal mask.

Of other people's models this one reads text too. It is here to be measured, not to be trained.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thuja.errors import BadFile
from thuja.images import Preparation
from thuja.model.foreign import HALF, Sizes, act_of, find_parts, read_preparation, side_of
from thuja.model.padded_tokens import PaddedTokenizer
from thuja.model.renaming import join_attention, renamed
from thuja.model.transformer import Attention, mlp
from thuja.model.weights import load_weights, read_weights

_BLOCKS: Final = (
    (r"\.encoder\.layers\.", ".transformer.resblocks."),
    (r"\.layer_norm([12])\.", r".ln_\1."),
    (r"\.self_attn\.", ".attn."),
    (r"\.mlp\.fc1\.", ".mlp.c_fc."),
    (r"\.mlp\.fc2\.", ".mlp.c_proj."),
)
_NAMES: Final = (
    *_BLOCKS,
    (r"^vision_model\.embeddings\.patch_embedding\.", "visual.conv1."),
    (r"^(vision|text)_model\.embeddings\.position_embedding\.weight$", r"\1_model.positional_embedding"),
    (r"^text_model\.embeddings\.token_embedding\.weight$", "text.token_embedding"),
    (r"^vision_model\.post_layernorm\.", "visual.ln_post."),
    (r"^vision_model\.head\.attention\.", "visual.pool.attn."),
    (r"^vision_model\.head\.layernorm\.", "visual.pool.ln."),
    (r"^vision_model\.head\.", "visual.pool."),
    (r"^text_model\.final_layer_norm\.", "text.ln_final."),
    (r"^vision_model\.", "visual."),
    (r"^text_model\.", "text."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiglipConfig:
    """Two towers that meet in the image tower's width."""

    vision: Sizes
    text: Sizes
    image_size: int
    patch_size: int
    context_length: int
    vocab_size: int
    pad_id: int

    def __post_init__(self) -> None:
        numbers = (self.context_length, self.vocab_size, self.pad_id)
        if not all(isinstance(number, int) for number in numbers) or not self.vocab_size > self.pad_id >= 0:
            raise BadFile(f"these are not the sizes of a SigLIP: {self}")

    @property
    def grid(self) -> int:
        """Patches along a side."""
        return self.image_size // self.patch_size


class AttentionPool(nn.Module):
    """A learnt question that is put to all patches, and an MLP on the answer."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.probe = nn.Parameter(torch.empty(1, 1, sizes.width))
        self.attn = Attention(sizes.width, sizes.heads)
        self.ln = nn.LayerNorm(sizes.width, eps=sizes.eps)
        self.mlp = mlp(sizes.width, sizes.hidden, sizes.act)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, W) to (B, W)."""
        W = x.shape[2]
        weight, bias = self.attn.in_proj_weight, self.attn.in_proj_bias
        query = F.linear(self.probe, weight[:W], bias[:W]).expand(*x.shape)
        keys_values = F.linear(x, weight[W:], bias[W:])  # (B, T, 2 W)
        answer = self.attn.out_proj(self.attn.mix_first(torch.cat([query, keys_values], dim=2)))
        out: Tensor = answer + self.mlp(self.ln(answer))
        return out


class SiglipImages(nn.Module):
    """Prepared images to embeddings."""

    def __init__(self, config: SiglipConfig) -> None:
        super().__init__()
        sizes = config.vision
        self.conv1 = nn.Conv2d(3, sizes.width, kernel_size=config.patch_size, stride=config.patch_size)
        self.positional_embedding = nn.Parameter(torch.empty(config.grid**2, sizes.width))
        self.transformer = sizes.transformer()
        self.ln_post = nn.LayerNorm(sizes.width, eps=sizes.eps)
        self.pool = AttentionPool(sizes)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) to (B, D), not normalised."""
        patches = self.conv1(images).flatten(2).transpose(1, 2)  # (B, grid**2, W)
        pooled: Tensor = self.pool(self.ln_post(self.transformer(patches + self.positional_embedding)))
        return pooled


class SiglipTexts(nn.Module):
    """Padded tokens to embeddings: the last position's, whether a word stands there or padding."""

    def __init__(self, config: SiglipConfig) -> None:
        super().__init__()
        sizes = config.text
        self.token_embedding = nn.Parameter(torch.empty(config.vocab_size, sizes.width))
        self.positional_embedding = nn.Parameter(torch.empty(config.context_length, sizes.width))
        self.transformer = sizes.transformer()
        self.ln_final = nn.LayerNorm(sizes.width, eps=sizes.eps)
        self.head = nn.Linear(sizes.width, config.vision.width)

    def forward(self, tokens: Tensor) -> Tensor:
        """(L, T) token ids, T the context length, to (L, D), not normalised."""
        x = self.transformer(self.token_embedding[tokens] + self.positional_embedding)  # (L, T, W)
        out: Tensor = self.head(self.ln_final(x[:, -1]))
        return out


class Siglip(nn.Module):
    """Both towers, with the scale and the bias that turn a cosine into the logit of a pair."""

    def __init__(self, config: SiglipConfig) -> None:
        super().__init__()
        self.config = config
        self.visual = SiglipImages(config)
        self.text = SiglipTexts(config)
        self.logit_scale = nn.Parameter(torch.empty(()))
        self.logit_bias = nn.Parameter(torch.empty(()))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSiglip:
    """The towers with what stands before them, and the model's id."""

    id: str
    module: Siglip
    tokenizer: PaddedTokenizer
    preparation: Preparation


def load_siglip(folder: Path) -> LoadedSiglip:
    """Read a folder of transformers' SiglipModel; raises BadFile, and WeightsMismatch for weights that do not fit."""
    raw, weights, identity = find_parts(folder)
    config = _config_of(raw)
    with torch.device("meta"):
        module = Siglip(config)
    named = join_attention(renamed(read_weights(weights), _NAMES, dropped=r".+\.position_ids$"))
    for name in ("logit_scale", "logit_bias"):
        if name in named and named[name].numel() == 1:
            named[name] = named[name].reshape(())
    load_weights(module, named)
    usual = Preparation(size=config.image_size, mode="squash", mean=HALF, std=HALF)
    preparation = read_preparation(folder, usual)
    if preparation.size != config.image_size:
        raise BadFile(
            f"the tower in {folder} takes {config.image_size} pixels, its preparation makes {preparation.size}"
        )
    tokenizer = PaddedTokenizer.load(folder, length=config.context_length, pad_id=config.pad_id)
    return LoadedSiglip(id=identity, module=module.eval(), tokenizer=tokenizer, preparation=preparation)


def _config_of(config: Mapping[str, Any]) -> SiglipConfig:
    """The sizes that a `config.json` tells; what is left out has SiglipConfig's default."""
    text, vision = dict(config.get("text_config") or {}), dict(config.get("vision_config") or {})
    if not vision.get("vision_use_head", True):
        raise BadFile("this SigLIP has no pooling head, so it has no embedding of an image")
    found = SiglipConfig(
        vision=_sizes(vision),
        text=_sizes(text),
        image_size=side_of(vision.get("image_size", 224)),
        patch_size=side_of(vision.get("patch_size", 16)),
        context_length=text.get("max_position_embeddings", 64),
        vocab_size=text.get("vocab_size", 32000),
        pad_id=text.get("pad_token_id", 1) or 0,
    )
    projected = text.get("projection_size") or found.text.width
    if projected != found.vision.width:
        raise BadFile(f"the towers do not meet: texts have {projected} dimensions, images {found.vision.width}")
    return found


def _sizes(config: Mapping[str, Any]) -> Sizes:
    return Sizes(
        width=config.get("hidden_size", 768),
        layers=config.get("num_hidden_layers", 12),
        heads=config.get("num_attention_heads", 12),
        hidden=config.get("intermediate_size", 3072),
        act=act_of(config, "gelu_pytorch_tanh"),
        eps=config.get("layer_norm_eps", 1e-6),
    )
