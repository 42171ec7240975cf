"""What a camera-trap detector wrote of each frame: the JSON of MegaDetector, SpeciesNet and PyTorch-Wildlife.

A file may hold millions of frames, so it is read an entry at a time, and of each frame two scores are kept.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from thuja.errors import BadFile, UsageError

_ENTRIES = ("images", "predictions", "annotations")
"""MegaDetector's, SpeciesNet's and PyTorch-Wildlife's name of the list of frames."""
_CATEGORIES = ("detection_categories", "categories")
_FILES = ("file", "filepath", "img_id")
_MEGADETECTOR = {"1": "animal", "2": "person", "3": "vehicle"}
_PERSON = ("person", "human")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One thing that a detector sees in a frame: `animal`, `person` or `vehicle`, and how sure it is."""

    category: str
    score: float


def read_detections(paths: Sequence[Path]) -> pl.DataFrame:
    """`file`, `animal_score` and `person_score` of every frame; 0 where a frame has none of the kind.

    A frame that the detector failed on is left out. Raises UsageError and BadFile.
    """
    rows: dict[str, tuple[float, float]] = {}
    for path in paths:
        categories, frames = _MEGADETECTOR, []
        for key, value in _stream(path):
            if key in _CATEGORIES and isinstance(value, dict):
                categories = {str(number): str(name).lower() for number, name in value.items()}
            elif key in _ENTRIES:
                frames.append(_entry(value, path))
        if not frames:
            raise BadFile(f"{path} has no frames", hint="expected MegaDetector's JSON with a list `images`")
        for file, scores in frames:  # the categories may stand behind the frames
            if file is not None:
                rows[file] = _frame_scores(scores, categories)
    found = {
        "file": list(rows),
        "animal_score": [animal for animal, _ in rows.values()],
        "person_score": [person for _, person in rows.values()],
    }
    return pl.DataFrame(found, schema={"file": pl.String, "animal_score": pl.Float64, "person_score": pl.Float64})


def frame_scores(detections: Sequence[Detection]) -> tuple[float, float]:
    """The best score of an animal and of a person."""
    animals = [found.score for found in detections if found.category == "animal"]
    people = [found.score for found in detections if found.category in _PERSON]
    return max(animals, default=0.0), max(people, default=0.0)


def _frame_scores(scores: Mapping[str, float], categories: Mapping[str, str]) -> tuple[float, float]:
    named = [Detection(category=categories.get(key, key), score=score) for key, score in scores.items()]
    return frame_scores(named)


def _entry(entry: Any, path: Path) -> tuple[str | None, dict[str, float]]:
    """The file and the best score of each category; no file where the detector failed."""
    file = next((entry[key] for key in _FILES if key in entry), None) if isinstance(entry, dict) else None
    if not isinstance(file, str):
        raise BadFile(f"{path}: a frame without a file name: {str(entry)[:80]}")
    detections = entry.get("detections")
    if entry.get("failure") or "DETECTOR" in (entry.get("failures") or ()):
        return None, {}
    if detections is None and "confidence" in entry:  # PyTorch-Wildlife: lists side by side
        pairs = zip(entry.get("category", ()), entry["confidence"], strict=False)
        detections = [{"category": category, "conf": score} for category, score in pairs]
    best: dict[str, float] = {}
    for found in detections or ():
        try:
            key, score = str(found.get("label") or found["category"]).lower(), float(found["conf"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BadFile(f"{path}: a detection without category and conf: {str(found)[:80]}") from error
        best[key] = max(best.get(key, 0.0), score)
    return file, best


def _stream(path: Path) -> Iterator[tuple[str, Any]]:
    """The keys and values of a JSON object; a list of frames is given frame by frame."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from _Reader(file).pairs()
    except OSError as error:
        raise UsageError(f"cannot read the detections {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadFile(f"{path} is not a detector's JSON: {error}", hint="is the file whole?") from error


class _Reader:
    """Decodes a JSON object from a file a value at a time."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._text = ""
        self._place = 0
        self._decoder = json.JSONDecoder()

    def pairs(self) -> Iterator[tuple[str, Any]]:
        self._expect("{")
        while self._peek() != "}":
            key = self._value()
            self._expect(":")
            if key in _ENTRIES and self._peek() == "[":
                self._expect("[")
                while self._peek() != "]":
                    yield key, self._value()
                    if self._peek() == ",":
                        self._expect(",")
                self._expect("]")
            else:
                yield key, self._value()
            if self._peek() == ",":
                self._expect(",")

    def _peek(self) -> str:
        """The next character that is no space. Raises ValueError at the end of the file."""
        while True:
            while self._place < len(self._text) and self._text[self._place].isspace():
                self._place += 1
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._more():
                raise ValueError("the file ends too early")

    def _expect(self, character: str) -> None:
        found = self._peek()
        if found != character:
            raise ValueError(f"expected {character}, found {found}")
        self._place += 1

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._place)
            except json.JSONDecodeError:
                if not self._more():
                    raise
                continue
            if end == len(self._text) and not isinstance(value, str | dict | list) and self._more():
                continue  # a number may go on in the next chunk
            self._place = end
            return value

    def _more(self) -> bool:
        """Read on; each time twice as much of a value that does not end, so that a long one is not quadratic."""
        kept = self._text[self._place :]
        chunk = self._file.read(max(_CHUNK, len(kept)))
        self._text, self._place = kept + chunk, 0
        return bool(chunk)
