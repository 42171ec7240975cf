"""A model's folder: open_clip's hub layout, with what open_clip has no word for beside it.

open_clip_config.json         model_cfg and preprocess_cfg
open_clip_model.safetensors   the weights under open_clip's names
tokenizer.json                and tokenizer_config.json, for transformers
thuja.json                    id, recipe, heads: what a plain open_clip folder does not have
thuja_heads.safetensors       further heads, when there are any

Hugging Face's folder of a CLIP model is read too, and a weights file alone with its tokenizer.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from thuja import __version__
from thuja.images import Preparation
from thuja.jobs import write_json
from thuja.model import hugging_face
from thuja.model.config import ModelConfig
from thuja.model.description import Description, describe, name_of
from thuja.model.files import CONFIG, FACTS, HEADS, PUBLISHED_WEIGHTS, TOKENIZER, WEIGHTS
from thuja.model.layouts import HEADS_PREFIX, infer_config, is_openai, to_open_clip
from thuja.model.tokenizer import Tokenizer
from thuja.model.weights import hash_of_all, read_weights, sample_of, save_weights

logger = logging.getLogger(__name__)

_USUAL = (*PUBLISHED_WEIGHTS, *hugging_face.WEIGHTS)
"""Names of weights files that say nothing of the model: it is called after its folder."""


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
    main = {key: weight for key, weight in contents.weights.items() if not key.startswith(HEADS_PREFIX)}
    heads = {
        key.removeprefix(HEADS_PREFIX): weight
        for key, weight in contents.weights.items()
        if key.startswith(HEADS_PREFIX)
    }
    save_weights(folder / WEIGHTS, main)
    (folder / HEADS).unlink(missing_ok=True)
    if heads:
        save_weights(folder / HEADS, heads)
    files = _weights_files(folder / WEIGHTS)
    identity = f"{name}-{hash_of_all(files)}"
    contents.tokenizer.save(folder / TOKENIZER)
    facts = {
        "id": identity,
        "thuja": __version__,
        "heads": [{"name": head.name, "own_temperature": head.has_own_temperature} for head in contents.config.heads],
        "samples": {path.name: sample_of(path) for path in files},
        "facts": dict(contents.facts),
    }
    write_json(folder / FACTS, facts)
    # The config last: a folder without it is no model folder.
    model_cfg = contents.config.to_open_clip(own_tokenizer=contents.tokenizer.is_own)
    write_json(folder / CONFIG, {"model_cfg": model_cfg, "preprocess_cfg": contents.preparation.to_dict()})
    return identity


def read_contents(path: Path) -> Contents:
    """Read a model: a folder of thuja's, open_clip's or Hugging Face's, or one weights file.

    Raises UsageError for a path that is not there or is no model, BadFile for a file of it that is
    broken or of an architecture that thuja does not build.
    """
    path = Path(path)
    if not path.is_file():
        return _read_described(path, describe(path))
    if (path.parent / CONFIG).is_file():
        return _read_described(path.parent, describe(path.parent, path))
    return _read_lone(path)


def _read_described(folder: Path, said: Description) -> Contents:
    weights, heads = to_open_clip(read_weights(said.weights))
    if said.config.heads:
        weights |= {HEADS_PREFIX + name: weight for name, weight in read_weights(folder / HEADS).items()}
    identity, is_told = _identity(said)
    name = said.weights.stem if said.weights.name not in _USUAL else name_of(folder)
    return Contents(
        config=replace(said.config, heads=(*said.config.heads, *heads)),
        tokenizer=Tokenizer.load(folder),
        preparation=said.preparation,
        weights=weights,
        id=identity if is_told else f"{name}-{identity}",
        facts=said.facts if is_told else {},
    )


def _read_lone(file: Path) -> Contents:
    """A model from its weights alone, by their shapes; what those do not tell is said aloud."""
    raw = read_weights(file)
    weights, heads = to_open_clip(raw)
    config = infer_config(weights, is_quick_gelu=is_openai(raw), heads=heads)
    preparation = Preparation(size=config.vision.image_size, mode="crop")
    logger.warning(
        "%s has no %s beside it; its shapes do not tell the activation (taken: %s), the width of an attention head "
        "(taken: %s), pooling (taken: the class token) or image preparation (taken: %s)",
        file, CONFIG, config.act, getattr(config.vision, "head_width", ""), preparation.name,
    )  # fmt: skip
    return Contents(
        config=config,
        tokenizer=Tokenizer.load(file.parent),
        preparation=preparation,
        weights=weights,
        id=f"{file.stem}-{hash_of_all([file])}",
    )


def _weights_files(file: Path) -> list[Path]:
    """The files that make a model's id: the weights, and the further heads beside them."""
    heads = file.with_name(HEADS)
    return [file, heads] if file.name == WEIGHTS and heads.is_file() else [file]


def _identity(said: Description) -> tuple[str, bool]:
    """The id that thuja.json tells, and True; or else the weights' hash, and False.

    The id told is believed when a sample of the weights fits the one told with it, which takes
    milliseconds, or (in a folder without samples) the hash of the weights.
    """
    files = _weights_files(said.weights)
    if said.id and said.samples == {path.name: sample_of(path) for path in files}:
        return said.id, True
    identity = hash_of_all(files)
    if said.id.endswith(f"-{identity}"):
        return said.id, True
    if said.id:
        logger.warning("the weights in %s are not those that its %s tells of (%s)", said.weights, FACTS, said.id)
    return identity, False
