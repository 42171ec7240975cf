"""Delimited text of any length as frames: only the wanted columns, a chunk of whole lines at a time.

The lines of a chunk are measured first, in numpy: where a line ends, and how many cells it has. Lines with another
number of cells than the header are left out and counted, so that none is lost in silence and none is shifted; the
rest is parsed by polars, which is then as fast as it is on clean files. Bytes that are not UTF-8 and NULs are mended
line by line; records that quotes make longer than a line are looked at by stray_quotes. The text is unpacked in a
thread of its own, so that unpacking and parsing overlap.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO

import numpy as np
import polars as pl

from thuja.curate.sources.cells import MAX_CELL, cut
from thuja.curate.sources.containers import Container
from thuja.curate.sources.field_limit import field_limit
from thuja.curate.sources.spec import Notes
from thuja.curate.sources.stray_quotes import MANY_LINES, whole_records
from thuja.errors import BadFile

_PIECE = 24 << 20
_MAX_LINE = 256 << 20
_MAX_QUOTED = 48 << 20
_MAX_HEADER = 1 << 20
_MAX_COLUMNS = 10_000
_UTF8 = ("utf-8", "ascii")
_NEWLINE, _RETURN, _QUOTE = 10, 13, 34
_IN_QUOTES = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a table's file is written. `columns` names its cells in order, "" where a cell has no name.

    `line_end` is a line feed (with or without a carriage return before it), or the carriage return alone of old Macs.
    """

    file: str
    columns: tuple[str, ...]
    separator: str = "\t"
    quoted: bool = False
    header_lines: int = 1
    encoding: str = "utf-8"
    line_end: str = "\n"

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    def require(self, *columns: str) -> None:
        """Raise BadFile when one of these columns is not there."""
        missing = [column for column in columns if column not in self.columns]
        if missing:
            found = ", ".join(column for column in self.columns if column)[:300]
            raise BadFile(f"{self.file} has no column {', '.join(missing)}", hint=f"found: {found or 'none'}")


def sniff(
    container: Container, file: str, *, separators: str = "\t,;|", quoted: bool | None = None, numbered: bool = False
) -> Layout:
    """The layout of a file whose first line names its columns; raises BadFile for what is no text.

    The separator is the one of `separators` that the header has most often. With `quoted`, cells in double quotes may
    hold separators and line ends; where it is None, unless they are parted by tabs. Of columns with one name all but
    the first have none, or with `numbered` the name and their number.
    """
    with container.open(file) as stream:
        start = stream.read(_MAX_HEADER)
    if not start:
        raise BadFile(f"{file} of {container.path} is empty", hint="fetch it again")
    encoding = _encoding_of(start, file)
    text = start.decode(encoding, "replace").removeprefix("\ufeff")
    line_end = "\r" if "\r" in text and "\n" not in text else "\n"
    text = text.replace("\r", "\n") if line_end == "\r" else text
    line = text.partition("\n")[0].rstrip("\r")
    separator = max(separators, key=_IN_QUOTES.sub("", line).count)
    quoted = separator != "\t" if quoted is None else quoted
    cells, lines = _header(text, separator) if quoted else (line.split(separator), 1)
    if len(cells) > _MAX_COLUMNS:
        raise BadFile(f"{file} has {len(cells):,} columns", hint="it is not what it should be")
    return Layout(
        file=file,
        columns=_named([cell.strip().strip('"') for cell in cells], numbered=numbered),
        separator=separator,
        quoted=quoted,
        header_lines=lines,
        encoding=encoding,
        line_end=line_end,
    )


