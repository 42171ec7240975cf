"""Writing shards: same records in, same bytes out, and no shard that looks whole before it is."""

import io
import re
import tarfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from thuja.errors import ThujaError, UsageError
from thuja.jobs import atomic_path
from thuja.phrasing import PHRASES, phrase
from thuja.record import Record

_KEY = re.compile(r"[A-Za-z0-9_-]{1,80}")  # no dot, which ends webdataset's key, and no slash


class ShardWriter:
    """Writes Records and their JPEG bytes into `<prefix>-00000.tar`, `-00001.tar`, ... of a folder.

    A sample is `<uuid>.jpg` and `<uuid>.json`; with `text_keys` also TreeOfLife's ten text members,
    for other trainers. A shard takes its name once it is whole; when the `with` block ends in an
    error, the shard begun is left out. `paths` lists the finished ones.

        with ShardWriter(folder, "train") as writer:
            shard = writer.write(record, jpeg)
    """

    def __init__(
        self, folder: Path, prefix: str = "train", *, max_count: int = 10_000, text_keys: bool = False
    ) -> None:
        if max_count < 1 or not _KEY.fullmatch(prefix):
            raise UsageError(f'a shard needs a plain prefix and at least one sample, got "{prefix}", {max_count}')
        self.folder = Path(folder)
        self.prefix = prefix
        self.max_count = max_count
        self.text_keys = text_keys
        self.paths: list[Path] = []
        self._open = ExitStack()
        self._tar: tarfile.TarFile | None = None
        self._keys: set[str] = set()

    def write(self, record: Record, image: bytes) -> str:
        """Add one sample and return the file name of its shard; raises ThujaError for what would not read back."""
        if not _KEY.fullmatch(record.uuid):
            raise ThujaError(f'a sample is named by its uuid, got "{record.uuid}"', hint="see record.uuid_of_source")
        if record.uuid in self._keys:
            raise ThujaError(f"the record {record.uuid} comes twice in one shard", hint="remove duplicates first")
        if not image.startswith(b"\xff\xd8\xff"):
            message = f"a shard holds JPEG images, {record.uuid} begins with {image[:8]!r}"
            raise ThujaError(message, hint="images.encode_jpeg makes one")
        path = self.folder / f"{self.prefix}-{len(self.paths):05d}.tar"
        if self._tar is None:
            temporary = self._open.enter_context(atomic_path(path))
            self._tar = self._open.enter_context(tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT))  # noqa: SIM115
        for suffix, data in self._members(record, image).items():
            self._tar.addfile(_header(f"{record.uuid}.{suffix}", len(data)), io.BytesIO(data))
        self._keys.add(record.uuid)
        if len(self._keys) == self.max_count:
            self.close()
        return path.name

    def close(self) -> None:
        """Finish the shard begun, if any."""
        if self._tar is None:
            return
        self._open.close()
        self.paths.append(self.folder / f"{self.prefix}-{len(self.paths):05d}.tar")
        self._tar = None
        self._keys = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._open.__exit__(kind, error, traceback)
            self._tar = None

    def _members(self, record: Record, image: bytes) -> dict[str, bytes]:
        members = {"jpg": image, "json": record.to_json().encode()}
        if self.text_keys:
            members |= {f"{kind}.txt": phrase(record.taxon, kind).encode() for kind in PHRASES}
        return members


def _header(name: str, size: int) -> tarfile.TarInfo:
    """No time, no owner: nothing of the day or the machine gets into the bytes."""
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, 0, 0o644
    return info
