"""The shapes that have names: the published ones, and small ones to train from scratch."""

from collections.abc import Mapping

from thuja.model.config import ModelConfig, TextConfig, VisionConfig

SHAPES: Mapping[str, ModelConfig] = {
    "ViT-Ti-16": ModelConfig(
        embed_dim=192,
        vision=VisionConfig(width=192),
        text=TextConfig(width=192, heads=3, layers=6),
    ),
    "ViT-S-16": ModelConfig(
        embed_dim=384,
        vision=VisionConfig(width=384),
        text=TextConfig(width=384, heads=6),
    ),
    "ViT-B-32": ModelConfig(vision=VisionConfig(patch_size=32)),
    "ViT-B-16": ModelConfig(),
    "ViT-L-14": ModelConfig(
        embed_dim=768,
        vision=VisionConfig(patch_size=14, width=1024, layers=24),
        text=TextConfig(width=768, heads=12),
    ),
    "ViT-L-14-336": ModelConfig(
        embed_dim=768,
        vision=VisionConfig(image_size=336, patch_size=14, width=1024, layers=24),
        text=TextConfig(width=768, heads=12),
    ),
    "ViT-H-14": ModelConfig(
        embed_dim=1024,
        vision=VisionConfig(patch_size=14, width=1280, layers=32, head_width=80),
        text=TextConfig(width=1024, heads=16, layers=24),
    ),
}
"""By open_clip's names; `ViT-Ti-16` is ours. OpenAI's weights want `act="quick_gelu"`.

The image towers of Ti and S are DeiT's (arXiv:2012.12877, Table 1); the text tower of Ti has half
the layers, because beside so small an image tower a full one is most of the work of a step.
"""
