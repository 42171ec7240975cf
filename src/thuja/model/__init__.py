"""Towers, heads, tokenizer and checkpoints; knows no dataset and no taxonomy."""

from thuja.model.config import (
    SHAPES,
    TAXONOMY,
    HeadConfig,
    ModelConfig,
    TextConfig,
    TrunkConfig,
    VisionConfig,
)
from thuja.model.model import Model
from thuja.model.token_tree import TokenTree
from thuja.model.tokenizer import Tokenizer

__all__ = [
    "SHAPES",
    "TAXONOMY",
    "HeadConfig",
    "Model",
    "ModelConfig",
    "TextConfig",
    "TokenTree",
    "Tokenizer",
    "TrunkConfig",
    "VisionConfig",
]
