"""Hugging Face's layout of a model's folder: config.json and preprocessor_config.json."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from thuja.errors import BadFile, ThujaError, UsageError
from thuja.images import Preparation
from thuja.model.config import ModelConfig, TextConfig, VisionConfig

CONFIG = "config.json"
PREPROCESSOR = "preprocessor_config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""The files that such a folder keeps its weights in, best first."""

SIGLIP: Final = "siglip"
IMAGE_ONLY: Final = ("vit", "dinov2", "dinov2_with_registers", "dinov3_vit")
"""The `model_type` of a SigLIP (SigLIP 2 at a fixed size is one too), and of those that read no text."""

_RESAMPLE = {2: "bilinear", 3: "bicubic"}
"""Pillow's numbers, which `resample` holds."""
_ACTS = {"gelu", "quick_gelu"}


def model_type_of(folder: Path) -> str:
    """What `config.json` says the model is, such as `siglip`; empty where there is none, or none that can be read."""
    try:
        config = json.loads((Path(folder) / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(config.get("model_type", "")) if isinstance(config, dict) else ""


def config_of(config: Mapping[str, Any]) -> ModelConfig:
    """The shape that a `config.json` of transformers' CLIPModel tells; raises BadFile for another's.

    What is left out has the default of CLIPConfig, as in transformers.
    """
    if config.get("model_type") != "clip":
        raise BadFile(f'thuja builds transformers\' CLIP models only, this is of type "{config.get("model_type")}"')
    text, vision = dict(config.get("text_config") or {}), dict(config.get("vision_config") or {})
    acts = {text.get("hidden_act", "quick_gelu"), vision.get("hidden_act", "quick_gelu")}
    if len(acts) != 1 or not acts <= _ACTS:
        raise BadFile(f"thuja builds towers with gelu or quick_gelu, the same in both, got {', '.join(sorted(acts))}")
    try:
        text_width, vision_width = text.get("hidden_size", 512), vision.get("hidden_size", 768)
        return ModelConfig(
            embed_dim=config.get("projection_dim", 512),
            vision=VisionConfig(
                image_size=vision.get("image_size", 224),
                patch_size=vision.get("patch_size", 32),
                width=vision_width,
                layers=vision.get("num_hidden_layers", 12),
                head_width=vision_width // vision.get("num_attention_heads", 12),
                mlp_ratio=vision.get("intermediate_size", 3072) / vision_width,
            ),
            text=TextConfig(
                context_length=text.get("max_position_embeddings", 77),
                vocab_size=text.get("vocab_size", 49408),
                width=text_width,
                heads=text.get("num_attention_heads", 8),
                layers=text.get("num_hidden_layers", 12),
                mlp_ratio=text.get("intermediate_size", 2048) / text_width,
            ),
            act="gelu" if acts == {"gelu"} else "quick_gelu",
        )
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise BadFile(f"not a config.json of a CLIP model: {error!r}") from error
    except UsageError as error:
        raise BadFile(f"a config.json that thuja does not build: {error.message}", hint=error.hint) from error


def preparation_of(config: Mapping[str, Any]) -> Preparation:
    """The image preparation that a `preprocessor_config.json` tells; raises BadFile for one that thuja has not."""
    try:
        _require_usual_steps(config)
        size, crop = config["size"], config.get("crop_size")
        resample = _RESAMPLE[config.get("resample", 3)]
        mean, std = tuple(config["image_mean"]), tuple(config["image_std"])
        if config.get("do_center_crop", True):
            short = size["shortest_edge"] if isinstance(size, Mapping) else size
            side = _side(crop if crop is not None else size)
            if side > short:
                raise ValueError(f"crops {side} pixels out of {short}")
            return Preparation(
                size=side, mode="crop", interpolation=resample, mean=mean, std=std, crop_fraction=side / short
            )
        return Preparation(size=_side(size), mode="squash", interpolation=resample, mean=mean, std=std)
    except (KeyError, TypeError, ValueError, ThujaError) as error:
        raise BadFile(f"{PREPROCESSOR} tells a preparation that thuja has not: {error!r}") from error


def _require_usual_steps(config: Mapping[str, Any]) -> None:
    skipped = [step for step in ("do_resize", "do_rescale", "do_normalize") if not config.get(step, True)]
    if skipped:
        raise ValueError(f"{', '.join(skipped)} is off")
    if not math.isclose(config.get("rescale_factor", 1 / 255), 1 / 255, rel_tol=1e-6):
        raise ValueError(f"rescales by {config['rescale_factor']}")


def _side(size: Any) -> int:
    sides = {size} if isinstance(size, int) else {size["height"], size["width"]}
    if len(sides) != 1:
        raise ValueError(f"not square: {sorted(sides)}")
    return int(sides.pop())
