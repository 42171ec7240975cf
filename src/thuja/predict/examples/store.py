"""Examples in a folder: their vectors in float16 with what they show, and what was learnt of them.

`examples.json` says what is in it, `examples.parquet` are embeddings that other tools read too, `heads.npz` holds
arrays. Nothing is fitted again when they are opened, and no extra has to be installed for it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa

from thuja.classify.examples.columns import TargetKind
from thuja.classify.examples.gallery import FittedHead
from thuja.classify.examples.heads import Head, HeadKind, restored
from thuja.classify.examples.labelled import Indices, Labelled, LeftOut
from thuja.classify.examples.ridge import Ridge
from thuja.classify.examples.targets import TargetScore
from thuja.embeddings import Embeddings
from thuja.errors import BadFile, UsageError
from thuja.jobs import atomic_path, output_folder, write_json
from thuja.predict.examples.learnt import Examples
from thuja.predict.examples.rows import ExampleClass
from thuja.predict.examples.targets import CategoryGuesser, ExampleTarget, NumberGuesser, SeveralGuesser
from thuja.taxonomy import Rank, Taxon

FACTS, VECTORS, HEADS = "examples.json", "examples.parquet", "heads.npz"
VERB = "examples"
"""What the folder's marker says."""

Arrays = dict[str, np.ndarray[Any, Any]]

_LEFT_OUT = ("rows", "log_probabilities", "truth", "observations", "can_be_right")


def is_saved(path: Path) -> bool:
    """Whether a path is a folder that `save_examples` wrote, and not one of images."""
    return (Path(path) / FACTS).is_file()


def save_examples(examples: Examples, folder: Path, *, force: bool = False) -> None:
    """Write the folder; one that is there is refused, or with `force` replaced where it is of examples."""
    arrays: Arrays = {}
    facts: dict[str, Any] = {
        "model": examples.model,
        "copies": examples.copies,
        "classes": [{"text": one.text, "taxon": one.taxon and one.taxon.to_columns()} for one in examples.classes],
        "head": None,
        "targets": [_target_facts(target) for target in examples.targets.values()],
    }
    if examples.head is not None:
        _put_head(arrays, "head", examples.head.head)
        facts["head"] = {
            "kind": examples.head.head.kind.value,
            "tried": {kind.value: loss for kind, loss in examples.head.tried.items() if np.isfinite(loss)},
            "skipped": {kind.value: why for kind, why in examples.head.skipped.items()},
        }
        told = examples.head.left_out
        for name in _LEFT_OUT:
            arrays[f"left_out/{name}"] = getattr(told, name)
    for number, target in enumerate(examples.targets.values()):
        _put_target(arrays, f"target{number}", target)
    with output_folder(folder, verb=VERB, force=force, can_resume=False):
        _embeddings(examples).save(folder / VECTORS)
        with atomic_path(folder / HEADS) as path, path.open("wb") as file:
            np.savez(file, allow_pickle=False, **{name.replace("/", "."): array for name, array in arrays.items()})
        write_json(folder / FACTS, facts)


def load_examples(folder: Path, *, model: str | None = None) -> Examples:
    """Read what `save_examples` wrote; raises UsageError where `model` is another one than theirs, BadFile else."""
    folder = Path(folder)
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        with (folder / HEADS).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name.replace(".", "/"): file[name] for name in file.files}
        made_by = str(facts["model"])
        if model is not None and made_by != model:
            raise UsageError(
                f"the examples in {folder} were learnt with the model {made_by}, not with {model}",
                hint="use that model, or learn the examples again with this one",
            )
        return _examples(Embeddings.load(folder / VECTORS), facts, arrays)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, RecursionError, BadZipFile) as error:
        raise BadFile(f"{folder} holds no saved examples that can be read: {error}") from error


def _embeddings(examples: Examples) -> Embeddings:
    texts = [examples.classes[number].text if number >= 0 else None for number in examples.labels.tolist()]
    own = {"label": pa.array(texts, pa.string()), "class": examples.labels, "observation": examples.observations}
    own |= {f"target {name}": examples.cells.column(name) for name in examples.cells.column_names}
    return Embeddings(ids=examples.files, vectors=examples.vectors, model=examples.model, columns=pa.table(own))


