"""A model's folder: open_clip's hub layout, with what open_clip has no word for beside it.

open_clip_config.json         model_cfg and preprocess_cfg
open_clip_model.safetensors   the weights under open_clip's names
tokenizer.json                and tokenizer_config.json, for transformers
thuja.json                    id, recipe, heads: what a plain open_clip folder does not have
thuja_heads.safetensors       further heads, when there are any
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from thuja import __version__
from thuja.errors import BadFile, ThujaError, UsageError, WeightsMismatch
from thuja.images import Preparation
from thuja.jobs import atomic_path, write_json
from thuja.model.config import HeadConfig, ModelConfig
from thuja.model.tokenizer import Tokenizer

CONFIG = "open_clip_config.json"
WEIGHTS = "open_clip_model.safetensors"
FACTS = "thuja.json"
HEADS = "thuja_heads.safetensors"
PUBLISHED_WEIGHTS = (WEIGHTS, "open_clip_pytorch_model.safetensors", "open_clip_pytorch_model.bin")
"""The files that a folder may keep its weights in, best first."""

_HEADS_PREFIX = "heads."
_PUBLISHED_HEADS = (
    ("replay", "visual.continual_proj", ""),
    ("caption", "visual.caption_proj", "logit_scale_caption"),
)
"""(head, its projection, its temperature) by the names in the public training code."""

_RECORDS = ("module.", "_orig_mod.")
"""What DDP and torch.compile put before every name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a model folder holds. `weights` has the further heads too, as `heads.NAME...`.

    `facts` goes into `thuja.json` as it is: the recipe, the data, the text type.
    """

    config: ModelConfig
    tokenizer: Tokenizer
    preparation: Preparation
    weights: Mapping[str, Tensor]
    id: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_contents(folder: Path, contents: Contents, *, name: str) -> str:
    """Write a model folder, each file whole or not at all; returns the id, `NAME-HASH`.

    The hash is of the weights, so a model of other weights has another id.
    """
    folder = Path(folder)
    (folder / CONFIG).unlink(missing_ok=True)  # what is half written here must not look whole
    main = {key: weight for key, weight in contents.weights.items() if not key.startswith(_HEADS_PREFIX)}
    heads = {
        key.removeprefix(_HEADS_PREFIX): weight
        for key, weight in contents.weights.items()
        if key.startswith(_HEADS_PREFIX)
    }
    _save_weights(folder / WEIGHTS, main)
    (folder / HEADS).unlink(missing_ok=True)
    if heads:
        _save_weights(folder / HEADS, heads)
    identity = f"{name}-{_hash_of(folder)}"
    contents.tokenizer.save(folder / "tokenizer.json")
    facts = {
        "id": identity,
        "thuja": __version__,
        "heads": [{"name": head.name, "own_temperature": head.has_own_temperature} for head in contents.config.heads],
        "facts": dict(contents.facts),
    }
    write_json(folder / FACTS, facts)
    # The config last: a folder without it is no model folder.
    model_cfg = contents.config.to_open_clip(own_tokenizer=contents.tokenizer.is_own)
    write_json(folder / CONFIG, {"model_cfg": model_cfg, "preprocess_cfg": contents.preparation.to_dict()})
    return identity


def read_contents(folder: Path) -> Contents:
    """Read a model folder: one of thuja's, or any in open_clip's hub layout.

    Raises UsageError for a folder that is not there or is no model, BadFile for a file in it that
    is broken or of an architecture that thuja does not build.
    """
    folder = Path(folder)
    if not (folder / CONFIG).is_file():
        what = "has no open_clip_config.json" if folder.is_dir() else "is not a folder"
        raise UsageError(f"{folder} is not a model: it {what}", hint="give the folder that thuja train wrote as model/")
    config = _read_json(folder / CONFIG)
    facts = _read_json(folder / FACTS) if (folder / FACTS).is_file() else {}
    try:
        heads = tuple(
            HeadConfig(name=head["name"], has_own_temperature=head["own_temperature"])
            for head in facts.get("heads", [])
        )
    except (KeyError, TypeError) as error:
        raise BadFile(f"the heads in {folder / FACTS} are not as thuja writes them: {error!r}") from error
    weights = read_weights(find_weights(folder))
    if not facts:
        weights, heads = _name_published_heads(weights)
    elif heads:
        weights |= {_HEADS_PREFIX + name: weight for name, weight in read_weights(folder / HEADS).items()}
    return Contents(
        config=ModelConfig.from_open_clip(config.get("model_cfg", config), heads=heads),
        tokenizer=Tokenizer.load(folder),
        preparation=_read_preparation(folder, config),
        weights=weights,
        id=str(facts.get("id") or f"{_name_of(folder)}-{_hash_of(folder)}"),
        facts=facts.get("facts", {}),
    )


def find_weights(folder: Path) -> Path:
    """The weights file of a model folder; raises BadFile, naming the files that would do."""
    for name in PUBLISHED_WEIGHTS:
        if (folder / name).is_file():
            return folder / name
    raise BadFile(f"the model folder {folder} has no weights", hint=f"it needs one of {', '.join(PUBLISHED_WEIGHTS)}")


def read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors by name from safetensors, or from a pickle that holds nothing but tensors.

    No file runs code: a pickle goes through torch's `weights_only`. Raises BadFile.
    """
    try:
        if path.suffix == ".safetensors":
            loaded: object = load_file(path)
        else:
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, UnpicklingError, RuntimeError, EOFError, ValueError, OSError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadFile(
            f"cannot read the weights in {path}: {first}", hint="the file is broken or not made of tensors alone"
        ) from error
    state = loaded.get("state_dict", loaded) if isinstance(loaded, dict) else loaded
    if not isinstance(state, dict) or not all(isinstance(weight, Tensor) for weight in state.values()):
        raise BadFile(f"{path} does not hold tensors by name")
    state = {_plain(name): weight for name, weight in state.items()}
    # Some of open_clip's checkpoints hold a temperature as one number in a list.
    return {name: w.reshape(()) if "logit_scale" in name and w.numel() == 1 else w for name, w in state.items()}


