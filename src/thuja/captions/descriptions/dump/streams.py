"""The bytes of a dump: decompressed piece by piece, from any place where a compressed stream begins.

A multistream dump is many bz2 streams one after another, each of 100 whole pages; bzip2 programs that work in parallel
write many streams too, and there a page may begin in one and end in the next. Both are read here.
"""

import bz2
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from thuja.errors import BadFile, EmptyInput

STREAM: Final = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
"""How a bz2 stream begins: its header, then the first block's magic number, or the end's in an empty one."""

_READ: Final = 1 << 18
_PIECE: Final = 1 << 20
CHUNK_BYTES: Final = 8 << 20
_LOOK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A part of the file, in its own bytes, that can be read by itself: from `start` to the stream that `end` begins.

    `end` is None for the rest of the file.
    """

    start: int = 0
    end: int | None = None


def require_dump(path: Path) -> Path:
    """The path, if a file of some bytes is there; raises EmptyInput."""
    path = Path(path)
    if not path.is_file():
        raise EmptyInput(f"there is no dump at {path}", hint="name a pages-articles file: .xml, .xml.bz2 or .xml.gz")
    if path.stat().st_size == 0:
        raise EmptyInput(f"the dump {path} is an empty file", hint="fetch it again")
    return path


def kind_of(path: Path) -> str:
    """`bz2`, `gz` or `xml`, by the file's first bytes, whatever its name."""
    with path.open("rb") as file:
        head = file.read(4)
    return "bz2" if head.startswith(b"BZh") else "gz" if head.startswith(b"\x1f\x8b") else "xml"


def chunks_of(path: Path, *, size: int = CHUNK_BYTES) -> list[Chunk]:
    """The file cut where streams begin, about `size` bytes each; one chunk where it is one stream, or gz."""
    kind, length = kind_of(path), path.stat().st_size
    if kind == "gz":
        return [Chunk()]
    starts = [0]
    with path.open("rb") as file:
        for wanted in range(size, length, size):
            start = wanted if kind == "xml" else _next_stream(file, wanted, min(wanted + size, length))
            if start is not None:
                starts.append(start)
    ends = [*starts[1:], None]
    return [Chunk(start=start, end=end) for start, end in zip(starts, ends, strict=True)]


def _next_stream(file: BinaryIO, start: int, end: int) -> int | None:
    """Where the first stream begins in [start, end)."""
    at = start
    while at < end:
        file.seek(at)
        block = file.read(min(_LOOK, end - at) + 9)
        found = STREAM.search(block)
        if found:
            return at + found.start() if at + found.start() < end else None
        at += _LOOK
    return None


def pieces(path: Path, start: int) -> Iterator[tuple[int, bytes]]:
    """The decompressed bytes from a stream's start to the file's end, each with where in the file they come from.

    That is where their stream begins, which an empty piece announces before it is decompressed; in plain XML it is the
    offset itself. Raises BadFile where the file is cut short or damaged.
    """
    kind = kind_of(path)
    return _plain(path, start) if kind == "xml" else _decompressed(path, start, kind)


def _plain(path: Path, start: int) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        file.seek(start)
        while data := file.read(_PIECE):
            yield start, data
            start += len(data)


class _Gzip:
    """zlib's object with the face of bz2's: it keeps what it has not read yet."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(31)  # a gzip header, and no other
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        piece = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self.needs_input = not self._zlib.unconsumed_tail and len(piece) < max_length
        return piece


def _decompressed(path: Path, start: int, kind: str) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        file.seek(start)
        at, data = start, file.read(_READ)
        while data:
            yield at, b""
            engine = bz2.BZ2Decompressor() if kind == "bz2" else _Gzip()
            try:
                for piece in _stream(engine, data, file):
                    yield at, piece
            except (OSError, zlib.error) as error:
                raise BadFile(
                    f"{path} is damaged in the stream at byte {at:,}", hint="fetch it again, and compare its checksum"
                ) from error
            if not engine.eof:
                raise BadFile(
                    f"{path} is cut short: the stream at byte {at:,} does not end",
                    hint="fetch the rest, such as by wget --continue",
                )
            at = file.tell() - len(engine.unused_data)
            data = engine.unused_data or file.read(_READ)


def _stream(engine: "bz2.BZ2Decompressor | _Gzip", data: bytes, file: BinaryIO) -> Iterator[bytes]:
    """One stream's bytes, in pieces of bounded size however well they were packed."""
    while True:
        yield engine.decompress(data, _PIECE)
        data = b""
        if engine.eof:
            return
        if engine.needs_input:
            data = file.read(_READ)
            if not data:
                return
