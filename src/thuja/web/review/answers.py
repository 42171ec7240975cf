"""The answers that are reviewed: what `thuja predict --out` wrote, a picture at a time, read when it is asked for.

A table holds a row an answer: those of one picture (or box in it, or group) stand together. JSON lines hold a line a
picture. Only where each begins, and how sure it is, is kept in memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from thuja.encode.tables import IMAGE_COLUMNS
from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.predict.answers import Answer, Prediction
from thuja.predict.outputs.stored import from_line
from thuja.taxonomy import RANKS, Rank, Taxon

LINES: Final = (".jsonl", ".ndjson")
TABLES: Final = (".csv", ".tsv", ".parquet", ".pq")
_SAME: Final = ("id", "box")
"""The columns that tell pictures of one file apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One picture of the batch and what was answered, best first; `settled` is what was sure enough, if that was asked.

    `name` is its file's as the batch names it, `box` the part of it that was looked at.
    """

    row: int
    name: str
    id: str = ""
    box: str = ""
    answers: tuple[Answer, ...] = ()
    path: tuple[Answer, ...] = ()
    settled: Answer | None = None
    error: str = ""
    cells: Mapping[str, object] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from the others, also in a batch that was answered again."""
        return (self.name, self.id, self.box)


class Batch(Protocol):
    """The pictures of a batch by their row; `scores` (N,) are their best answers', NaN where there is none."""

    @property
    def scores(self) -> npt.NDArray[np.float32]:
        """How sure each is."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int) -> Asked: ...

    def keys(self) -> Sequence[tuple[str, str, str]]:
        """The key of each."""


def open_batch(path: Path) -> Batch:
    """The batch in a file; raises UsageError, BadFile or EmptyInput for one that holds no answers."""
    if not path.is_file():
        raise UsageError(f"there are no answers at {path}", hint="name a file that thuja predict --out wrote")
    suffix = path.suffix.lower()
    if suffix not in (*LINES, *TABLES):
        raise UsageError(f"{path} is no table of answers", hint=f"one of {', '.join((*TABLES, *LINES))}")
    found: Batch = _Lines(path) if suffix in LINES else _Rows(path)
    if not len(found):
        raise EmptyInput(f"there is no answer in {path}")
    return found


class _Lines:
    """JSON lines: where each begins."""

    def __init__(self, path: Path) -> None:
        self._path = path
        starts: list[int] = []
        scores: list[float] = []
        self._keys: list[tuple[str, str, str]] = []
        with path.open("rb") as file:
            place = 0
            for line in file:
                if line.strip():
                    one = self._read(line, len(starts))
                    starts.append(place)
                    scores.append(_sureness(one))
                    self._keys.append(one.key)
                place += len(line)
        self._starts = np.array(starts, dtype=np.int64)
        self.scores = np.array(scores, dtype=np.float32)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, row: int) -> Asked:
        with self._path.open("rb") as file:
            file.seek(int(self._starts[row]))
            return self._read(file.readline(), row)

    def keys(self) -> Sequence[tuple[str, str, str]]:
        return self._keys

    def _read(self, line: bytes, row: int) -> Asked:
        try:
            said = from_line(line.decode())
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BadFile(
                f"{self._path}, line {row + 1}: not what thuja predict writes", hint="thuja predict --out FILE.jsonl"
            ) from error
        return _of_prediction(said, row)


def _of_prediction(said: Prediction, row: int) -> Asked:
    own = said.id if said.id != said.file_name else ""
    return Asked(
        row=row,
        name=said.file_name,
        id=own,
        box=said.box,
        answers=said.judgement.answers,
        path=said.judgement.path,
        settled=said.judgement.settled,
        error=said.error,
        cells=said.cells,
    )


class _Rows:
    """A table: CSV, TSV or Parquet. Its cells are text, whatever they were."""

    def __init__(self, path: Path) -> None:
        frame = _read_table(path)
        plain = {name.lower(): name for name in frame.columns}
        file = next((plain[name] for name in IMAGE_COLUMNS if name in plain), None)
        if file is None or "score" not in frame.columns:
            missing = "score" if file is not None else "file_name"
            raise BadFile(f"{path} has no column {missing}", hint="name a file that thuja predict --out wrote")
        self._frame = frame.rename({file: "file_name"}) if file != "file_name" else frame
        apart = self._frame.select(["file_name", *(name for name in _SAME if name in frame.columns)])
        is_first = np.ones(len(frame), dtype=bool)
        if len(frame):
            is_first[1:] = ~apart.select(pl.all_horizontal(pl.all().eq_missing(pl.all().shift(1)))).to_series()[1:]
        self._starts = np.flatnonzero(is_first)
        scores = self._frame["score"].cast(pl.Float32, strict=False).fill_null(float("nan")).to_numpy()
        self.scores = np.fmax.reduceat(scores, self._starts) if len(scores) else scores
        self._heads = apart[self._starts]

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, row: int) -> Asked:
        start = int(self._starts[row])
        stop = int(self._starts[row + 1]) if row + 1 < len(self._starts) else len(self._frame)
        rows = self._frame[start:stop].to_dicts()
        answers = sorted((one for cells in rows if (one := _answer(cells))), key=lambda one: -one.score)
        first = rows[0]
        return Asked(
            row=row,
            name=_text(first, "file_name"),
            id=_text(first, "id"),
            box=_text(first, "box"),
            answers=tuple(answers),
            settled=_settled(first, answers),
            error=_text(first, "error"),
            cells=first,
        )

    def keys(self) -> Sequence[tuple[str, str, str]]:
        rows = self._heads.iter_rows(named=True)
        return [(_text(row, "file_name"), _text(row, "id"), _text(row, "box")) for row in rows]


def _read_table(path: Path) -> pl.DataFrame:
    suffix = path.suffix.lower()
    try:
        if suffix in (".parquet", ".pq"):
            return pl.read_parquet(path).with_columns(pl.all().cast(pl.String, strict=False))
        separator = "\t" if suffix == ".tsv" else ","
        return pl.read_csv(path, separator=separator, infer_schema=False)
    except pl.exceptions.NoDataError:
        raise EmptyInput(f"there is no answer in {path}") from None
    except (pl.exceptions.PolarsError, OSError) as error:
        first = str(error).strip().splitlines()
        raise BadFile(f"cannot read the answers {path}: {first[0] if first else type(error).__name__}") from error


def _answer(cells: Mapping[str, Any]) -> Answer | None:
    """What a row of the table answers; None for one that answers nothing."""
    try:
        score = float(cells["score"])
    except (TypeError, ValueError):
        return None
    taxon = _taxon(cells)
    text = _text(cells, "classification") or (taxon.scientific_name if taxon else "")
    return Answer(text=text, score=score, taxon=taxon) if text and np.isfinite(score) else None


def _taxon(cells: Mapping[str, Any]) -> Taxon | None:
    """From pybioclip's columns: `species` is the binomial."""
    names = [_text(cells, rank.label) for rank in RANKS]
    epithet = _text(cells, "species_epithet")
    if epithet:
        names[Rank.SPECIES] = epithet
    row = {rank.label: name for rank, name in zip(RANKS, names, strict=True)}
    taxon = Taxon.from_columns(row | {"common": _text(cells, "common_name") or _text(cells, "common")})
    return taxon if taxon.rank is not None else None


def _settled(cells: Mapping[str, Any], answers: Sequence[Answer]) -> Answer | None:
    """What the table calls sure enough, as a taxon where an answer lies within it."""
    text = _text(cells, "settled_taxon")
    if not text:
        return None
    try:
        score = float(cells["settled_score"])
        rank = Rank[_text(cells, "settled_rank").upper()]
    except (KeyError, TypeError, ValueError):
        return None
    above = (one.taxon.at(rank) for one in answers if one.taxon is not None)
    return Answer(text=text, score=score, taxon=next((one for one in above if one.scientific_name == text), None))


def _sureness(asked: Asked) -> float:
    return max((one.score for one in asked.answers if one.score is not None), default=float("nan"))


def _text(cells: Mapping[str, Any], name: str) -> str:
    value = cells.get(name)
    return "" if value is None else str(value)
