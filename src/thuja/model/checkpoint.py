"""A model's folder: open_clip's hub layout, with what open_clip has no word for beside it.

open_clip_config.json         model_cfg and preprocess_cfg
open_clip_model.safetensors   the weights under open_clip's names
tokenizer.json                and tokenizer_config.json, for transformers
thuja.json                    id, recipe, heads: what a plain open_clip folder does not have
thuja_heads.safetensors       further heads, when there are any

Hugging Face's folder of a CLIP model is read too, and a weights file alone with its tokenizer.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from thuja import __version__
from thuja.errors import BadFile, ThujaError, UsageError
from thuja.images import Preparation
from thuja.jobs import write_json
from thuja.model import hugging_face
from thuja.model.config import HeadConfig, ModelConfig
from thuja.model.files import CONFIG, FACTS, HEADS, PUBLISHED_WEIGHTS, TOKENIZER, WEIGHTS
from thuja.model.layouts import HEADS_PREFIX, infer_config, is_openai, to_open_clip
from thuja.model.tokenizer import Tokenizer
from thuja.model.weights import hash_of, read_weights, sample_of, save_weights

logger = logging.getLogger(__name__)


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
    identity = f"{name}-{_hash_of(files)}"
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
    if path.is_file():
        is_config_beside = (path.parent / CONFIG).is_file()
        return _read_open_clip(path.parent, path) if is_config_beside else _read_lone(path)
    if (path / CONFIG).is_file():
        return _read_open_clip(path, None)
    if (path / hugging_face.CONFIG).is_file():
        return _read_hugging_face(path)
    what = f"has no {CONFIG}" if path.is_dir() else "is not a folder"
    raise UsageError(f"{path} is not a model: it {what}", hint="give the folder that thuja train wrote as model/")


def find_weights(folder: Path, names: tuple[str, ...] = PUBLISHED_WEIGHTS) -> Path:
    """The weights file of a model folder; raises BadFile, naming the files that would do."""
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise BadFile(f"the model folder {folder} has no weights", hint=f"it needs one of {', '.join(names)}")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; raises BadFile."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadFile(f"cannot read {path}: {error}") from error
    if not isinstance(value, dict):
        raise BadFile(f"{path} must hold a JSON object, got {type(value).__name__}")
    return value


def heads_of(facts: Mapping[str, Any], path: Path) -> tuple[HeadConfig, ...]:
    """The further heads that a `thuja.json` (read from `path`) tells of; raises BadFile."""
    try:
        return tuple(
            HeadConfig(name=head["name"], has_own_temperature=head["own_temperature"])
            for head in facts.get("heads", [])
        )
    except (KeyError, TypeError, AttributeError, UsageError) as error:
        raise BadFile(f"the heads in {path} are not as thuja writes them: {error!r}") from error


def preparation_of(config: Mapping[str, Any], path: Path) -> Preparation:
    """The image preparation that an `open_clip_config.json` (read from `path`) tells; raises BadFile."""
    try:
        size = config.get("model_cfg", {}).get("vision_cfg", {}).get("image_size", 224)
        return Preparation.from_dict({"size": size, **config.get("preprocess_cfg", {})})
    except (ThujaError, TypeError, ValueError, AttributeError) as error:
        raise BadFile(f"the preprocess_cfg in {path} is not one that thuja knows: {error}") from error


def _read_open_clip(folder: Path, file: Path | None) -> Contents:
    """The model of an open_clip_config.json with the weights in `file`, or else the folder's own."""
    config = read_json(folder / CONFIG)
    file = file or find_weights(folder)
    is_own = file.name == WEIGHTS and (folder / FACTS).is_file()
    facts = read_json(folder / FACTS) if is_own else {}
    heads = heads_of(facts, folder / FACTS)
    weights, found_heads = to_open_clip(read_weights(file))
    if not is_own:
        heads = found_heads
    elif heads:
        weights |= {HEADS_PREFIX + name: weight for name, weight in read_weights(folder / HEADS).items()}
    identity, is_told = _identity(file, facts)
    name = _name_of(folder) if file.name in PUBLISHED_WEIGHTS else file.stem
    return Contents(
        config=ModelConfig.from_open_clip(config.get("model_cfg", config), heads=heads),
        tokenizer=Tokenizer.load(folder),
        preparation=preparation_of(config, folder / CONFIG),
        weights=weights,
        id=identity if is_told else f"{name}-{identity}",
        facts=facts.get("facts", {}) if is_told else {},
    )


def _read_hugging_face(folder: Path) -> Contents:
    file = find_weights(folder, hugging_face.WEIGHTS)
    config = hugging_face.config_of(read_json(folder / hugging_face.CONFIG))
    prepared = folder / hugging_face.PREPROCESSOR
    preparation = Preparation(size=_size_of(config), mode="crop")
    if prepared.is_file():
        preparation = hugging_face.preparation_of(read_json(prepared))
    weights, heads = to_open_clip(read_weights(file))
    return Contents(
        config=replace(config, heads=heads),
        tokenizer=Tokenizer.load(folder),
        preparation=preparation,
        weights=weights,
        id=f"{_name_of(folder)}-{_hash_of([file])}",
    )


def _read_lone(file: Path) -> Contents:
    """A model from its weights alone, by their shapes; what those do not tell is said aloud."""
    raw = read_weights(file)
    weights, heads = to_open_clip(raw)
    config = infer_config(weights, is_quick_gelu=is_openai(raw), heads=heads)
    size = _size_of(config)
    preparation = Preparation(size=size, mode="crop")
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
        id=f"{file.stem}-{_hash_of([file])}",
    )


def _size_of(config: ModelConfig) -> int:
    return config.vision.image_size


def _weights_files(file: Path) -> list[Path]:
    """The files that make a model's id: the weights, and the further heads beside them."""
    heads = file.with_name(HEADS)
    return [file, heads] if file.name == WEIGHTS and heads.is_file() else [file]


def _identity(file: Path, facts: Mapping[str, Any]) -> tuple[str, bool]:
    """The id that thuja.json tells, and True; or else the weights' hash, and False.

    The id told is believed when a sample of the weights fits the one told with it, which takes
    milliseconds, or (in a folder without samples) the hash of the weights.
    """
    told, files = str(facts.get("id", "")), _weights_files(file)
    if told and facts.get("samples") == {path.name: sample_of(path) for path in files}:
        return told, True
    identity = _hash_of(files)
    if told.endswith(f"-{identity}"):
        return told, True
    if told:
        logger.warning("the weights in %s are not those that its %s tells of (%s)", file.parent, FACTS, told)
    return identity, False


def _hash_of(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(hash_of(path))
    return digest.hexdigest()[:12]


def _name_of(folder: Path) -> str:
    """What to call a model that does not say: its repository in a hub cache, or its folder."""
    for parent in folder.resolve().parents:
        if parent.name.startswith("models--"):
            return parent.name.split("--")[-1]
    return folder.resolve().name
