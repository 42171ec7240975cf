"""What a data set's files lie in: a folder, a .zip, a .tar.gz or a file by itself, each file read as a stream."""

import errno
import gzip
import io
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from thuja.errors import BadFile, UsageError

_MAX_FILES = 200_000
_MAX_RATIO = 300
"""Tables of many empty cells pack fifty to one; a bomb a thousand to one."""
_ALWAYS_ALLOWED = 256 << 20
_DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError),
    # What zipfile lets through of headers that make no sense.
    *(NotImplementedError, UnicodeDecodeError, OverflowError, struct.error),
)
_HINT = "fetch it again, and compare its size"


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """The files by their paths within it (`/` between folders), with their sizes in bytes when unpacked."""

    path: Path
    sizes: Mapping[str, int]
    _open: Callable[[str], IO[bytes]]

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """One file as a stream; a .gz within it is unpacked on the way. Raises BadFile where it is damaged."""
        with said_of(self.path, name), ExitStack() as stack:
            stream = stack.enter_context(self._open(name))
            if name.lower().endswith(".gz"):
                stream = stack.enter_context(cast(IO[bytes], gzip.GzipFile(fileobj=stream)))
            yield stream

    def read_small(self, name: str, most: int) -> bytes:
        """The whole of a small file; raises BadFile for one of more than `most` bytes."""
        with self.open(name) as stream:
            data = stream.read(most + 1)
        if len(data) > most:
            raise BadFile(f"{name} of {self.path} has more than {most:,} bytes", hint="it is not what it should be")
        return data

    def find(self, name: str) -> str | None:
        """The file of this name, whatever its case, in the highest folder that has it; None where there is none."""
        wanted = name.lower()
        found = [path for path in self.sizes if path.lower().rpartition("/")[2] in (wanted, f"{wanted}.gz")]
        return min(found, key=lambda path: (path.count("/"), path), default=None)


@contextmanager
def opened(path: Path, *, depth: int = 3) -> Iterator[Container]:
    """The container at `path`, of a folder the files down to that depth (1: in the folder itself).

    Raises UsageError when nothing is there, BadFile when it is no archive, a bomb, or has too many files.
    """
    if not path.exists():
        raise UsageError(f"there is nothing at {path}", hint="an archive, its unpacked folder, or a table")
    if path.is_dir():
        yield _folder(path, depth)
        return
    try:
        start = _start(path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}", hint="is it yours to read?") from error
    if not start:
        raise BadFile(f"{path} is empty", hint=_HINT)
    with ExitStack() as stack:
        if start.startswith(b"PK") or path.suffix.lower() == ".zip":
            with said_of(path):
                archive = stack.enter_context(zipfile.ZipFile(path))
            yield _zip(path, archive)
        elif path.name.lower().endswith((".tgz", ".tar.gz", ".tar")):
            yield _tar(path)
        else:
            yield Container(path=path, sizes={path.name: path.stat().st_size}, _open=lambda _: path.open("rb"))


@contextmanager
def said_of(path: Path, name: str = "") -> Iterator[None]:
    """Turn what a damaged archive raises into one sentence."""
    try:
        yield
    except _DAMAGED as error:
        raise _damaged(path, name, error) from error
    except OSError as error:
        # gzip raises this class without a number; an offset from a damaged table is an invalid argument.
        if error.errno not in (None, errno.EINVAL):
            raise
        raise _damaged(path, name, error) from error


def _damaged(path: Path, name: str, error: Exception) -> BadFile:
    what = f"{name} of {path}" if name else f"the archive {path}"
    return BadFile(f"{what} is cut short or damaged: {str(error) or 'it ends too soon'}", hint=_HINT)


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(512)


def _folder(path: Path, depth: int) -> Container:
    sizes: dict[str, int] = {}
    for home, folders, names in os.walk(path):
        below = Path(home).relative_to(path)
        if len(below.parts) + 1 >= depth:
            folders.clear()
        for name in names:
            file = Path(home, name)
            if file.is_file():
                sizes[(below / name).as_posix()] = file.stat().st_size
                _refuse_many(path, len(sizes))
    return Container(path=path, sizes=dict(sorted(sizes.items())), _open=lambda name: (path / name).open("rb"))


def _zip(path: Path, archive: zipfile.ZipFile) -> Container:
    infos = {info.filename: info for info in archive.infolist() if not info.is_dir()}
    _refuse_many(path, len(infos))
    _refuse_bomb(path, sum(info.file_size for info in infos.values()))
    for info in infos.values():
        if info.flag_bits & 1:
            raise BadFile(f"the archive {path} is locked with a password", hint="unpack it, and give the folder")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise BadFile(f"the archive {path} has a link in place of the file {info.filename}", hint=_HINT)
    return Container(
        path=path,
        sizes={name: info.file_size for name, info in infos.items()},
        _open=lambda name: archive.open(infos[name]),
    )


def _tar(path: Path) -> Container:
    """The members by one pass over the archive; each is then read by a pass of its own."""
    sizes: dict[str, int] = {}
    total = 0
    with said_of(path), tarfile.open(path, "r|*") as archive:
        for info in archive:
            if info.isreg():
                sizes[info.name] = info.size
                _refuse_many(path, len(sizes))
                total += info.size
                _refuse_bomb(path, total)
    return Container(path=path, sizes=sizes, _open=lambda name: cast(IO[bytes], _TarMember(path, name)))


class _TarMember(io.RawIOBase):
    """One member of a tar that is read from its start."""

    def __init__(self, path: Path, name: str) -> None:
        self._archive = tarfile.open(path, "r|*")  # noqa: SIM115 - closed by close
        self._stream: IO[bytes] = io.BytesIO()
        for info in self._archive:
            if info.name == name and info.isreg():
                self._stream = cast(IO[bytes], self._archive.extractfile(info))
                break

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        return self._stream.read(size)

    def close(self) -> None:
        """Close the archive, too."""
        self._archive.close()
        super().close()


def _refuse_many(path: Path, count: int) -> None:
    if count > _MAX_FILES:
        raise BadFile(f"{path} holds more than {_MAX_FILES:,} files", hint="name the folder with the tables")


def _refuse_bomb(path: Path, total: int) -> None:
    if total > path.stat().st_size * _MAX_RATIO + _ALWAYS_ALLOWED:
        raise BadFile(
            f"the archive {path} claims to hold {total:,} bytes, far more than its size can",
            hint="do not trust it; or unpack it yourself, and give the folder",
        )
