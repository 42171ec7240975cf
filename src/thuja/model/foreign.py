"""What folders of transformers' models have in common that are no CLIP: sizes, image preparation, an id."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from thuja.errors import BadFile
from thuja.images import Preparation
from thuja.model import hugging_face
from thuja.model.description import find_weights, name_of, read_json
from thuja.model.transformer import Activation, Transformer
from thuja.model.weights import hash_of_all

IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)
HALF: Final = (0.5, 0.5, 0.5)
"""Mean and deviation that take grey levels to -1 to 1."""

ACTS: Final[Mapping[str, Activation]] = {
    "gelu": "gelu",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_new": "gelu_tanh",
    "quick_gelu": "quick_gelu",
}
"""transformers' words for the activations that thuja builds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """A stack of pre-LN blocks."""

    width: int
    layers: int
    heads: int
    hidden: int
    act: Activation
    eps: float

    def __post_init__(self) -> None:
        numbers = (self.width, self.layers, self.heads, self.hidden)
        if not all(isinstance(number, int) and number > 0 for number in numbers) or self.width % self.heads:
            raise BadFile(f"these are not the sizes of a transformer: {self}")

    def transformer(self) -> Transformer:
        """The blocks, their weights unset."""
        return Transformer(
            self.width, self.layers, self.heads, mlp_ratio=self.hidden / self.width, act=self.act, eps=self.eps
        )


def act_of(config: Mapping[str, Any], default: str) -> Activation:
    """The activation that a config names; raises BadFile for one that thuja does not build."""
    name = config.get("hidden_act", default)
    if name not in ACTS:
        raise BadFile(f'thuja builds towers with {", ".join(ACTS)}, not with "{name}"')
    return ACTS[name]


def side_of(size: Any) -> int:
    """Pixels along a side, from a number or two equal ones; raises BadFile."""
    sides = set(size) if isinstance(size, list) else {size}
    side = sides.pop()
    if sides or not isinstance(side, int) or side < 1:
        raise BadFile(f"thuja builds towers for square images and patches, got {size}")
    return side


def read_preparation(folder: Path, default: Preparation) -> Preparation:
    """What `preprocessor_config.json` tells, and `default` for what it leaves out; raises BadFile."""
    path = folder / hugging_face.PREPROCESSOR
    if not path.is_file():
        return default
    told = {key: value for key, value in read_json(path).items() if value is not None}
    short = round(default.size / default.crop_fraction)
    usual = {
        "do_center_crop": default.mode == "crop",
        "size": {"shortest_edge": short} if default.mode == "crop" else default.size,
        "resample": 2 if default.interpolation == "bilinear" else 3,
        "image_mean": default.mean,
        "image_std": default.std,
    }
    if default.mode == "crop" and "size" not in told:
        usual["crop_size"] = default.size
    return hugging_face.preparation_of({**usual, **told})


def find_parts(folder: Path) -> tuple[dict[str, Any], Path, str]:
    """A folder's config, its weights file and the id of both; raises BadFile."""
    weights = find_weights(folder, hugging_face.WEIGHTS)
    config = folder / hugging_face.CONFIG
    return read_json(config), weights, f"{name_of(folder)}-{hash_of_all([config, weights])}"
