"""Where an index lies: a folder of this machine, or a URL of object storage that is read by range."""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final, Protocol, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.fs as pafs

from thuja.errors import BadFile, UsageError
from thuja.jobs import atomic_path, cache_folder
from thuja.search.engine.vectors import HALF, Halves, MappedVectors, Rows, Vectors
from thuja.search.store.evicting import evict, most_bytes
from thuja.search.store.pins import pin

In = TypeVar("In")
Out = TypeVar("Out")
Range = tuple[int, int]
"""Bytes from the first up to the second."""

_THREADS: Final = 16
_GAP: Final = 64 * 1024
"""Ranges nearer to each other than this many bytes are read as one: a request costs more than they do."""


class Place(Protocol):
    """Files by their path below the index; all but `index.json` and `versions/` never change once they are there."""

    @property
    def name(self) -> str:
        """As it is shown to the user."""

    @property
    def shares(self) -> int:
        """In how many shares reading is done at the same time."""

    def read(self, file: str) -> bytes:
        """A small file as it is at this moment; raises FileNotFoundError."""

    def fetched(self, file: str) -> Path:
        """A file that never changes, on this machine; raises FileNotFoundError."""

    def hold(self, file: str, owner: object) -> None:
        """Keep a file, and those beside it, from being taken off this machine for as long as `owner` lives."""

    def tidy(self) -> None:
        """Take off this machine what is kept beyond measure."""

    def opened(self, file: str) -> pa.NativeFile:
        """A file that never changes, to read anywhere in it; it stays readable when it is deleted meanwhile."""

    def vectors(self, file: str, shape: tuple[int, int]) -> Vectors:
        """A file of vectors of this shape."""

    def spread(self, job: Callable[[In], Out], items: Iterable[In]) -> Iterable[Out]:
        """Do a job that reads for each of the items, at the same time where it would else wait; in their order."""


def is_url(where: Path | str) -> bool:
    """Whether it names object storage and no folder of this machine."""
    return isinstance(where, str) and "://" in where and not where.startswith("file://")


def place_of(where: Path | str) -> Place:
    """The folder, or the URL as pyarrow reads it (s3://, gs://, abfs://, hdfs://); raises UsageError."""
    if not is_url(where):
        text = str(where)
        return LocalPlace(Path(unquote(urlsplit(text).path)) if text.startswith("file://") else Path(text))
    name, hint = without_secrets(str(where)), "a folder, or a URL such as s3://bucket/index"
    try:
        system, path = pafs.FileSystem.from_uri(str(where))
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"{name} is no place that can be read: {error}", hint=hint) from error
    if not path.strip("/"):
        raise UsageError(f"{name} is no place that can be read: it names no bucket", hint=hint)
    server = parse_qs(urlsplit(str(where)).query).get("endpoint_override", [""])[0]
    return RemotePlace(name, system, path, server=server)


