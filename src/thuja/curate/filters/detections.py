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
_FRAMES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One thing that a detector sees in a frame: `animal`, `person` or `vehicle`, and how sure it is."""

    category: str
    score: float


def read_detections(paths: Sequence[Path]) -> pl.DataFrame:
    """`file`, `animal_score` and `person_score` of every frame; 0 where a frame has none of the kind.

    A frame that the detector failed on is left out; of one that two files tell of the later counts. Raises UsageError,
    and BadFile for a broken file, or where no frame is left.
    """
    frames = pl.concat([_read_file(path) for path in paths])
    if not frames.height:
        names = ", ".join(str(path) for path in paths)
        raise BadFile(f"the detector failed on every frame of {names}", hint="could it read the images?")
    return frames.unique("file", keep="last", maintain_order=True)


def _read_file(path: Path) -> pl.DataFrame:
    """A file's frames; the categories may stand behind them, so scores are kept by category until the end."""
    categories, found, count = _MEGADETECTOR, _Frames(), 0
    for key, value in _stream(path):
        if key in _CATEGORIES and isinstance(value, dict):
            categories = {str(number): str(name).lower() for number, name in value.items()}
        elif key in _ENTRIES:
            count += 1
            file, scores = _entry(value, path)
            if file is not None:
                found.add(file, scores)
    if not count:
        raise BadFile(f"{path} has no frames", hint="expected MegaDetector's JSON with a list `images`")
    return found.named(categories)


class _Frames:
    """Frames and the best score of each of their categories, in columns: a frame costs its name and some numbers."""

    def __init__(self) -> None:
        self._count = 0
        self._files: list[str] = []
        self._scores: list[tuple[int, str, float]] = []
        self._file_chunks: list[pl.Series] = []
        self._score_chunks: list[pl.DataFrame] = []

    def add(self, file: str, scores: Mapping[str, float]) -> None:
        """Take in a frame."""
        self._files.append(file)
        self._scores.extend((self._count, category, score) for category, score in scores.items())
        self._count += 1
        if len(self._files) >= _FRAMES:
            self._put_down()

    def named(self, categories: Mapping[str, str]) -> pl.DataFrame:
        """Each frame's best scores of an animal and of a person, by what its categories are called."""
        self._put_down()
        files = pl.concat(self._file_chunks).to_frame().with_row_index("frame")
        kinds = pl.col("category").cast(pl.String).replace(dict(categories))
        best = pl.concat(self._score_chunks).group_by("frame").agg(
            animal_score=pl.col("score").filter(kinds == "animal").max(),
            person_score=pl.col("score").filter(kinds.is_in(_PERSON)).max(),
        )  # fmt: skip
        frames = files.join(best, on="frame", how="left", maintain_order="left").drop("frame")
        return frames.with_columns(pl.col("animal_score", "person_score").fill_null(0.0))

    def _put_down(self) -> None:
        self._file_chunks.append(pl.Series("file", self._files, pl.String))
        schema = {"frame": pl.UInt32, "category": pl.Categorical, "score": pl.Float64}
        self._score_chunks.append(pl.DataFrame(self._scores, schema=schema, orient="row"))
        self._files, self._scores = [], []


def frame_scores(detections: Sequence[Detection]) -> tuple[float, float]:
    """The best score of an animal and of a person."""
    animals = [found.score for found in detections if found.category == "animal"]
    people = [found.score for found in detections if found.category in _PERSON]
    return max(animals, default=0.0), max(people, default=0.0)


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
