"""What `thuja models` says: a row a published model, and everything of one."""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from thuja.errors import BadFile, UsageError
from thuja.model.config import TAXONOMY, ModelConfig
from thuja.model.cost import count_parameters, image_flops, text_flops
from thuja.model.description import Description, describe, read_json
from thuja.model.known import HUB, KNOWN, Published, find_known
from thuja.model.published import find_cached, find_model


def list_models() -> list[dict[str, Any]]:
    """A row for each published model that is known by name; an empty cell is not known here."""
    return [_row(known, find_cached(known)) for known in KNOWN]


def show_model(name: str) -> dict[str, Any]:
    """What is known of a published model, or of the one in a folder; asks no network.

    What stands in a folder, a fetched one too, goes before what is known by name. Raises UsageError
    for another name, or a lone weights file, which says too little of itself.
    """
    known = None if Path(name).exists() else find_known(name)
    folder = find_cached(known) if known else None
    if known is None:
        folder = find_model(name) if Path(name).exists() or not name.startswith(HUB) else _cached_only(name)
    if folder is not None and folder.is_file():
        raise UsageError(f"{folder} is a weights file, which does not describe itself", hint="name a model's folder")
    facts = _row(known, folder) if known else {}
    if folder is None:
        return facts
    description = describe(folder)
    _check_header(description.weights)
    return facts | _described(description, folder)


def scores_of(folder: Path, model: Path) -> list[dict[str, Any]]:
    """The scores that `thuja evaluate` wrote of a model by its own answers; raises BadFile for another model's."""
    path = Path(folder) / "scores.json"
    told, identity = read_json(path), describe(model).id
    if told.get("model") != identity:
        raise BadFile(f"the scores in {path} are of {told.get('model')}, and the model is {identity}")
    rows = told.get("scores")
    keys = {"task", "split", "rank", "method", "accuracy", "macro", "candidates"}
    if not isinstance(rows, list) or not all(isinstance(row, dict) and keys <= row.keys() for row in rows):
        raise BadFile(f"{path} does not hold the scores of thuja evaluate")
    return [{key: row[key] for key in sorted(keys)} for row in rows if row["method"] == "model"]


def _check_header(weights: Path) -> None:
    """Raise BadFile for a safetensors file whose header does not fit it; tensors are not read."""
    if weights.suffix != ".safetensors":
        return
    try:
        with safe_open(weights, framework="numpy"):
            pass
    except (SafetensorError, OSError) as error:
        raise BadFile(
            f"cannot read the weights in {weights}: {error}", hint="fetch or train the model again"
        ) from error


def _cached_only(name: str) -> Path:
    repository = name.removeprefix(HUB)
    found = find_cached(Published(name=name, repository=repository, shape="", preparation=""))
    if found is None:
        raise UsageError(f"{name} is not cached, so nothing is known of it", hint="name it with --model to fetch it")
    return found


def _row(known: Published, folder: Path | None) -> dict[str, Any]:
    return {
        "name": known.name,
        "repository": known.repository,
        **_cost(known.config),
        "preparation": known.preparation,
        "activation": known.act or "",
        "started_from": known.started_from,
        "trained_on": known.trained_on,
        "labels": str(known.labels or ""),
        "licence": known.licence,
        "cached": str(folder) if folder else False,
    }


def _cost(config: ModelConfig) -> dict[str, Any]:
    return {
        "parameters": count_parameters(config),
        "gflop_image": round(image_flops(config) / 1e9, 2),
        "gflop_text": round(text_flops(config) / 1e9, 2),
        "dimensions": config.embed_dim,
    }


def _described(said: Description, folder: Path) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "id": said.id or "the weights' hash, when they are loaded",
        **_cost(said.config),
        "image_size": said.config.vision.image_size,
        "preparation": said.preparation.name,
        "activation": said.config.act,
        "heads": [TAXONOMY, *(head.name for head in said.config.heads)],
        "beyond_open_clip": said.beyond_open_clip() or ["nothing"],
        "weights": said.weights.name,
        "recipe": str(said.facts.get("recipe", "")),
    }
