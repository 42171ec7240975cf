"""A backbone that a machine of a cluster opens: where it lay, and how to tell that it is the same there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from thuja.errors import BadFile
from thuja.jobs import cache_folder

_EDGE = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A backbone's folder or file on the machine that asks, and its seal (see `seal_of`)."""

    source: Path
    seal: str

    def copy(self) -> Path:
        """Where this machine keeps a copy that was sent to it."""
        return cache_folder() / "sent-backbones" / self.seal / self.source.name

    def is_here(self) -> bool:
        """Whether this machine can open it, from where it lay or from a copy."""
        return self._is_shared() or self.copy().exists()

    def path(self) -> Path:
        """What this machine opens. Raises BadFile where there is neither the same backbone nor a copy."""
        if self._is_shared():
            return self.source
        if self.copy().exists():
            return self.copy()
        raise BadFile(
            f"the backbone {self.source} is not on this machine of the cluster",
            hint="machines that join later need it on a file system that all share",
        )

    def _is_shared(self) -> bool:
        return self.source.exists() and seal_of(self.source) == self.seal


def files_of(path: Path) -> list[Path]:
    """The files of a store, or the one file that a table is, sorted."""
    return sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]


def seal_of(path: Path) -> str:
    """What tells two backbones apart: of every file its name, its size and both its ends.

    The middle of large files is not read, so that a store is still mapped and not loaded.
    """
    digest = sha256()
    for file in files_of(path):
        size = file.stat().st_size
        digest.update(json.dumps([file.name, size]).encode())
        for part in _ends(file, size):
            digest.update(part)
    return digest.hexdigest()[:32]


def _ends(file: Path, size: int) -> Iterator[bytes]:
    with file.open("rb") as stream:
        yield stream.read(_EDGE)
        stream.seek(max(size - _EDGE, 0))
        yield stream.read(_EDGE)
