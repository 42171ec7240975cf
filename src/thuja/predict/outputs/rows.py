"""Predictions as they are written: rows for tables, lines for programs, a picture for eyes, forms for others."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.errors import UnknownName, UsageError
from thuja.jobs import atomic_path
from thuja.predict.answers import Answer, Guess, Prediction
from thuja.predict.outputs.exports import About, CamtrapDp, DarwinCore, INaturalist
from thuja.predict.outputs.identifiers import Identifiers
from thuja.predict.outputs.layout import BETWEEN, Kind, Layout, Row, Value, columns_of, rows_of
from thuja.predict.outputs.stored import to_line
from thuja.report.spreadsheets import defused
from thuja.taxonomy import RANKS, Rank

__all__ = ["EXPORTS", "FORMATS", "Writer", "columns_of", "open_writer", "rows_of"]

Form = DarwinCore | CamtrapDp | INaturalist

EXPORTS: Final[dict[str, type[Form]]] = {"darwin-core": DarwinCore, "camtrap-dp": CamtrapDp, "inaturalist": INaturalist}
FORMATS: Final = ("table", "csv", "jsonl", "parquet", "pybioclip", *EXPORTS)
_BATCH_ROWS = 10_000
_BLOCK: Final = 1024
"""Predictions whose taxa are looked up at once."""
_TYPES: Final[dict[Kind, pa.DataType]] = {
    "text": pa.string(), "score": pa.float32(), "number": pa.float64(), "count": pa.int32()
}  # fmt: skip
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[-+]")


class Writer(Protocol):
    """Takes predictions one after another."""

    def write(self, prediction: Prediction) -> None:
        """Write it, now or with those that come next."""

    def close(self) -> None:
        """Write what still waits."""


def harmless(value: Value) -> Value:
    """A text as no spreadsheet takes it for a formula; what is written as a number stays one."""
    return value if isinstance(value, str) and _NUMBER.fullmatch(value) else defused(value)


class _CsvWriter:
    def __init__(self, file: TextIO, columns: Sequence[str], rows: Callable[[Prediction], Sequence[Row]]) -> None:
        self._rows = rows
        self._writer = csv.DictWriter(file, columns, lineterminator="\n")
        self._writer.writeheader()

    def write(self, prediction: Prediction) -> None:
        for row in self._rows(prediction):
            self._writer.writerow({name: harmless(value) for name, value in row.items()})

    def close(self) -> None:
        """Nothing waits."""


class _PybioclipWriter:
    """pybioclip's own CSV: no column more, no row for what cannot be read, and every name as it is."""

    def __init__(self, file: TextIO, layout: Layout, complain: Callable[[str], None]) -> None:
        self._layout, self._complain = Layout(rank=layout.rank), complain
        self._writer = csv.DictWriter(file, self._layout.plain, lineterminator="\n", extrasaction="ignore")
        self._writer.writeheader()

    def write(self, prediction: Prediction) -> None:
        if prediction.error:
            self._complain(f"{prediction.file_name}: {prediction.error}")
        else:
            self._writer.writerows(rows_of(prediction, self._layout))

    def close(self) -> None:
        """Nothing waits."""


class _ExportWriter:
    """A form of another system; what it has no row for is told aside."""

    def __init__(self, file: TextIO, form: Form, complain: Callable[[str], None]) -> None:
        self._form, self._complain = form, complain
        self._writer = csv.DictWriter(file, form.columns, lineterminator="\n")
        self._writer.writeheader()
        self._number = 0

    def write(self, prediction: Prediction) -> None:
        rows = self._form.rows(prediction, self._number)
        self._number += 1
        if not rows:
            self._complain(f"{prediction.file_name}: {prediction.error or 'no taxon is sure enough'}")
        for row in rows:
            self._writer.writerow({name: harmless(value) for name, value in row.items()})

    def close(self) -> None:
        """Nothing waits."""


class _JsonLinesWriter:
    """A line a prediction, with all that it says: the path down the tree, subtrees, targets, and the kept cells."""

    def __init__(self, file: TextIO, layout: Layout) -> None:
        self._file = file
        self._kept = set(layout.carried.values())

    def write(self, prediction: Prediction) -> None:
        self._file.write(to_line(prediction, cells=self._kept) + "\n")

    def close(self) -> None:
        """Nothing waits."""


class _TableWriter:
    """For eyes: the file, and below it the answers with their share."""

    def __init__(self, file: TextIO, layout: Layout) -> None:
        self._file, self._layout = file, layout

    def write(self, prediction: Prediction) -> None:
        lines = [self._heading(prediction)]
        if prediction.error:
            lines.append(f"     --    {prediction.error}")
        lines += [
            f"  {100 * answer.score:5.1f} %  {self._said(answer)}{_placeless(answer)}" for answer in prediction.answers
        ]
        lines += [f"           {word}" for word in self._asked(prediction)]
        self._file.write("\n".join(lines) + "\n")

    def close(self) -> None:
        """Nothing waits."""

    def _heading(self, prediction: Prediction) -> str:
        name = prediction.file_name
        if self._layout.group_by is not None:
            failed = f", {prediction.failed} could not be read" if prediction.failed else ""
            name = f"{prediction.id}  ({prediction.images} images{failed})"
        return f"{name}  [{prediction.box}]" if prediction.box else name

    def _said(self, answer: Answer) -> str:
        rank = self._layout.rank
        known = self._layout.identifiers.of(answer.taxon) if self._layout.identifiers else None
        told = f"  {known.backbone}:{known.id}" if known and known.id else ""
        if answer.taxon is None or rank is None:
            return answer.text + told
        common = f" ({answer.taxon.common})" if answer.taxon.common else ""
        above = [answer.taxon[level] for level in RANKS if level < rank and answer.taxon[level]]
        kept = above[-3:] if rank < Rank.SPECIES else above[-4:-1]
        within = f"  [{' > '.join(kept)}]" if kept else ""
        return f"{answer.text}{common}{within}{told}"

    def _asked(self, prediction: Prediction) -> Iterator[str]:
        judgement, question = prediction.judgement, self._layout.question
        if prediction.error:
            return
        if question.confidence is not None:
            settled = judgement.settled
            rank = settled.taxon.rank if settled is not None and settled.taxon is not None else None
            word = f"{rank.label} " if rank is not None else ""
            said = f"{word}{settled.text} ({100 * settled.score:.1f} %)" if settled is not None else "none"
            yield f"at confidence {question.confidence:g}: {said}"
        if question.coverage is not None and judgement.within is not None:
            yield f"at coverage {question.coverage:g}: {BETWEEN.join(one.text for one in judgement.within) or 'none'}"
        if judgement.unseen:
            shares = ", ".join(f"{rank.label} {100 * chance:.0f} %" for rank, chance in judgement.unseen.items())
            yield f"not among the labels: {shares}"
        for name, guess in judgement.targets.items():
            yield f"{name}: {_told(guess)}"


