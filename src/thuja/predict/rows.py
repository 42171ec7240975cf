"""Predictions as rows, in pybioclip's columns and order, and the files they stream into."""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.errors import UnknownName
from thuja.jobs import atomic_path
from thuja.predict.predictor import Answer, Prediction
from thuja.taxonomy import RANKS, Rank

FORMATS = ("table", "csv", "jsonl", "parquet")
_BATCH_ROWS = 10_000

Row = dict[str, str | float | None]


def columns_of(rank: Rank | None) -> tuple[str, ...]:
    """The columns for answers at a rank, or for custom labels (None).

    pybioclip's, in its order, with `error` behind them: `species` is the binomial.
    """
    if rank is None:
        return ("file_name", "classification", "score", "error")
    above = tuple(level.label for level in RANKS if level <= min(rank, Rank.GENUS))
    names = ("species_epithet", "species", "common_name") if rank == Rank.SPECIES else ()
    return ("file_name", *above, *names, "score", "error")


def rows_of(prediction: Prediction, rank: Rank | None) -> list[Row]:
    """A row an answer, best first; a bad image is one row with its error and nothing else."""
    columns = columns_of(rank)
    if prediction.error:
        empty: Row = dict.fromkeys(columns)
        return [empty | {"file_name": prediction.file_name, "error": prediction.error}]
    return [_row(prediction.file_name, answer, columns) for answer in prediction.answers]


def _row(file_name: str, answer: Answer, columns: Sequence[str]) -> Row:
    known: Row = {"file_name": file_name, "classification": answer.text, "score": answer.score, "error": None}
    if answer.taxon is not None:
        known |= {level.label: answer.taxon[level] or None for level in RANKS}
        known |= {
            "species_epithet": answer.taxon.species or None,
            "species": answer.taxon.binomial or None,
            "common_name": answer.taxon.common or None,
        }
    return {column: known[column] for column in columns}


class Writer(Protocol):
    """Takes one prediction after another."""

    def write(self, prediction: Prediction) -> None: ...


class _CsvWriter:
    def __init__(self, file: TextIO, rank: Rank | None) -> None:
        self._rank = rank
        self._writer = csv.DictWriter(file, columns_of(rank), lineterminator="\n")
        self._writer.writeheader()

    def write(self, prediction: Prediction) -> None:
        self._writer.writerows(rows_of(prediction, self._rank))


class _JsonLinesWriter:
    def __init__(self, file: TextIO, rank: Rank | None) -> None:
        self._file, self._rank = file, rank

    def write(self, prediction: Prediction) -> None:
        for row in rows_of(prediction, self._rank):
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")


class _TableWriter:
    """For eyes: the file, and below it the answers with their share."""

    def __init__(self, file: TextIO, rank: Rank | None) -> None:
        self._file, self._rank = file, rank

    def write(self, prediction: Prediction) -> None:
        lines = [prediction.file_name]
        if prediction.error:
            lines.append(f"     --    {prediction.error}")
        lines += [f"  {100 * answer.score:5.1f} %  {self._said(answer)}" for answer in prediction.answers]
        self._file.write("\n".join(lines) + "\n")

    def _said(self, answer: Answer) -> str:
        if answer.taxon is None or self._rank is None:
            return answer.text
        common = f" ({answer.taxon.common})" if answer.taxon.common else ""
        above = [answer.taxon[level] for level in RANKS if level < self._rank and answer.taxon[level]]
        kept = above[-3:] if self._rank < Rank.SPECIES else above[-4:-1]
        within = f"  [{' > '.join(kept)}]" if kept else ""
        return f"{answer.text}{common}{within}"


class _ParquetWriter:
    def __init__(self, path: Path, rank: Rank | None) -> None:
        kinds = {"score": pa.float32()}
        self._rank = rank
        self._schema = pa.schema([(name, kinds.get(name, pa.string())) for name in columns_of(rank)])
        self._file = pq.ParquetWriter(path, self._schema)
        self._rows: list[dict[str, Any]] = []

    def write(self, prediction: Prediction) -> None:
        self._rows += rows_of(prediction, self._rank)
        if len(self._rows) >= _BATCH_ROWS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        self._file.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []


def _text_writer(file: TextIO, format_: str, rank: Rank | None) -> Writer:
    if format_ == "csv":
        return _CsvWriter(file, rank)
    return _JsonLinesWriter(file, rank) if format_ == "jsonl" else _TableWriter(file, rank)


@contextmanager
def open_writer(target: Path | TextIO, format_: str, rank: Rank | None) -> Iterator[Writer]:
    """A writer of FORMATS to a file, which appears only when whole, or (not Parquet) to a stream.

    `rank` is what is answered, None for custom labels.
    """
    if format_ not in FORMATS:
        raise UnknownName.of("format", format_, FORMATS)
    if not isinstance(target, Path):
        yield _text_writer(target, format_, rank)
        return
    with atomic_path(target) as temporary:
        if format_ == "parquet":
            writer = _ParquetWriter(temporary, rank)
            try:
                yield writer
            finally:
                writer.close()
        else:
            # An undecodable file name comes out as its escape; the rest of the rows is not lost with it.
            with temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
                yield _text_writer(file, format_, rank)
