"""What is told of why an answer was given, as a value, as an image, and as files in a folder."""

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from thuja.errors import ThujaError
from thuja.jobs import atomic_path, output_folder
from thuja.predict.answers import Answer, Prediction
from thuja.predict.why.overlay import Legend, side_by_side
from thuja.taxonomy import Taxon

Floats = npt.NDArray[np.float32]
Box = tuple[float, float, float, float]

ROWS: Final = "explanations.jsonl"
_LONGEST: Final = 120
"""Bytes of a file's own name that are kept: file systems take 255 in all."""
_RESERVED: Final = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))]
)
"""Names that are devices on Windows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a prediction's first answer was given.

    `siblings` are the other taxa of its rank within `clade` (None: among all there are), best first; `others` more of
    them are not listed and have `others_score` together. `rival` is the likeliest answer but the one given, None
    where there is no other. `heat` (h, w) says where the image speaks for the answer (positive) or for the rival
    (negative), in shares of the cosine between them; it lies on the part `seen` of `image`, left, top, right and
    bottom in shares of it. `image` is upright, whole, and no larger than it is shown.
    """

    prediction: Prediction
    answer: Answer
    rival: Answer | None
    clade: Taxon | None
    siblings: tuple[Answer, ...]
    others: int
    others_score: float
    image: Image.Image
    seen: Box
    heat: Floats | None

    def to_png(self) -> bytes:
        """The image, and beside it the same with the heat map on it, as a PNG."""
        rival = self.rival
        legend = Legend(
            gain=f"{self.answer.text} {share(self.answer.score)}",
            loss=f"{rival.text} {share(rival.score)}" if rival and self.heat is not None else "",
        )
        return side_by_side(self.image, self.heat, self.seen, legend=legend)

    def to_row(self, png: str) -> dict[str, Any]:
        """As a line of `explanations.jsonl`."""
        told = self.prediction
        settled = told.judgement.settled
        return {
            "id": told.id or told.file_name,
            "file_name": told.file_name,
            "box": told.box,
            "png": png,
            "answer": _of_answer(self.answer),
            "rival": None if self.rival is None else _of_answer(self.rival),
            "path": [_of_answer(answer) for answer in told.judgement.path],
            "settled": None if settled is None else _of_answer(settled),
            "clade": None if self.clade is None else self.clade.taxonomic_name,
            "siblings": [_of_answer(answer) for answer in self.siblings],
            "other_siblings": self.others,
            "other_siblings_score": self.others_score,
            "seen": list(self.seen),
            "heat": None if self.heat is None else [[round(cell, 6) for cell in row] for row in self.heat.tolist()],
        }


def share(score: float) -> str:
    """A probability as people read it.

    >>> share(0.934), share(0.004), share(0.9996)
    ('93 %', '<1 %', '>99 %')
    """
    if 0 < score < 0.01:
        return "<1 %"
    return ">99 %" if 0.99 < score < 1 else f"{score:.0%}".replace("%", " %")


class ExplanationFolder:
    """Writes explanations as they come: `NAME.png` each, and a line of `explanations.jsonl`.

    NAME is the image file's own without what file systems or web pages stumble over; a second of that name gets a
    number. What was explained already is not written again. `open_folder` makes one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: dict[bytes, str] = {}  # the PNG of each thing explained, by a hash of what it is
        self._taken: set[str] = set()
        self._file = (folder / ROWS).open("wb")

    def add(self, explanation: Explanation) -> Path:
        """Write one, unless it is there; returns its PNG."""
        told = explanation.prediction
        key = _key(told.id or told.file_name, told.file_name, told.box)
        if key not in self._names:
            name = self._free_name(told.file_name)
            with atomic_path(self.folder / name) as temporary:
                temporary.write_bytes(explanation.to_png())
            self._file.write(json.dumps(explanation.to_row(name)).encode() + b"\n")
            self._names[key] = name
            self._taken.add(name.casefold())
        return self.folder / self._names[key]

    def close(self) -> None:
        """Close the file of rows."""
        self._file.close()

    def _free_name(self, file_name: str) -> str:
        stem, number = safe_stem(file_name), 1
        name = f"{stem}.png"
        while name.casefold() in self._taken:  # there are file systems that do not tell cases apart
            number += 1
            name = f"{stem}-{number}.png"
        return name


@contextmanager
def open_folder(folder: Path, *, force: bool = False) -> Iterator[ExplanationFolder]:
    """A folder of explanations, marked complete when the block ends well; see `thuja.jobs.output_folder`."""
    with output_folder(folder, verb="predict", force=force, can_resume=False):
        opened = ExplanationFolder(Path(folder))
        try:
            yield opened
        finally:
            opened.close()


def save_explanations(folder: Path, explanations: Iterable[Explanation], *, force: bool = False) -> int:
    """Write all of them into a folder; returns how many."""
    with open_folder(folder, force=force) as opened:
        return sum(bool(opened.add(explanation)) for explanation in explanations)


def safe_stem(file_name: str) -> str:
    """A file's name without folders and suffix, as letters, digits and `-_.` that every file system takes.

    >>> safe_stem("a/Größe <1>.jpg"), safe_stem("..."), safe_stem("con.png")
    ('Größe_1', 'image', 'con_')
    """
    name = re.split(r"[/\\]", file_name.split("?")[0].split("#")[0] or file_name)[-1]
    stem = unicodedata.normalize("NFC", name.rsplit(".", 1)[0] or name)
    stem = re.sub(r"[^\w.-]+", "_", stem).strip("._-")
    while len(stem.encode()) > _LONGEST:
        stem = stem[:-1]
    if not stem:
        return "image"
    return f"{stem}_" if stem.casefold().split(".")[0] in _RESERVED else stem


def box_of(text: str) -> Box:
    """The numbers of a `Prediction.box`, x, y, width and height in shares, within the image; raises ThujaError."""
    try:
        x, y, width, height = map(float, text.split(","))
    except ValueError:
        x = y = width = height = math.nan
    left, top = max(x, 0.0), max(y, 0.0)
    right, bottom = min(x + width, 1.0), min(y + height, 1.0)
    if not (left < right and top < bottom):  # no number is less than what is none
        raise ThujaError(f'not a box: "{text}"', hint="x,y,width,height in shares of the image")
    return left, top, right - left, bottom - top


def _key(name: str, file_name: str, box: str) -> bytes:
    told = json.dumps([name, file_name, box])  # JSON has a word for names that are not UTF-8
    return sha256(told.encode()).digest()[:16]


def _of_answer(answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = {"text": answer.text, "score": answer.score}
    if answer.taxon is not None:
        rank = answer.taxon.rank
        told |= {"rank": None if rank is None else rank.label, "lineage": answer.taxon.taxonomic_name}
    return told
