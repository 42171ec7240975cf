"""The model card: README.md in the hub's form, from what the model's folder knows of itself."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from thuja.errors import UsageError
from thuja.jobs import write_json, write_text
from thuja.model.config import TAXONOMY, TrunkConfig
from thuja.model.cost import count_parameters, image_flops, text_flops
from thuja.model.description import Description, describe, read_json
from thuja.model.files import CARD, CONFIG, FACTS
from thuja.report.settings import flattened

TASK = "zero-shot-image-classification"
_LIMITS = (
    "It names organisms by how like their images are to names. It gives no certainty: a score says how much better one "
    "name fits than the others it was given, and an organism that is not among them still gets one of them.",
    "It knows what its training images show. Rare taxa, life stages, places and kinds of image that they lack it will "
    "get wrong more often than its figures say.",
    "Do not rely on it alone where a wrong name does harm: what is edible, venomous or protected.",
)


def write_card(folder: Path) -> Path:
    """Write `README.md` into a model folder from its config and the facts of its run; returns its path.

    Raises UsageError for what is no folder in open_clip's layout.
    """
    folder = Path(folder)
    said = describe(folder)
    if not (folder / CONFIG).is_file():
        raise UsageError(f"{folder} is not a folder that thuja wrote", hint="a card is for RUN/model")
    name = _name_of(said, folder)
    header = _header(said, name)
    path = folder / CARD
    write_text(path, f"---\n{header.to_yaml()}\n---\n\n{''.join(_body(said, name))}".rstrip() + "\n")
    return path


def add_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Put facts beside those that the folder's `thuja.json` has; the card tells them when it is written."""
    path = Path(folder) / FACTS
    if not path.is_file():
        raise UsageError(f"{folder} has no {FACTS} to keep facts in", hint="name the model folder of a thuja run")
    told = read_json(path)
    known = told.get("facts")
    write_json(path, told | {"facts": {**(known if isinstance(known, dict) else {}), **facts}})


def metrics_of(facts: Mapping[str, Any]) -> list[tuple[str, str, str, float]]:
    """The figures that facts hold, as (data, task, metric, value): an evaluation's, or else the run's own.

    `scores` is evaluate's list of them, `metrics` what the last step of training logged.
    """
    scores = facts.get("scores")
    if isinstance(scores, list) and scores:
        return [
            (str(row["split"]), f"{row['task']}, {row['rank']} of {row['candidates']:,}", name, float(row[key]))
            for row in scores
            for key, name in (("accuracy", "top-1"), ("macro", "mean over taxa"))
        ]
    metrics = facts.get("metrics")
    logged = metrics if isinstance(metrics, dict) else {}
    return [
        ("validation", name.removeprefix("val_").replace("_", " "), "accuracy", float(value))
        for name, value in logged.items()
        if name.startswith("val_")
    ]


def _name_of(said: Description, folder: Path) -> str:
    return re.sub(r"-[0-9a-f]{12}$", "", said.id) or folder.resolve().name


def _header(said: Description, name: str) -> ModelCardData:
    results = [
        EvalResult(
            task_type=TASK,
            dataset_type="thuja",
            dataset_name=data,
            metric_type="accuracy",
            metric_name=f"{task}, {metric}",
            metric_value=round(value, 4),
        )
        for data, task, metric, value in metrics_of(said.facts)
    ]
    return ModelCardData(
        library_name="open_clip",
        license=said.facts.get("license"),
        pipeline_tag=TASK,
        tags=["biology", "biodiversity", "CLIP", "thuja"],
        model_name=name if results else None,
        eval_results=results or None,
    )


def _body(said: Description, name: str) -> Iterator[str]:
    yield f"# {name}\n\n"
    yield f"A vision-language model of the tree of life, trained with thuja. Its id is `{said.id or 'not told'}`.\n\n"
    yield from _shape(said)
    yield from _beyond(said)
    yield _training_mode(said)
    yield from _data(said.facts)
    yield from _recipe(said.facts)
    yield from _figures(said.facts)
    yield "## Intended use and limits\n\n" + "".join(f"- {limit}\n" for limit in _LIMITS) + "\n"
    licence = said.facts.get("license")
    stated = f"The model: {licence}." if licence else "The model's has not been stated; until it is, it is not given."
    yield f"## Licence\n\n{stated} The training images keep their own.\n"


