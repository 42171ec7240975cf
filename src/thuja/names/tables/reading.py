"""Tables as people have them: CSV, TSV, Parquet or a name a line, in any encoding, scanned without loading them."""

import codecs
import csv
import gzip
import io
import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl

from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.names.tables.columns import Columns, require_plain

PARQUET = (".parquet", ".pq")
TEXT = (".csv", ".tsv", ".tab", ".txt")
_BLOCK = 1 << 24
_HEAD = 1 << 20
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A table to resolve. `inside` is its place below the folder that was named, or its name."""

    path: Path
    inside: Path
    frame: pl.LazyFrame
    columns: Columns
    headings: tuple[str, ...]


def is_table(name: str) -> bool:
    """Whether a word looks like a table's file name."""
    return Path(name).suffix.lower() in (*PARQUET, *TEXT, ".gz")


@contextmanager
def open_sources(paths: Sequence[Path]) -> Iterator[list[Source]]:
    """The tables at `paths`, those below folders included, sorted; text that is not UTF-8 is copied aside meanwhile.

    Raises UsageError, EmptyInput or BadFile, each with one sentence.
    """
    with tempfile.TemporaryDirectory(prefix="thuja-") as scratch:
        yield [_source(path, inside, Path(scratch)) for path, inside in _files(paths)]


@contextmanager
def opened_table(path: Path) -> Iterator[pl.LazyFrame]:
    """One table, whatever its columns; it is to be read inside the block. Raises UsageError or BadFile."""
    if not path.is_file():
        raise UsageError(f"there is no table at {path}", hint="name a CSV, TSV or Parquet file")
    with tempfile.TemporaryDirectory(prefix="thuja-") as scratch, bad_file(path):
        yield scan(path, Path(scratch))


@contextmanager
def bad_file(path: Path) -> Iterator[None]:
    """Turn what polars says of a table that cannot be read into one sentence."""
    try:
        yield
    except (pl.exceptions.PolarsError, EOFError, gzip.BadGzipFile) as error:
        said = " ".join(str(error).split())[:300]
        if "No space left" in said:
            raise UsageError(
                "no space left on the disk", hint="nothing was written; name an --out with room"
            ) from error
        if "more fields than defined" in said:
            said = "a row has more cells than the heading"
        raise BadFile(
            f"{path} cannot be read: {said}", hint="is it whole, and each row as long as the heading?"
        ) from error


def _files(paths: Sequence[Path]) -> list[tuple[Path, Path]]:
    found: list[tuple[Path, Path]] = []
    for path in paths:
        if path.is_dir():
            below = sorted(file for file in path.rglob("*") if file.is_file() and is_table(file.name))
            if not below:
                raise EmptyInput(f"the folder {path} holds no table", hint="CSV, TSV, TXT or Parquet files")
            found += [(file, file.relative_to(path)) for file in below]
        elif path.exists():
            found.append((path, Path(path.name)))
        else:
            raise UsageError(f"there is no table at {path}", hint="name a CSV, TSV, TXT or Parquet file, or a folder")
    return found


def _source(path: Path, inside: Path, scratch: Path) -> Source:
    with bad_file(path):
        frame = scan(path, scratch)
        schema = frame.collect_schema()
    columns = Columns.find(schema.names(), path)
    require_plain(schema, columns, path)
    return Source(path=path, inside=inside, frame=frame, columns=columns, headings=tuple(schema.names()))


def scan(path: Path, scratch: Path) -> pl.LazyFrame:
    """A table, lazily. A text is UTF-8; else a copy of it in `scratch` is."""
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    is_packed = suffixes[-1:] == [".gz"]
    kind = (suffixes[:-1] if is_packed else suffixes)[-1:]
    try:
        if kind and kind[0] in PARQUET and not is_packed:
            return pl.scan_parquet(path)
        if not kind or kind[0] not in TEXT:
            raise UsageError(f"{path} is no table", hint=f"its name ends in one of {', '.join((*TEXT, *PARQUET))}")
        return _scan_text(_as_utf8(path, scratch, is_packed=is_packed), path, kind[0])
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise
        raise UsageError(f"cannot read {path}: {error.strerror or error}", hint="is it a file of yours?") from error