def load_weights(module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Put weights into a module of the same names and shapes, in its own number format.

    Raises WeightsMismatch, naming what is missing, left over, or of another shape.
    """
    expected = module.state_dict()
    missing = sorted(expected.keys() - weights.keys())
    left_over = sorted(weights.keys() - expected.keys())
    shapes = [
        f"{name} is {tuple(weights[name].shape)}, expected {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in weights and weights[name].shape != tensor.shape
    ]
    found = [
        f"{what}: {', '.join(names[:5])}" + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        for what, names in (("missing", missing), ("left over", left_over), ("of another shape", shapes))
        if names
    ]
    if found:
        raise WeightsMismatch(f"the weights do not fit the model; {'; '.join(found)}")
    is_laid_out = any(tensor.is_meta for tensor in expected.values())
    if is_laid_out:  # nothing to copy into: the tensors become the parameters
        weights = {
            name: weight.to(torch.float32) if weight.is_floating_point() else weight for name, weight in weights.items()
        }
    module.load_state_dict(dict(weights), assign=is_laid_out)


def _name_published_heads(weights: dict[str, Tensor]) -> tuple[dict[str, Tensor], tuple[HeadConfig, ...]]:
    """BioCLIP 2's and BioCAP's training checkpoints keep their second projection among the rest."""
    heads: list[HeadConfig] = []
    for name, projection, temperature in _PUBLISHED_HEADS:
        if projection in weights:
            weights[f"{_HEADS_PREFIX}{name}.proj"] = weights.pop(projection)
            has_own = temperature in weights
            if has_own:
                weights[f"{_HEADS_PREFIX}{name}.logit_scale"] = weights.pop(temperature)
            heads.append(HeadConfig(name=name, has_own_temperature=has_own))
    return weights, tuple(heads)


def _save_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    tensors = {name: weight.detach().cpu().contiguous() for name, weight in weights.items()}
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata={"format": "pt"})


def _hash_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in (find_weights(folder), folder / HEADS):
        if path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]


def _name_of(folder: Path) -> str:
    """What to call a model that does not say: its repository in a hub cache, or its folder."""
    for parent in folder.resolve().parents:
        if parent.name.startswith("models--"):
            return parent.name.split("--")[-1]
    return folder.resolve().name


def _plain(name: str) -> str:
    for prefix in _RECORDS:
        name = name.removeprefix(prefix)
    return name


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadFile(f"cannot read {path}: {error}") from error
    if not isinstance(value, dict):
        raise BadFile(f"{path} must hold a JSON object, got {type(value).__name__}")
    return value


def _read_preparation(folder: Path, config: Mapping[str, Any]) -> Preparation:
    size = config.get("model_cfg", {}).get("vision_cfg", {}).get("image_size", 224)
    try:
        return Preparation.from_dict({"size": size, **config.get("preprocess_cfg", {})})
    except (ThujaError, TypeError, ValueError) as error:
        raise BadFile(f"the preprocess_cfg in {folder / CONFIG} is not one that thuja knows: {error}") from error