def _examples(embeddings: Embeddings, facts: Mapping[str, Any], arrays: Arrays) -> Examples:
    columns = embeddings.columns
    labels: Indices = columns.column("class").to_numpy().astype(np.int64)
    observations: Indices = columns.column("observation").to_numpy().astype(np.int64)
    labelled = Labelled.of(embeddings.vectors, np.maximum(labels, 0), observations)
    head = None
    if facts["head"] is not None:
        told = {name: arrays[f"left_out/{name}"] for name in _LEFT_OUT}
        head = FittedHead(
            head=_head(arrays, "head", HeadKind(facts["head"]["kind"]), labelled.at(labels >= 0)),
            left_out=LeftOut(**told),
            tried={HeadKind(kind): loss for kind, loss in facts["head"]["tried"].items()},
            skipped={HeadKind(kind): why for kind, why in facts["head"]["skipped"].items()},
        )
    targets = [_target(arrays, f"target{number}", target, labelled) for number, target in enumerate(facts["targets"])]
    cells = {name.removeprefix("target "): columns.column(name) for name in columns.column_names if " " in name}
    return Examples(
        model=embeddings.model,
        files=embeddings.ids,
        vectors=embeddings.vectors,
        units=labelled.vectors,
        classes=[
            ExampleClass(text=one["text"], taxon=one["taxon"] and Taxon.from_columns(one["taxon"]))
            for one in facts["classes"]
        ],
        labels=labels,
        observations=observations,
        head=head,
        targets={target.name: target for target in targets},
        cells=pa.table(cells),
        copies=int(facts["copies"]),
    )


def _put_head(arrays: Arrays, key: str, head: Head) -> None:
    arrays.update({f"{key}/{name}": array for name, array in head.state().items()})


def _head(arrays: Arrays, key: str, kind: HeadKind, labelled: Labelled) -> Head:
    state = {name.removeprefix(f"{key}/"): array for name, array in arrays.items() if name.startswith(f"{key}/")}
    return restored(kind, labelled, state)


def _target_facts(target: ExampleTarget) -> dict[str, Any]:
    guesser = target.guesser
    heads = [guesser.head] if isinstance(guesser, CategoryGuesser) else []
    heads = list(guesser.heads) if isinstance(guesser, SeveralGuesser) else heads
    return {
        "name": target.name,
        "kind": target.kind.value,
        "names": list(target.names),
        "heads": [head.kind.value for head in heads],
        "empty": target.empty,
        "unlearnt": list(target.unlearnt),
        "score": asdict(target.score),
        "by_clade": target.by_clade and asdict(target.by_clade),
        "rank": target.rank and target.rank.label,
    }


def _put_target(arrays: Arrays, key: str, target: ExampleTarget) -> None:
    arrays[f"{key}/rows"], arrays[f"{key}/codes"] = target.rows, target.codes
    guesser = target.guesser
    if isinstance(guesser, CategoryGuesser):
        _put_head(arrays, f"{key}/0", guesser.head)
    elif isinstance(guesser, SeveralGuesser):
        arrays[f"{key}/thresholds"] = guesser.thresholds
        for number, head in enumerate(guesser.heads):
            _put_head(arrays, f"{key}/{number}", head)
    else:
        for name, array in asdict(guesser.ridge).items():
            arrays[f"{key}/ridge/{name}"] = np.asarray(array)


def _target(arrays: Arrays, key: str, facts: Mapping[str, Any], labelled: Labelled) -> ExampleTarget:
    kind, rows, codes = TargetKind(facts["kind"]), arrays[f"{key}/rows"], arrays[f"{key}/codes"]
    kinds = [HeadKind(one) for one in facts["heads"]]
    guesser: CategoryGuesser | SeveralGuesser | NumberGuesser
    if kind is TargetKind.NUMBER:
        prefix = f"{key}/ridge/"
        ridge: dict[str, Any] = {
            name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)
        }
        guesser = NumberGuesser(
            ridge=Ridge(**{**ridge, "observations": int(ridge["observations"]), "penalty": float(ridge["penalty"])})
        )
    else:
        heads = [
            _head(arrays, f"{key}/{number}", one, _seen(labelled, rows, codes if codes.ndim == 1 else codes[:, number]))
            for number, one in enumerate(kinds)
        ]
        names = facts["names"]
        if kind is TargetKind.CATEGORY:
            guesser = CategoryGuesser(head=heads[0], names=names)
        else:
            guesser = SeveralGuesser(heads=heads, names=names, thresholds=arrays[f"{key}/thresholds"])
    return ExampleTarget(
        name=facts["name"],
        kind=kind,
        guesser=guesser,
        rows=rows,
        codes=codes,
        empty=facts["empty"],
        unlearnt=facts["unlearnt"],
        score=TargetScore(**facts["score"]),
        by_clade=facts["by_clade"] and TargetScore(**facts["by_clade"]),
        rank=facts["rank"] and Rank.parse(facts["rank"]),
    )


def _seen(labelled: Labelled, rows: Indices, codes: Indices) -> Labelled:
    return Labelled.of(labelled.vectors[rows], codes, labelled.observations[rows])
