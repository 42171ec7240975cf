"""Towers, heads, tokenizer and checkpoints; knows no dataset and no taxonomy.

The names are resolved on first use: what is known of published models can be said without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thuja.model.config import TAXONOMY as TAXONOMY
    from thuja.model.config import HeadConfig as HeadConfig
    from thuja.model.config import ModelConfig as ModelConfig
    from thuja.model.config import TextConfig as TextConfig
    from thuja.model.config import TrunkConfig as TrunkConfig
    from thuja.model.config import VisionConfig as VisionConfig
    from thuja.model.model import Model as Model
    from thuja.model.shapes import SHAPES as SHAPES
    from thuja.model.token_tree import TokenTree as TokenTree
    from thuja.model.tokenizer import Tokenizer as Tokenizer

_HOMES = {
    "SHAPES": "thuja.model.shapes",
    "TAXONOMY": "thuja.model.config",
    "HeadConfig": "thuja.model.config",
    "Model": "thuja.model.model",
    "ModelConfig": "thuja.model.config",
    "TextConfig": "thuja.model.config",
    "TokenTree": "thuja.model.token_tree",
    "Tokenizer": "thuja.model.tokenizer",
    "TrunkConfig": "thuja.model.config",
    "VisionConfig": "thuja.model.config",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'thuja.model' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
