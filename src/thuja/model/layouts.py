"""Other people's names for the same weights: public training checkpoints, OpenAI's, Hugging Face's."""

from collections.abc import Mapping

from torch import Tensor

from thuja.errors import UsageError, WeightsMismatch
from thuja.model.config import HeadConfig, ModelConfig, TextConfig, VisionConfig
from thuja.model.renaming import join_attention
from thuja.model.shapes import SHAPES

HEADS_PREFIX = "heads."
"""What stands before the names of a further head's weights: `heads.caption.proj`."""

_HEADS = (
    ("replay", "visual.continual_proj", ""),
    ("caption", "visual.caption_proj", "logit_scale_caption"),
)
"""(head, its projection, its temperature) by the names in the public training code."""

_OPENAI = ("input_resolution", "context_length", "vocab_size")
"""Numbers that OpenAI's state dict holds beside the weights."""

_HUGGING_FACE = {
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.final_layer_norm.": "ln_final.",
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
    "vision_model.pre_layrnorm.": "visual.ln_pre.",  # their spelling
    "vision_model.post_layernorm.": "visual.ln_post.",
    "text_model.encoder.layers.": "transformer.resblocks.",
    "vision_model.encoder.layers.": "visual.transformer.resblocks.",
}
_HUGGING_FACE_BLOCK = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "self_attn": "attn",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}
_WIDTHS = {config.vision.width: config.vision for config in SHAPES.values() if isinstance(config.vision, VisionConfig)}


def is_openai(weights: Mapping[str, Tensor]) -> bool:
    """Whether this is a state dict of OpenAI's, whose towers have QuickGELU."""
    return _OPENAI[0] in weights


def is_hugging_face(weights: Mapping[str, Tensor]) -> bool:
    """Whether the weights have the names that transformers' CLIPModel gives them."""
    return any(name.startswith("vision_model.") for name in weights)


def to_open_clip(weights: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], tuple[HeadConfig, ...]]:
    """The weights under open_clip's names, and the further heads that stood among them.

    BioCLIP 2's and BioCAP's training checkpoints keep their second projection among the rest; it
    becomes `heads.replay...` and `heads.caption...`. What has no name here stays as it is, and is
    left over when the weights are loaded.
    """
    named = _from_hugging_face(weights) if is_hugging_face(weights) else dict(weights)
    if is_openai(named):
        for name in _OPENAI:
            named.pop(name, None)
    heads: list[HeadConfig] = []
    for name, projection, temperature in _HEADS:
        if projection in named:
            named[f"{HEADS_PREFIX}{name}.proj"] = named.pop(projection)
            has_own = temperature in named
            if has_own:
                named[f"{HEADS_PREFIX}{name}.logit_scale"] = named.pop(temperature)
            heads.append(HeadConfig(name=name, has_own_temperature=has_own))
    return named, tuple(heads)


def infer_config(weights: Mapping[str, Tensor], *, is_quick_gelu: bool, heads: tuple[HeadConfig, ...]) -> ModelConfig:
    """The shape of a CLIP-ViT from its weights under open_clip's names.

    Three things leave no trace in a shape: the activation is what the caller says; an attention
    head is as wide as in the published tower of the same width, or else 64; the class token pools.
    Raises WeightsMismatch where a tensor that says it is missing.
    """
    try:
        patches, positions = weights["visual.conv1.weight"], weights["visual.positional_embedding"]
        hidden = weights["visual.transformer.resblocks.0.mlp.c_fc.weight"].shape[0]
        width, text_width = len(weights["visual.class_embedding"]), weights["ln_final.weight"].shape[0]
        known, patch = _WIDTHS.get(width), patches.shape[-1]
        return ModelConfig(
            embed_dim=weights["visual.proj"].shape[1],
            vision=VisionConfig(
                image_size=round((len(positions) - 1) ** 0.5) * patch,
                patch_size=patch,
                width=width,
                layers=_depth(weights, "visual.transformer.resblocks."),
                head_width=known.head_width if known else 64,
                mlp_ratio=hidden / width,
            ),
            text=TextConfig(
                context_length=len(weights["positional_embedding"]),
                vocab_size=len(weights["token_embedding.weight"]),
                width=text_width,
                heads=max(1, text_width // 64),
                layers=_depth(weights, "transformer.resblocks."),
                mlp_ratio=weights["transformer.resblocks.0.mlp.c_fc.weight"].shape[0] / text_width,
            ),
            act="quick_gelu" if is_quick_gelu else "gelu",
            heads=heads,
        )
    except KeyError as error:
        raise WeightsMismatch(
            f"these are not the weights of a CLIP-ViT: {error.args[0]} is missing",
            hint="another architecture needs its open_clip_config.json beside the weights",
        ) from error
    except UsageError as error:
        raise WeightsMismatch(
            f"the shapes of these weights do not tell their model: {error.message}",
            hint="an open_clip_config.json beside the weights says what they are",
        ) from error


def _depth(weights: Mapping[str, Tensor], prefix: str) -> int:
    return 1 + max(int(name[len(prefix) :].split(".")[0]) for name in weights if name.startswith(prefix))


def _from_hugging_face(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """transformers keeps queries, keys and values apart, projections transposed, and positions counted."""
    named: dict[str, Tensor] = {}
    for name, weight in weights.items():
        if name in ("text_projection.weight", "visual_projection.weight"):
            ours = "text_projection" if name.startswith("text") else "visual.proj"
            named[ours] = weight.T.contiguous()
        elif not name.endswith(".position_ids"):
            named[_renamed(name)] = weight
    return join_attention(named)


def _renamed(name: str) -> str:
    for theirs, ours in _HUGGING_FACE.items():
        if name.startswith(theirs):
            name = ours + name.removeprefix(theirs)
            break
    for theirs, ours in _HUGGING_FACE_BLOCK.items():
        name = name.replace(f".{theirs}.", f".{ours}.")
    return name