def _shape(said: Description) -> Iterator[str]:
    config, vision = said.config, said.config.vision
    if isinstance(vision, TrunkConfig):
        tower = f"`{vision.trunk}` with a projector ({vision.projection})"
    else:
        tower = f"ViT, patches of {vision.patch_size} pixels, width {vision.width}, {vision.layers} layers"
    heads = [TAXONOMY, *(head.name for head in config.heads)]
    rows = {
        "image tower": tower,
        "text tower": f"causal transformer, width {config.text.width}, {config.text.layers} layers, "
        f"{config.text.context_length} tokens of {config.text.vocab_size:,}",
        "parameters": f"{count_parameters(config) / 1e6:.1f} million",
        "an image": f"{image_flops(config) / 1e9:.2f} GFLOP",
        "a text of full length": f"{text_flops(config) / 1e9:.2f} GFLOP",
        "embedding": f"{config.embed_dim} dimensions",
        "heads": ", ".join(f"`{head}`" for head in heads),
        "image preparation": f"`{said.preparation.name}`",
    }
    yield "## Model\n\n" + _table(("", ""), rows.items())
    yield "```python\nfrom thuja import Model\n\nmodel = Model.load(folder)\n```\n\n"


def _beyond(said: Description) -> Iterator[str]:
    found = said.beyond_open_clip()
    opens = "The folder opens in open_clip and pybioclip as `local-dir:FOLDER`, or from the hub as `hf-hub:ORG/NAME`"
    yield opens + (".\n\n" if not found else ". They leave out what open_clip has no word for:\n\n")
    if found:
        yield "".join(f"- {what}\n" for what in found) + "\n"


def _training_mode(said: Description) -> str:
    return (
        "pybioclip 2.1.6 leaves a model in training mode, where this trunk's batch norm would go by the images of a "
        "batch: call `classifier.model.eval()` before `classifier.predict`.\n\n"
        if isinstance(said.config.vision, TrunkConfig)
        else ""
    )


def _data(facts: Mapping[str, Any]) -> Iterator[str]:
    rows = {
        "training images": f"{facts['images']:,}" if isinstance(facts.get("images"), int) else None,
        "taxa": f"{facts['taxa']:,}" if isinstance(facts.get("taxa"), int) else None,
        "fingerprint of the records": f"`{facts['data']}`" if facts.get("data") else None,
        **{f"images under {name}": f"{count:,}" for name, count in (facts.get("image_licences") or {}).items()},
    }
    yield "## Data\n\n" + _table(("", ""), rows.items())


def _recipe(facts: Mapping[str, Any]) -> Iterator[str]:
    yield f"## Recipe\n\n`{facts.get('recipe') or 'not told'}`"
    yield f"; labels are phrased as `{facts['label_text']}`.\n\n" if facts.get("label_text") else ".\n\n"
    settings = facts.get("settings")
    yield _table(
        ("setting", "value"),
        ((key, f"`{value}`") for key, value in flattened(settings or {}).items() if key != "name" and value != ""),
    )


def _figures(facts: Mapping[str, Any]) -> Iterator[str]:
    found = metrics_of(facts)
    yield "## Figures\n\n"
    if not found:
        yield "It has not been measured.\n\n"
        return
    yield "| data | task | metric | value |\n|---|---|---|---|\n"
    for data, task, metric, value in found:
        yield f"| {_cell(data)} | {_cell(task)} | {metric} | {value:.1%} |\n"
    yield "\n"


def _table(head: tuple[str, str], rows: Any) -> str:
    kept = [(key, value) for key, value in rows if value is not None]
    if not kept:
        return "Not told.\n\n"
    lines = "".join(f"| {_cell(str(key))} | {_cell(str(value))} |\n" for key, value in kept)
    return f"| {head[0]} | {head[1]} |\n|---|---|\n{lines}\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