def _placeless(answer: Answer) -> str:
    """What its score would be without place and date, where these weigh."""
    return "" if answer.unplaced is None else f"  (without place and date {100 * answer.unplaced:.1f} %)"


def _told(guess: Guess) -> str:
    if isinstance(guess.value, tuple):
        return BETWEEN.join(guess.value) or "none"
    if isinstance(guess.value, str):
        return guess.value if guess.probability is None else f"{guess.value} ({100 * guess.probability:.1f} %)"
    bounds = "" if guess.low is None or guess.high is None else f" ({guess.low:.4g} to {guess.high:.4g})"
    return f"{guess.value:.4g}{bounds}"


class _ParquetWriter:
    def __init__(self, path: Path, layout: Layout) -> None:
        self._layout = layout
        self._schema = pa.schema([(name, _TYPES[kind]) for name, kind in layout.columns.items()])
        self._stream = path.open("wb")  # Python's own file: its errors say what the system said
        self._file = pq.ParquetWriter(self._stream, self._schema)
        self._rows: list[dict[str, Any]] = []

    def write(self, prediction: Prediction) -> None:
        self._rows += rows_of(prediction, self._layout)
        if len(self._rows) >= _BATCH_ROWS:
            self._flush()

    def close(self) -> None:
        try:
            self._flush()
            self._file.close()
        finally:
            self._stream.close()

    def drop(self) -> None:
        """Let the file go, which is not whole; a full disk, which may be why, does not hold it."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._stream.close()

    def _flush(self) -> None:
        self._file.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []


class _Looking:
    """Looks the taxa of many predictions up at once, before they are written."""

    def __init__(self, writer: Writer, identifiers: Identifiers) -> None:
        self._writer, self._identifiers = writer, identifiers
        self._waiting: list[Prediction] = []

    def write(self, prediction: Prediction) -> None:
        self._waiting.append(prediction)
        if len(self._waiting) >= _BLOCK:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        said = [
            answer
            for prediction in self._waiting
            for answer in (*prediction.answers, prediction.judgement.settled)
            if answer is not None
        ]
        self._identifiers.find(answer.taxon for answer in said if answer.taxon is not None)
        for prediction in self._waiting:
            self._writer.write(prediction)
        self._waiting = []


def _text_writer(
    file: TextIO, format_: str, layout: Layout, *, about: About | None, complain: Callable[[str], None]
) -> Writer:
    if format_ == "csv":
        return _CsvWriter(file, columns_of(layout), lambda prediction: rows_of(prediction, layout))
    if format_ == "pybioclip":
        return _PybioclipWriter(file, layout, complain)
    if format_ in EXPORTS:
        if about is None or layout.rank is None:
            raise UsageError(f"{format_} is for taxa", hint="leave out your own labels, or name another --format")
        return _ExportWriter(file, EXPORTS[format_](about), complain)
    return _JsonLinesWriter(file, layout) if format_ == "jsonl" else _TableWriter(file, layout)


@contextmanager
def open_writer(
    target: Path | TextIO,
    format_: str,
    layout: Layout,
    *,
    about: About | None = None,
    complain: Callable[[str], None] = lambda _: None,
) -> Iterator[Writer]:
    """A writer of FORMATS to a file, which appears only when whole, or (not Parquet) to a stream.

    Exports need `about`. `complain` is told what a format has no row for.
    """
    if format_ not in FORMATS:
        raise UnknownName.of("format", format_, FORMATS)
    identifiers = layout.identifiers or (about.identifiers if about else None)
    if not isinstance(target, Path):
        if format_ == "parquet":
            raise UsageError("Parquet cannot be written to stdout", hint="name a file: --out FILE")
        with _closing(_text_writer(target, format_, layout, about=about, complain=complain), identifiers) as writer:
            yield writer
        return
    with atomic_path(target) as temporary:
        if format_ == "parquet":
            with _closing(_ParquetWriter(temporary, layout), identifiers) as writer:
                yield writer
            return
        # An undecodable file name comes out as its escape; the rest of the rows is not lost with it.
        with temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
            made = _text_writer(file, format_, layout, about=about, complain=complain)
            with _closing(made, identifiers) as writer:
                yield writer


@contextmanager
def _closing(writer: Writer, identifiers: Identifiers | None) -> Iterator[Writer]:
    """The writer, and at the end what still waits; after an error nothing more is written."""
    outer = writer if identifiers is None else _Looking(writer, identifiers)
    is_whole = False
    try:
        yield outer
        is_whole = True
    finally:
        if not is_whole and isinstance(writer, _ParquetWriter):
            writer.drop()
    outer.close()