def _header(text: str, separator: str) -> tuple[list[str], int]:
    """The cells of the first record, and how many lines it has."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        cells = next(reader, [])
    except csv.Error:  # a quote that is never closed
        return text.partition("\n")[0].split(separator), 1
    return cells, reader.line_num


def _named(cells: list[str], *, numbered: bool) -> tuple[str, ...]:
    named: list[str] = []
    for place, cell in enumerate(cells):
        again = f"{cell}_{place}" if numbered and cell else ""
        named.append(again if cell in named else cell)
    return tuple(named)


def _encoding_of(start: bytes, file: str) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in start[:1024]:
        raise BadFile(f"{file} is no text in UTF-8", hint="convert it, as with: iconv -f utf-16 -t utf-8")
    return "utf-8"


def read_frames(container: Container, layout: Layout, wanted: Sequence[str], *, notes: Notes) -> Iterator[pl.DataFrame]:
    """The wanted columns, all text, an empty cell null, a column that the file lacks all null.

    Counts in `notes`, each behind the file's name: `ragged_lines`, `lines_not_utf8`, `nul_bytes`, `cut_cells`. Raises
    BadFile where no line has the header's number of cells, or one is longer than any line can be.
    """
    rows = 0
    ragged = f"{layout.file}:ragged_lines"
    before = notes[ragged]
    for text in _chunks(container, layout):
        frame = _parse(text, layout, wanted, notes=notes)
        rows += len(frame)
        yield frame
    if not rows and notes[ragged] > before:
        raise BadFile(
            f"no line of {layout.file} has the {len(layout.columns)} cells of its header",
            hint=f"are its cells divided by {layout.separator!r}?",
        )


def _chunks(container: Container, layout: Layout) -> Iterator[bytes]:
    """The text behind the header in pieces that end where a line ends."""
    rest = b""
    left = layout.header_lines
    with container.open(layout.file) as stream, ThreadPoolExecutor(1) as ahead:
        reader = _Reader(stream, layout)
        coming = ahead.submit(reader.read)
        while piece := coming.result():
            coming = ahead.submit(reader.read)
            text = rest + piece if rest else piece
            while left and (end := text.find(b"\n")) >= 0:
                text, left = text[end + 1 :], left - 1
            end = 0 if left else _last_end(text, layout)
            rest = text[end:]
            if len(rest) > _MAX_LINE:
                raise BadFile(f"{layout.file} has a line of more than {_MAX_LINE:,} bytes", hint="it is no such table")
            if end:
                yield text[:end]
    if rest and not left:
        yield rest if rest.endswith(b"\n") else rest + b"\n"


class _Reader:
    """Pieces of a stream in UTF-8, without a byte order mark."""

    def __init__(self, stream: IO[bytes], layout: Layout) -> None:
        self._stream = stream
        plain = codecs.lookup(layout.encoding).name in _UTF8
        self._decoder = None if plain else codecs.getincrementaldecoder(layout.encoding)("replace")
        self._line_end = layout.line_end.encode()
        self._first = True

    def read(self) -> bytes:
        piece = self._stream.read(_PIECE)
        if self._decoder is not None:
            text = self._decoder.decode(piece, not piece)
            while piece and not text:  # half a character is no end
                piece = self._stream.read(_PIECE)
                text = self._decoder.decode(piece, not piece)
            piece = text.encode("utf-8", "replace")
        if self._first:
            self._first = False
            piece = piece.removeprefix(codecs.BOM_UTF8)
        return piece if self._line_end == b"\n" else piece.replace(self._line_end, b"\n")


def _last_end(text: bytes, layout: Layout) -> int:
    """Where the last whole line ends. A line end within quotes is none, unless the quote seems never to be closed."""
    if not layout.quoted or b'"' not in text:
        return text.rfind(b"\n") + 1
    letters = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero((letters == _NEWLINE) & ~_inside(letters))
    if not len(ends) and len(text) > _MAX_QUOTED:
        return text.rfind(b"\n") + 1
    return int(ends[-1]) + 1 if len(ends) else 0


def _inside(letters: np.ndarray) -> np.ndarray:
    """Whether a byte is within quotes. A sum of bytes wraps at 256, which leaves odd and even as they are."""
    return (np.cumsum(letters == _QUOTE, dtype=np.uint8) & 1).astype(bool)


def _parse(text: bytes, layout: Layout, wanted: Sequence[str], *, notes: Notes) -> pl.DataFrame:
    if b"\0" in text:
        notes[f"{layout.file}:nul_bytes"] += text.count(b"\0")
        text = text.replace(b"\0", b"")
    text, longest = _whole_lines(text, layout, notes)
    places = {column: layout.columns.index(column) for column in wanted if column in layout.columns}
    if not text:
        return pl.DataFrame(schema=dict.fromkeys(wanted, pl.String))
    try:
        frame = _read_csv(text, layout, places)
    except pl.exceptions.ComputeError as error:
        if "utf-8" not in str(error).lower():
            frame = _read_slowly(text, layout, places, notes=notes)
        else:
            frame = _read_csv(_as_utf8(text, layout, notes), layout, places)
    if longest > MAX_CELL:
        frame, count = cut(frame)
        notes[f"{layout.file}:cut_cells"] += count
    missing = [pl.lit(None, pl.String).alias(column) for column in wanted if column not in places]
    return frame.with_columns(missing).select(wanted)


def _whole_lines(text: bytes, layout: Layout, notes: Notes) -> tuple[bytes, int]:
    """The records that have the header's number of cells, and the length of the longest in bytes."""
    letters = np.frombuffer(text, np.uint8)
    is_end, is_gap = letters == _NEWLINE, letters == ord(layout.separator)
    has_quotes = layout.quoted and b'"' in text
    if has_quotes:
        outside = ~_inside(letters)
        is_end, is_gap = is_end & outside, is_gap & outside
    ends = np.flatnonzero(is_end)
    is_open = not len(ends) or ends[-1] + 1 < len(letters)  # the last quote is never closed
    if is_open:
        ends = np.append(ends, len(letters) - 1)
    starts = np.concatenate([[0], ends[:-1] + 1])
    gaps = np.add.reduceat(is_gap.view(np.uint8), starts, dtype=np.uint16)
    is_whole = gaps == len(layout.columns) - 1
    is_whole[-1] &= not is_open
    if has_quotes:
        is_whole[np.searchsorted(ends, _stray_quotes(letters, layout))] = False
        lines = np.add.reduceat((letters == _NEWLINE).view(np.uint8), starts, dtype=np.uint32)
        is_whole &= lines <= MANY_LINES
    if is_whole.all():
        return text, int((ends - starts).max())
    pieces = [
        text[start : end + 1] if whole else _mended(text[start : end + 1], layout, notes)
        for start, end, whole in zip(starts.tolist(), ends.tolist(), is_whole.tolist(), strict=True)
    ]
    return b"".join(pieces), max(len(piece) for piece in pieces)