def without_secrets(url: str) -> str:
    """A URL as it may be shown: without the keys that may stand before the bucket or behind the path.

    >>> without_secrets("s3://key:secret@bucket/index?endpoint_override=localhost")
    's3://bucket/index'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class LocalPlace:
    """A folder of this machine: vectors are mapped, nothing is copied."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """The folder as text."""
        return str(self.folder)

    @property
    def shares(self) -> int:
        """One: nothing is waited for."""
        return 1

    def read(self, file: str) -> bytes:
        """A small file."""
        return (self.folder / file).read_bytes()

    def fetched(self, file: str) -> Path:
        """The file itself."""
        path = self.folder / file
        if not path.exists():
            raise FileNotFoundError(path)
        return path

    def hold(self, file: str, owner: object) -> None:
        """Nothing to do: what a version names stays while that version is open."""

    def tidy(self) -> None:
        """Nothing to do: nothing was copied."""

    def opened(self, file: str) -> pa.NativeFile:
        """The file, mapped."""
        return pa.memory_map(str(self.folder / file))

    def vectors(self, file: str, shape: tuple[int, int]) -> Vectors:
        """The file, mapped."""
        mapped = MappedVectors.open(self.folder / file, shape[1])
        if mapped.shape != shape:
            raise BadFile(f"{self.folder / file} holds {mapped.shape[0]:,} vectors where {shape[0]:,} are expected")
        return mapped

    def spread(self, job: Callable[[In], Out], items: Iterable[In]) -> Iterable[Out]:
        """One after the other: nothing is waited for."""
        return map(job, items)


class RemotePlace:
    """Object storage: small files are kept in `jobs.cache_folder()`, large ones read by range, in threads."""

    def __init__(self, name: str, system: pafs.FileSystem, path: str, *, server: str = "") -> None:
        """`server` is whose storage it is where the URL says so: two have buckets of one name."""
        self._name, self.system, self.path = name, system, path.rstrip("/")
        self._cache = cache_folder() / "search" / hashlib.sha256(f"{name}\n{path}\n{server}".encode()).hexdigest()[:16]
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="ranges")

    @property
    def name(self) -> str:
        """The URL."""
        return self._name

    @property
    def shares(self) -> int:
        """Requests of one call at the same time."""
        return _THREADS // 2

    def read(self, file: str) -> bytes:
        """A small file, asked for anew."""
        self._require(file)
        with self.system.open_input_stream(self.at(file)) as opened:
            data: bytes = opened.read()
        return data

    def fetched(self, file: str) -> Path:
        """The file in the cache, put there whole the first time; raises BadFile for a name that leads out of it."""
        if ".." in PurePosixPath(file).parts or PurePosixPath(file).is_absolute():
            raise BadFile(f'{self._name} names a file outside of itself: "{file}"', hint="do not trust this index")
        kept = self._cache / file
        if not kept.exists():
            self._require(file)
            with (
                atomic_path(kept) as temporary,
                self.system.open_input_stream(self.at(file)) as opened,
                temporary.open("wb") as out,
            ):
                while block := opened.read(2**22):
                    out.write(block)
        return kept

    def hold(self, file: str, owner: object) -> None:
        """Pin a file in the cache; one that was taken away since it was fetched is fetched again."""
        while True:
            kept = self.fetched(file)
            try:
                pin(kept, owner)
            except FileNotFoundError:
                continue
            with suppress(OSError):  # a cache that others fill, or that is mounted to be read alone
                os.utime(kept)  # the last use, by which the cache is cleared
            return

    def tidy(self) -> None:
        """Bring the cache of all places below its size, but for what an open index needs."""
        evict(self._cache.parent, most_bytes())

    def ranges(self, file: str, wanted: Sequence[Range]) -> list[bytes]:
        """Parts of a file: what lies side by side in one request, the requests at the same time."""
        runs = coalesced(wanted)
        source = self.opened(file)
        read = list(self.spread(lambda run: source.read_at(run[1] - run[0], run[0]), runs))
        starts = [start for start, _ in runs]
        parts = []
        for start, stop in wanted:
            run = int(np.searchsorted(starts, start, side="right")) - 1
            parts.append(read[run][start - starts[run] : stop - starts[run]])
        return parts

    def opened(self, file: str) -> pa.NativeFile:
        """The file, read by range."""
        return self.system.open_input_file(self.at(file))

    def vectors(self, file: str, shape: tuple[int, int]) -> Vectors:
        """Vectors that are asked for row by row."""
        there, expected = self.system.get_file_info(self.at(file)), shape[0] * shape[1] * HALF.itemsize
        if there.type == pafs.FileType.File and there.size != expected:
            raise BadFile(f"{self._name}/{file} holds {there.size:,} bytes where {expected:,} are expected")
        return RangedVectors(self, file, shape)

    def spread(self, job: Callable[[In], Out], items: Iterable[In]) -> Iterable[Out]:
        """In threads."""
        return self._threads.map(job, items)

    def at(self, file: str) -> str:
        """The path of a file as pyarrow's file system takes it."""
        return f"{self.path}/{file}"

    def _require(self, file: str) -> None:
        """Raise FileNotFoundError for what is not there; what else the store refuses comes as it says it."""
        if self.system.get_file_info(self.at(file)).type != pafs.FileType.File:
            raise FileNotFoundError(f"{self._name}/{file}")


class RangedVectors:
    """Vectors of object storage: only the rows that are asked for are read."""

    def __init__(self, place: RemotePlace, file: str, shape: tuple[int, int]) -> None:
        self._place, self._file, self._shape = place, file, shape
        self._bytes = HALF.itemsize * shape[1]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and length of a row."""
        return self._shape

    def run(self, start: int, stop: int) -> Halves:
        """The rows from `start` up to `stop`, in one request."""
        stop = min(stop, self._shape[0])
        (data,) = self._place.ranges(self._file, [(start * self._bytes, stop * self._bytes)])
        return np.frombuffer(data, dtype=HALF).reshape(stop - start, self._shape[1])

    def take(self, rows: Rows) -> Halves:
        """These rows, in this order."""
        distinct, back = np.unique(np.asarray(rows, dtype=np.int64), return_inverse=True)
        wanted = [(int(row) * self._bytes, (int(row) + 1) * self._bytes) for row in distinct]
        data = b"".join(self._place.ranges(self._file, wanted))
        taken: Halves = np.frombuffer(data, dtype=HALF).reshape(len(distinct), self._shape[1])[back]
        return taken


def coalesced(wanted: Sequence[Range], gap: int = _GAP) -> list[Range]:
    """Ranges that hold all that is wanted, ascending, those within `gap` bytes of each other put together.

    >>> coalesced([(10, 20), (90, 95), (0, 4)], gap=10)
    [(0, 20), (90, 95)]
    """
    runs: list[Range] = []
    for start, stop in sorted(wanted):
        if runs and start - runs[-1][1] <= gap:
            runs[-1] = (runs[-1][0], max(stop, runs[-1][1]))
        else:
            runs.append((start, stop))
    return runs
