"""What a model's folder says of itself, without its weights and without torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from thuja.errors import BadFile, ThujaError, UsageError
from thuja.images import Preparation
from thuja.model import hugging_face
from thuja.model.config import HeadConfig, ModelConfig
from thuja.model.files import CONFIG, FACTS, PUBLISHED_WEIGHTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A model folder's shape, preparation and origin, and where its weights are.

    `id` is what `thuja.json` tells, or empty. `facts` are those of the run that trained it.
    """

    config: ModelConfig
    preparation: Preparation
    weights: Path
    id: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    samples: Mapping[str, str] = field(default_factory=dict)

    def beyond_open_clip(self) -> list[str]:
        """What open_clip leaves out when it opens the same folder, a sentence each."""
        found = [
            f"the head `{head.name}`" + (" with its own temperature" if head.has_own_temperature else "")
            for head in self.config.heads
        ]
        preparation = self.preparation
        if preparation.mode == "crop" and preparation.crop_fraction != 1:
            found.append(f"the crop to {preparation.crop_fraction:g} of the resized image's side")
        if preparation.interpolation == "opencv":
            found.append("OpenCV's interpolation, in whose place it takes a bicubic one")
        return found


def describe(folder: Path, weights: Path | None = None) -> Description:
    """Read the JSON files of a folder in open_clip's or Hugging Face's layout.

    `weights` is the file to take, by default the folder's own. Raises UsageError for a path that is
    no model folder, BadFile for a file that is broken or of an architecture that thuja does not build.
    """
    folder = Path(folder)
    if (folder / CONFIG).is_file():
        return _describe_open_clip(folder, weights)
    if (folder / hugging_face.CONFIG).is_file():
        config = hugging_face.config_of(read_json(folder / hugging_face.CONFIG))
        preparation = Preparation(size=config.vision.image_size, mode="crop")
        if (folder / hugging_face.PREPROCESSOR).is_file():
            preparation = hugging_face.preparation_of(read_json(folder / hugging_face.PREPROCESSOR))
        found = weights or find_weights(folder, hugging_face.WEIGHTS)
        return Description(config=config, preparation=preparation, weights=found)
    what = f"has no {CONFIG}" if folder.is_dir() else "is not a folder"
    raise UsageError(f"{folder} is not a model: it {what}", hint="give the folder that thuja train wrote as model/")


def find_weights(folder: Path, names: tuple[str, ...] = PUBLISHED_WEIGHTS) -> Path:
    """The weights file of a model folder; raises BadFile, naming the files that would do."""
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise BadFile(f"the model folder {folder} has no weights", hint=f"it needs one of {', '.join(names)}")


def name_of(folder: Path) -> str:
    """What to call a model that does not say: its repository in a hub cache, or its folder."""
    for parent in folder.resolve().parents:
        if parent.name.startswith("models--"):
            return parent.name.split("--")[-1]
    return folder.resolve().name


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; raises BadFile."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadFile(f"cannot read {path}: {error}") from error
    if not isinstance(value, dict):
        raise BadFile(f"{path} must hold a JSON object, got {type(value).__name__}")
    return value


def _describe_open_clip(folder: Path, weights: Path | None) -> Description:
    config = read_json(folder / CONFIG)
    found = weights or find_weights(folder)
    # What thuja.json tells is of the file that thuja wrote, not of another one that lies there too.
    is_own = found.name == PUBLISHED_WEIGHTS[0] and (folder / FACTS).is_file()
    told = read_json(folder / FACTS) if is_own else {}
    facts, samples = told.get("facts", {}), told.get("samples", {})
    return Description(
        config=ModelConfig.from_open_clip(config.get("model_cfg", config), heads=_heads_of(told, folder / FACTS)),
        preparation=_preparation_of(config, folder / CONFIG),
        weights=found,
        id=str(told.get("id", "")),
        facts=facts if isinstance(facts, dict) else {},
        samples=samples if isinstance(samples, dict) else {},
    )


def _heads_of(told: Mapping[str, Any], path: Path) -> tuple[HeadConfig, ...]:
    try:
        return tuple(
            HeadConfig(name=head["name"], has_own_temperature=head["own_temperature"]) for head in told.get("heads", [])
        )
    except (KeyError, TypeError, AttributeError, UsageError) as error:
        raise BadFile(f"the heads in {path} are not as thuja writes them: {error!r}") from error


def _preparation_of(config: Mapping[str, Any], path: Path) -> Preparation:
    try:
        size = config.get("model_cfg", {}).get("vision_cfg", {}).get("image_size", 224)
        return Preparation.from_dict({"size": size, **config.get("preprocess_cfg", {})})
    except (ThujaError, TypeError, ValueError, AttributeError) as error:
        raise BadFile(f"the preprocess_cfg in {path} is not one that thuja knows: {error}") from error
