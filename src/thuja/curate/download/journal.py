"""What was downloaded, as it comes: tars that are appended to, and a table of each tar once it is full.

An entry is `<key>.jpg` and `<key>.json`, or `<key>.json` alone for an URL that failed; the JSON comes last, so that an
entry with its JSON is whole. A process that is killed leaves a tar whose tail is cut back to the last whole entry, and
everything before is kept. The table beside a tar (`.parquet`) says that the tar is finished.
"""

import io
import json
import os
import tarfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import polars as pl

from thuja.images.places import stretch
from thuja.jobs import atomic_path
from thuja.record import printable
from thuja.shards.archive import BLOCK, Entry, read_span, scan

_END: Final = bytes(2 * BLOCK)
_ROWS: Final = 50_000
"""Entries of one tar at most: its table stands in memory until it is full."""
_SYNC: Final = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one URL ended: an image with its `place`, or a `reason` and a `message`.

    `tries` counts requests that failed and the last one. Where `target` is set, nothing ended: the URL was redirected,
    after `hops`, to a host that another worker looks after. `round` is the settings' `retry_failed`.
    """

    url: str
    reason: str = ""
    message: str = ""
    tries: int = 0
    round: int = 0
    target: str = ""
    hops: int = 0
    is_original: bool = False
    sha256: str = ""
    md5: str = ""
    file_size: int = 0
    width: int = 0
    height: int = 0
    place: str = ""


OUTCOMES: Final = pl.Schema(
    {f.name: {str: pl.String, int: pl.Int64, bool: pl.Boolean}[f.type] for f in fields(Outcome)}  # type: ignore[index]
)


class Journal:
    """Appends outcomes to `images-<worker>-00000.tar` and so on; any number of threads may write."""

    def __init__(self, folder: Path, worker: int = 0, *, piece_bytes: int = 10**9) -> None:
        self._folder, self._worker, self._piece_bytes = folder.resolve(), worker, piece_bytes
        self._lock = threading.Lock()
        self._tar: io.FileIO | None = None
        self._path = self._folder
        self._length = self._synced = 0
        self._rows: list[dict[str, Any]] = []

    def append(self, outcome: Outcome, image: bytes = b"") -> None:
        """Write one outcome, and its image where there is one."""
        key = key_of(outcome.url)
        row = asdict(outcome)
        # A server's words may hold bytes that are no text; a table holds text.
        row["message"] = printable(outcome.message)
        text = json.dumps(
            {name: value for name, value in row.items() if name == "url" or (value and name != "place")}
        ).encode()
        members = {f"{key}.{suffix_of(image)}": image} if image else {}
        block = b"".join(_member(name, data) for name, data in {**members, f"{key}.json": text}.items())
        with self._lock:
            tar = self._tar or self._open()
            if image:
                row["place"] = stretch(str(self._path), self._length + BLOCK, len(image))
            _write(tar, block, self._length)
            self._length += len(block)
            self._rows.append(row)
            if self._length - self._synced > _SYNC:
                os.fsync(tar.fileno())
                self._synced = self._length
            if self._length >= self._piece_bytes or len(self._rows) >= _ROWS:
                self._close()

    def close(self) -> None:
        """Finish the tar begun, if any."""
        with self._lock:
            self._close()

    def _open(self) -> io.FileIO:
        self._folder.mkdir(parents=True, exist_ok=True)
        stem = f"images-{self._worker:03}"
        numbers = [int(path.stem.rpartition("-")[2]) for path in self._folder.glob(f"{stem}-*.tar")]
        self._path = self._folder / f"{stem}-{max(numbers, default=-1) + 1:05}.tar"
        self._tar = io.FileIO(self._path, "x")
        self._length = self._synced = 0
        self._rows = []
        return self._tar

    def _close(self) -> None:
        if self._tar is None:
            return
        _write(self._tar, _END, self._length)
        os.fsync(self._tar.fileno())
        self._tar.close()
        self._tar = None
        _write_table(self._path, self._rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        elif self._tar is not None:
            self._tar.close()  # what is in it is found when the run goes on
            self._tar = None


def recover(folder: Path) -> int:
    """Finish the tars that a killed process left: cut back to the last whole entry; returns how many there were."""
    left = [path for path in sorted(folder.glob("images-*.tar")) if not table_of(path).exists()]
    for path in left:
        with io.FileIO(path, "r+") as tar:
            rows, length = _whole_entries(tar, path.resolve())
            if not rows:
                continue
            tar.truncate(length)
            _write(tar, _END, length)
            os.fsync(tar.fileno())
        _write_table(path, rows)
    for path in left:
        if not table_of(path).exists():
            path.unlink()  # nothing whole is in it
    return len(left)


def tables(folder: Path) -> list[Path]:
    """The tables of all finished tars."""
    return sorted(folder.glob("images-*.parquet"))


def table_of(tar: Path) -> Path:
    """Where the table of a tar is, or will be."""
    return tar.with_suffix(".parquet")


def key_of(url: str) -> str:
    """What an entry is named by: 32 hexadecimal digits of the URL's SHA-256."""
    return sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def suffix_of(image: bytes) -> str:
    """`jpg`, or for a file that is stored as it came `image`."""
    return "jpg" if image.startswith(b"\xff\xd8\xff") else "image"


def _whole_entries(tar: io.FileIO, path: Path) -> tuple[list[dict[str, Any]], int]:
    """The rows of the whole entries at the begin of a tar, and where the last of them ends."""
    rows: list[dict[str, Any]] = []
    length = 0
    for entry in scan(tar, path):
        # The fault of a tar that is cut short comes before the entry it was found behind.
        row = _row_of(entry, lambda span: read_span(tar, span), path) if isinstance(entry, Entry) else None
        if row is None or not isinstance(entry, Entry):
            continue
        rows.append(row)
        start, size = entry.members["json"]
        length = start + -(-size // BLOCK) * BLOCK
    return rows, length


def _row_of(entry: Entry, read: Callable[[tuple[int, int]], bytes], path: Path) -> dict[str, Any] | None:
    if "json" not in entry.members:
        return None
    try:
        stated: Mapping[str, Any] = json.loads(read(entry.members["json"]))
        row = asdict(Outcome(**stated))
        "".join(value for value in row.values() if isinstance(value, str)).encode()  # what no table holds is asked anew
    except (ValueError, TypeError):
        return None
    images = [span for suffix, span in entry.members.items() if suffix != "json"]
    if key_of(row["url"]) != entry.key or bool(images) != bool(row["sha256"]):
        return None
    if images:
        row["place"] = stretch(str(path), *images[0])
    return row


def _member(name: str, data: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o644
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % BLOCK)


def _write(tar: io.FileIO, data: bytes, offset: int) -> None:
    """All of it, or nothing: a disk that fills up in the middle leaves the tar as it was."""
    view = memoryview(data)
    try:
        while view:
            view = view[tar.write(view) :]
    except OSError:
        tar.truncate(offset)
        raise


def _write_table(tar: Path, rows: list[dict[str, Any]]) -> None:
    with atomic_path(table_of(tar)) as temporary:
        pl.DataFrame(rows, schema=OUTCOMES).write_parquet(temporary)
