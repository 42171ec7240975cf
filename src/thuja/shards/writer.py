"""Writing shards: same records in, same bytes out, and no shard that looks whole before it is."""

import io
import re
import tarfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

from thuja.errors import EmptyInput, ThujaError, UsageError
from thuja.jobs import atomic_path
from thuja.phrasing import CAPTION, PHRASES, phrase
from thuja.record import Record

_KEY = re.compile(r"[A-Za-z0-9_-]{1,80}")  # no dot, which ends webdataset's key, and no slash
_NAME = re.compile(r"(?P<split>.*?)-?\d+\.tar", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardFacts:
    """What a manifest says of one shard; `split` is what its name begins with, and `bytes` its size as a file."""

    name: str
    split: str
    samples: int
    bytes: int
    sha256: str
    first_key: str
    last_key: str


def split_of_name(name: str) -> str:
    """What a shard's name says of its split: `train` of `train-00000.tar`, nothing of `00000.tar`."""
    match = _NAME.fullmatch(name)
    return match["split"] if match else name.removesuffix(".tar")


def is_key(text: str) -> bool:
    """Whether a sample, or a shard's prefix, can be named so."""
    return _KEY.fullmatch(text) is not None


def shard_name(prefix: str, number: int) -> str:
    """The file name of a prefix's shard of that number."""
    return f"{prefix}-{number:05d}.tar"


def write_shard(path: Path, samples: Iterable[tuple[Record, bytes]], *, text_keys: bool = False) -> ShardFacts:
    """Write one whole shard by itself: Records and their JPEG bytes, in their order.

    The bytes are those that a ShardWriter gives the same samples, and the file takes its name once
    it is whole, so that a killed job goes on at the first shard that is missing. Raises ThujaError
    for a sample that would not read back, and EmptyInput where there is none.
    """
    with _ShardFile(Path(path), text_keys=text_keys) as file:
        for record, image in samples:
            file.add(record, image)
        return file.finish()


class ShardWriter:
    """Writes Records and their JPEG bytes into `<prefix>-00000.tar`, `-00001.tar`, ... of a folder.

    A sample is `<uuid>.jpg` and `<uuid>.json`; with `text_keys` also TreeOfLife's ten text members and
    BioCAP's `caption.txt`, for other trainers. A shard is full at `max_count` samples, or at its number in `sizes` (see
    `even_sizes`) where they are given. It takes its name once it is whole; when the `with` block
    ends in an error, the shard begun is left out. `paths` lists the finished ones, `facts` tells of
    those that this writer finished.

        with ShardWriter(folder, "train", sizes=even_sizes(total, 10_000)) as writer:
            shard = writer.write(record, jpeg)
    """

    def __init__(
        self,
        folder: Path,
        prefix: str = "train",
        *,
        max_count: int = 10_000,
        sizes: Sequence[int] | None = None,
        text_keys: bool = False,
    ) -> None:
        if min([max_count, *(sizes or ())]) < 1:
            raise UsageError(f"a shard holds at least one sample, got {max_count} a shard, sizes {sizes}")
        if not is_key(prefix):
            raise UsageError(f'a shard needs a plain prefix, got "{prefix}"', hint="letters, digits, - and _")
        self.folder = Path(folder)
        self.prefix = prefix
        self.max_count = max_count
        self.sizes = sizes
        self.text_keys = text_keys
        self.paths: list[Path] = []
        self.facts: list[ShardFacts] = []
        self._file: _ShardFile | None = None

    def write(self, record: Record, image: bytes) -> str:
        """Add one sample and return the file name of its shard; raises ThujaError for what would not read back."""
        number = len(self.paths)
        if self.sizes is not None and number >= len(self.sizes):
            raise UsageError(f"{self.prefix} has more samples than its {len(self.sizes)} shards hold")
        if self._file is None:
            self._file = _ShardFile(self.folder / shard_name(self.prefix, number), text_keys=self.text_keys)
        self._file.add(record, image)
        name = self._file.path.name
        if self._file.samples == (self.max_count if self.sizes is None else self.sizes[number]):
            self.close()
        return name

    def close(self) -> None:
        """Finish the shard begun, if any."""
        if self._file is None:
            return
        file, self._file = self._file, None
        if file.samples:
            self.facts.append(file.finish())
            self.paths.append(file.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        elif self._file is not None:
            self._file.__exit__(kind, error, traceback)
            self._file = None


class _ShardFile:
    """One shard being written; nothing is on disk before its first sample, nor stays there unfinished."""

    def __init__(self, path: Path, *, text_keys: bool) -> None:
        self.path = path
        self._text_keys = text_keys
        self._open = ExitStack()
        self._tar: tarfile.TarFile | None = None
        self._hashed: _Hashed | None = None
        self._keys: set[str] = set()
        self._first = self._last = ""

    @property
    def samples(self) -> int:
        return len(self._keys)

    def add(self, record: Record, image: bytes) -> None:
        """Write one sample's members."""
        self._refuse(record, image)
        for suffix, data in self._members(record, image).items():
            self._opened().addfile(_header(f"{record.uuid}.{suffix}", len(data)), io.BytesIO(data))
        self._keys.add(record.uuid)
        self._first = self._first or record.uuid
        self._last = record.uuid

    def finish(self) -> ShardFacts:
        """End the tar, put it in its place, and tell of it."""
        if self._hashed is None or self._tar is None:
            raise EmptyInput(f"no sample for the shard {self.path}", hint="a shard holds at least one")
        self._tar.close()  # writes the end mark, before the hash is read
        self._open.close()
        return ShardFacts(
            name=self.path.name,
            split=split_of_name(self.path.name),
            samples=self.samples,
            bytes=self._hashed.size,
            sha256=self._hashed.hash.hexdigest(),
            first_key=self._first,
            last_key=self._last,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, traceback)

    def _opened(self) -> tarfile.TarFile:
        if self._tar is None:
            temporary = self._open.enter_context(atomic_path(self.path))
            self._hashed = _Hashed(self._open.enter_context(temporary.open("wb")))
            file = cast(BinaryIO, self._hashed)  # a tar being written needs `write` and `tell` alone
            self._tar = self._open.enter_context(tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT))  # noqa: SIM115
        return self._tar

    def _refuse(self, record: Record, image: bytes) -> None:
        if not is_key(record.uuid):
            raise ThujaError(f'a sample is named by its uuid, got "{record.uuid}"', hint="see record.uuid_of_source")
        if record.uuid in self._keys:
            raise ThujaError(f"the record {record.uuid} comes twice in one shard", hint="remove duplicates first")
        if not image.startswith(b"\xff\xd8\xff"):
            message = f"a shard holds JPEG images, {record.uuid} begins with {image[:8]!r}"
            raise ThujaError(message, hint="images.encode_jpeg makes one")

    def _members(self, record: Record, image: bytes) -> dict[str, bytes]:
        members = {"jpg": image, "json": record.to_json().encode()}
        if self._text_keys:
            members |= {f"{kind}.txt": phrase(record.taxon, kind).encode() for kind in PHRASES}
            members |= {f"{CAPTION}.txt": record.caption.encode()} if record.caption else {}
        return members


class _Hashed:
    """A file being written front to back, hashed on its way."""

    def __init__(self, file: io.BufferedWriter) -> None:
        self._file = file
        self.hash = sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Pass the bytes on."""
        self.hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    def tell(self) -> int:
        """How much was written."""
        return self.size


def _header(name: str, size: int) -> tarfile.TarInfo:
    """No time, no owner: nothing of the day or the machine gets into the bytes."""
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, 0, 0o644
    return info