def _stray_quotes(letters: np.ndarray, layout: Layout) -> np.ndarray:
    """Where a quote opens that is not at its cell's start, or closes that is not at its end; `""` is one within."""
    quotes = np.flatnonzero(letters == _QUOTE)
    opening, closing = quotes[0::2], quotes[1::2]
    gap = ord(layout.separator)
    before = letters[np.maximum(opening - 1, 0)]
    behind = letters[np.minimum(closing + 1, len(letters) - 1)]
    is_placed = np.isin(before, (gap, _NEWLINE, _QUOTE)) | (opening == 0)
    is_ended = np.isin(behind, (gap, _NEWLINE, _RETURN, _QUOTE)) | (closing == len(letters) - 1)
    return np.concatenate([opening[~is_placed], closing[~is_ended]])


def _mended(record: bytes, layout: Layout, notes: Notes) -> bytes:
    """What of a record has the header's number of cells; other lines are counted."""
    if not layout.quoted or b'"' not in record:
        if record.strip():
            notes[f"{layout.file}:ragged_lines"] += 1
        return b""
    text, ragged = whole_records(record, layout.separator, len(layout.columns))
    if ragged:
        notes[f"{layout.file}:ragged_lines"] += ragged
    return text


def _read_csv(text: bytes, layout: Layout, places: dict[str, int]) -> pl.DataFrame:
    frame = pl.read_csv(
        text,
        separator=layout.separator,
        quote_char='"' if layout.quoted else None,
        has_header=False,
        columns=sorted(set(places.values())),
        infer_schema=False,
    )
    by_place = dict(zip(sorted(set(places.values())), frame.columns, strict=True))
    frame = frame.select(pl.col(by_place[place]).alias(column) for column, place in places.items())
    # A quoted nothing is read as text of no letters.
    return frame.with_columns(pl.when(pl.all() != "").then(pl.all())) if layout.quoted else frame


def _read_slowly(text: bytes, layout: Layout, places: dict[str, int], *, notes: Notes) -> pl.DataFrame:
    """By Python's csv: for quotes in places where they should not be, which polars refuses."""
    lines = csv.reader(io.StringIO(text.decode("utf-8", "replace"), newline=""), delimiter=layout.separator)
    columns: dict[str, list[str | None]] = {column: [] for column in places}
    with field_limit(_MAX_LINE):
        for cells in lines:
            if len(cells) != len(layout.columns):
                notes[f"{layout.file}:ragged_lines"] += 1
                continue
            for column, place in places.items():
                columns[column].append(cells[place] or None)
    return pl.DataFrame(columns, schema=dict.fromkeys(places, pl.String))


def _as_utf8(text: bytes, layout: Layout, notes: Notes) -> bytes:
    """The text with its lines that are not UTF-8 read as Windows-1252, which Latin-1 is part of."""
    lines = text.split(b"\n")
    for place, line in enumerate(lines):
        try:
            line.decode()
        except UnicodeDecodeError:
            notes[f"{layout.file}:lines_not_utf8"] += 1
            lines[place] = line.decode("cp1252", "replace").encode()
    return b"\n".join(lines)