def _scan_text(file: Path, path: Path, kind: str) -> pl.LazyFrame:
    with file.open("rb") as stream:
        head = stream.read(_HEAD).decode("utf-8-sig", errors="ignore")
    if not head.strip():
        raise EmptyInput(f"{path} is empty", hint="a table with a heading, or a name a line in a .txt")
    separator = _separator(head.splitlines()[0], kind)
    if separator == "\n":
        # A separator that no text holds makes the whole line one cell.
        return pl.scan_csv(
            file, has_header=False, separator="\x1f", quote_char=None, new_columns=["scientific_name"],
            infer_schema=False, skip_rows=0,
        )  # fmt: skip
    quote = None if separator == "\t" else '"'
    _check_heading(_heading(head, separator, quote, path=path), path)
    return pl.scan_csv(file, separator=separator, quote_char=quote, infer_schema=False)


def _separator(first_line: str, kind: str) -> str:
    """Of a .csv the one its heading has most of: Excel writes semicolons in half of Europe."""
    if kind == ".txt":
        return "\t" if "\t" in first_line else "\n"
    if kind in (".tsv", ".tab"):
        return "\t"
    counts = {separator: first_line.count(separator) for separator in (",", ";", "\t")}
    return max(counts, key=lambda separator: counts[separator])


def _heading(head: str, separator: str, quote: str | None, *, path: Path) -> list[str]:
    if quote is None:
        return head.splitlines()[0].split(separator)
    try:
        return next(csv.reader(io.StringIO(head), delimiter=separator))
    except csv.Error as error:
        raise BadFile(f"the heading of {path} cannot be read: {error}", hint="is it a CSV table?") from error


def _check_heading(headings: list[str], path: Path) -> None:
    twice = sorted({heading for heading in headings if heading and headings.count(heading) > 1})
    if twice:
        raise BadFile(f"{path} has the column {twice[0]} more than once", hint="leave one of them out, or rename it")


def _as_utf8(path: Path, scratch: Path, *, is_packed: bool) -> Path:
    """The file itself where it is plain UTF-8; else a copy that is."""
    with _opened(path, is_packed=is_packed) as stream:
        start = stream.read(4)
    utf16 = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not utf16 and not is_packed and _is_utf8(path):
        return path
    copy = scratch / f"{len(list(scratch.iterdir()))}.utf8"
    with _opened(path, is_packed=is_packed) as stream, copy.open("wb") as out:
        if utf16:
            with io.TextIOWrapper(stream, encoding="utf-16", newline="") as lines:
                out.writelines(line.encode() for line in lines)
            return copy
        others = 0
        for line in stream:
            text, is_other = _decoded(line, path)
            others += is_other
            out.write(text.encode())
    if others:
        _LOG.warning("%s is not UTF-8: %s lines were read as Windows-1252", path, f"{others:,}")
    return copy


def _opened(path: Path, *, is_packed: bool) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if is_packed else path.open("rb")


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as stream:
        try:
            while block := stream.read(_BLOCK):
                if b"\0" in block:
                    raise BadFile(f"{path} holds zero bytes: it is no text", hint="save it as CSV in UTF-8")
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _decoded(line: bytes, path: Path) -> tuple[str, bool]:
    """A line as text, and whether it was not UTF-8."""
    if b"\0" in line:
        raise BadFile(f"{path} holds zero bytes: it is no text", hint="save it as CSV in UTF-8")
    try:
        return line.decode("utf-8"), False
    except UnicodeDecodeError:
        pass
    try:
        return line.decode("cp1252"), True
    except UnicodeDecodeError:  # five bytes mean nothing in Windows-1252
        return line.decode("latin-1"), True
