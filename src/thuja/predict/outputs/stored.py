"""Predictions as JSON and back: a line of JSON lines, and what a job keeps of them until it is whole."""

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from thuja.predict.answers import Answer, Guess, Judgement, Prediction
from thuja.taxonomy import Rank, Taxon


def to_json(prediction: Prediction) -> dict[str, Any]:
    """All that a Prediction says; what it does not say is left out, but for the answers and the error."""
    judgement = prediction.judgement
    told: dict[str, Any] = {"file_name": prediction.file_name, "id": prediction.id}
    told["answers"] = [_answer(answer) for answer in judgement.answers]
    if judgement.path:
        told["path"] = [_answer(answer) for answer in judgement.path]
    if judgement.settled is not None:
        told["settled"] = _answer(judgement.settled)
    if judgement.within is not None:
        told["within"] = [_answer(answer) for answer in judgement.within]
    if judgement.unseen:
        told["unseen"] = {rank.label: _plain(chance) for rank, chance in judgement.unseen.items()}
    if judgement.targets:
        told["targets"] = {name: _guess(guess) for name, guess in judgement.targets.items()}
    if prediction.images != 1 or prediction.failed:
        told |= {"images": prediction.images, "failed": prediction.failed}
    if prediction.box:
        told["box"] = prediction.box
    if prediction.cells:
        told["cells"] = {name: _plain(value) for name, value in prediction.cells.items()}
    return told | {"reason": prediction.reason or None, "error": prediction.error or None}


def from_json(told: Mapping[str, Any]) -> Prediction:
    """The Prediction that `to_json` told; of `cells`, numbers, texts and lists are what they were, others text."""
    within = told.get("within")
    return Prediction(
        file_name=told["file_name"],
        id=told["id"],
        judgement=Judgement(
            answers=tuple(map(_to_answer, told["answers"])),
            path=tuple(map(_to_answer, told.get("path", ()))),
            settled=_to_answer(told["settled"]) if "settled" in told else None,
            within=None if within is None else tuple(map(_to_answer, within)),
            unseen={Rank.parse(rank): chance for rank, chance in told.get("unseen", {}).items()},
            targets={name: _to_guess(guess) for name, guess in told.get("targets", {}).items()},
        ),
        images=told.get("images", 1),
        failed=told.get("failed", 0),
        box=told.get("box", ""),
        cells=told.get("cells", {}),
        reason=told.get("reason") or "",
        error=told.get("error") or "",
    )


def to_line(prediction: Prediction, *, cells: Collection[str] | None = None) -> str:
    """One line of JSON, without its end; of the cells, these alone, or (None) all."""
    if cells is not None:
        kept = {name: value for name, value in prediction.cells.items() if name in cells}
        prediction = replace(prediction, cells=kept)
    return json.dumps(to_json(prediction), ensure_ascii=False)


def from_line(line: str) -> Prediction:
    """The Prediction of such a line."""
    return from_json(json.loads(line))


def _answer(answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = {"text": answer.text, "score": _plain(answer.score)}
    if answer.unplaced is not None:
        told["unplaced"] = _plain(answer.unplaced)
    if answer.taxon is not None:
        rank = answer.taxon.rank
        told["rank"] = rank.label if rank is not None else None
        named = {level.label: name for level, name in zip(Rank, answer.taxon.names, strict=True) if name}
        told["taxon"] = named | ({"common": answer.taxon.common} if answer.taxon.common else {})
    return told


def _to_answer(told: Mapping[str, Any]) -> Answer:
    taxon = told.get("taxon")
    return Answer(
        text=told["text"],
        score=told["score"],
        taxon=None if taxon is None else _to_taxon(taxon),
        unplaced=told.get("unplaced"),
    )


def _to_taxon(told: Mapping[str, str]) -> Taxon:
    return Taxon.from_names([told.get(level.label) for level in Rank], told.get("common"))


def _guess(guess: Guess) -> dict[str, Any]:
    bounds = {"probability": guess.probability, "low": guess.low, "high": guess.high}
    return {"value": _plain(guess.value)} | {name: _plain(one) for name, one in bounds.items() if one is not None}


def _to_guess(told: Mapping[str, Any]) -> Guess:
    value = told["value"]
    return Guess(
        value=tuple(value) if isinstance(value, list) else value,
        probability=told.get("probability"),
        low=told.get("low"),
        high=told.get("high"),
    )


def _plain(value: object) -> Any:
    """As JSON has it: what is no number is nothing, and what JSON has no word for is text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    return str(value)
