"""What a .zip or a .tar (in any compression) holds, with limits that an archive made to do harm runs into."""

import bz2
import errno
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast

from thuja.errors import BadFile, UsageError

_MAX_MEMBERS = 100_000
_MAX_RATIO = 200
"""Tables pack five to thirty to one; a bomb a thousand to one."""
_ALWAYS_ALLOWED = 256 << 20
_MAX_READ = 4 << 20
_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, gzip.BadGzipFile, EOFError),
    # What zipfile lets through of headers that make no sense.
    *(NotImplementedError, UnicodeDecodeError, OverflowError, struct.error),
)
_MAGIC = {b"\x1f\x8b": gzip.GzipFile, b"BZh": bz2.BZ2File, b"\xfd7zXZ": lzma.LZMAFile}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of an archive: its name there, its size unpacked in bytes, and when it was made."""

    name: str
    size: int
    made: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """An open archive: its plain files, and `read`, which yields those wanted, each to be read before the next."""

    members: tuple[Member, ...]
    read: Callable[[set[str]], Iterator[tuple[Member, IO[bytes]]]]


@contextmanager
def said_of(path: Path) -> Iterator[None]:
    """Turn what a damaged archive raises into one sentence."""
    try:
        yield
    except _DAMAGED as error:
        raise _damaged(path, error) from error
    except OSError as error:
        # bz2 and gzip raise this class without a number; an offset from a damaged table is an invalid argument.
        if error.errno not in (None, errno.EINVAL):
            raise
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> BadFile:
    what = str(error) or "it ends too soon"
    return BadFile(f"the archive {path} is cut short or damaged: {what}", hint="fetch it again, and compare its size")


@contextmanager
def open_packed(path: Path) -> Iterator[Packed]:
    """Open an archive by its first bytes; raises BadFile for what is none, or claims to be far too much."""
    with path.open("rb") as file:
        start = file.read(512)
    with ExitStack() as stack:
        if start.startswith(b"PK"):
            with said_of(path):
                archive = stack.enter_context(zipfile.ZipFile(path))
                packed = _zipped(archive, path)
        else:
            with said_of(path):
                packed = _tarred(stack.enter_context(_decompressed(path, start)), path)
        yield packed


def _zipped(archive: zipfile.ZipFile, path: Path) -> Packed:
    infos = {info.filename: info for info in archive.infolist() if not info.filename.endswith("/")}
    limit = _Limit(path)
    for info in infos.values():
        limit.add(info.filename, info.file_size)
    members = tuple(Member(name=name, size=info.file_size, made=_made(info)) for name, info in infos.items())

    def read(wanted: set[str]) -> Iterator[tuple[Member, IO[bytes]]]:
        for member in members:
            if member.name in wanted:
                info = infos[member.name]
                if info.flag_bits & 1:
                    raise BadFile(
                        f"the archive {path} is locked with a password", hint="unpack it, and give the folder"
                    )
                if stat.S_ISLNK(info.external_attr >> 16):
                    raise _no_file(path, member.name)
                with archive.open(info) as stream:
                    yield member, stream

    return Packed(members=members, read=read)


def _made(info: zipfile.ZipInfo) -> float:
    try:
        return datetime(*info.date_time, tzinfo=UTC).timestamp()
    except ValueError:  # a clock that was never set
        return 0.0


def _tarred(stream: IO[bytes], path: Path) -> Packed:
    limit = _Limit(path)
    members = []
    kinds: dict[str, bool] = {}
    with tarfile.open(fileobj=stream, mode="r:") as archive:
        # Each size is judged before its bytes are passed over, which for a bomb would take hours.
        while (info := archive.next()) is not None:
            if not info.isdir():
                limit.add(info.name, info.size)
                members.append(Member(name=info.name, size=info.size, made=float(info.mtime)))
                kinds[info.name] = info.isreg()
        _read_to_end(stream, archive.offset, limit)

    def read(wanted: set[str]) -> Iterator[tuple[Member, IO[bytes]]]:
        by_name = {member.name: member for member in members}
        stream.seek(0)
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            while (info := archive.next()) is not None:
                if info.name in wanted and not info.isdir():
                    if not kinds[info.name]:
                        raise _no_file(path, info.name)
                    inner = archive.extractfile(info)
                    assert inner is not None
                    yield by_name[info.name], inner

    return Packed(members=tuple(members), read=read)


def _read_to_end(stream: IO[bytes], offset: int, limit: "_Limit") -> None:
    """Raise ReadError for a tar without its end mark, which tarfile takes for whole; reading on to the end of
    what is compressed makes gzip and xz compare their checksums."""
    stream.seek(offset)
    if stream.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("it has no end mark")
    while rest := stream.read(_MAX_READ):
        limit.add("what follows the end mark", len(rest), members=0)


def _no_file(path: Path, name: str) -> BadFile:
    return BadFile(f"the archive {path} has a link or a device in place of the file {name}", hint="fetch it again")


@contextmanager
def _decompressed(path: Path, start: bytes) -> Iterator[IO[bytes]]:
    opener = next((opener for magic, opener in _MAGIC.items() if start.startswith(magic)), None)
    if opener is None and start[257:262] != b"ustar":
        what = "a web page" if start.lstrip()[:1] == b"<" else "no archive"
        raise BadFile(f"{path} is {what}", hint="a .zip, .tar or .tar.gz as its maker gives it, or its unpacked folder")
    with path.open("rb") if opener is None else opener(path, "rb") as stream:
        yield cast(IO[bytes], _Careful(cast(IO[bytes], stream)))


class _Careful(io.RawIOBase):
    """A stream that no one may read in one piece: tarfile holds an extended header in memory whole."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always: back by reading anew."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes; raises BadFile for a piece that only a made-up header asks for."""
        if not 0 <= size <= _MAX_READ:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """To `offset`, which for compressed data means reading up to there."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """The offset in the decompressed data."""
        return self._stream.tell()


class _Limit:
    """Adds up what an archive claims to hold, and refuses more than its own size can."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = path.stat().st_size * _MAX_RATIO + _ALWAYS_ALLOWED
        self._members = 0

    def add(self, name: str, size: int, *, members: int = 1) -> None:
        """Count one member, or bytes that are none; raises BadFile."""
        self._left -= size
        self._members += members
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            raise BadFile(
                f"the archive {self._path} has a file that points outside: {name[:100]}", hint="do not trust it"
            )
        if size < 0 or self._left < 0 or self._members > _MAX_MEMBERS:
            raise BadFile(
                f"the archive {self._path} claims to hold far more than its size can: {name[:100]} is {size:,} bytes",
                hint="do not trust it; or unpack it yourself, and give the folder",
            )


def is_packed(path: Path) -> bool:
    """Whether a file is an archive, or pretends to be one: what else could a table be, is for others to say."""
    with path.open("rb") as file:
        start = file.read(512)
    is_named = path.name.lower().endswith((".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz"))
    return is_named or start.startswith((b"PK", *_MAGIC)) or start[257:262] == b"ustar"


def require_file(path: Path) -> None:
    """Raise UsageError when there is nothing at `path`, BadFile when it is empty."""
    if not path.exists():
        raise UsageError(f"there is no archive at {path}", hint="a .zip, a .tar.gz, a folder, or a table")
    if not path.is_dir() and (not path.is_file() or path.stat().st_size == 0):
        raise BadFile(
            f"{path} is {'empty' if path.is_file() else 'neither a file nor a folder'}", hint="fetch it again"
        )
