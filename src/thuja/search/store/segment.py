"""One segment of an index, opened: its vectors and codes, its columns, its rows and thumbnails."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.errors import BadFile
from thuja.search.columns import BitsCache, ColumnKind, SegmentColumns
from thuja.search.engine.codes import Codes
from thuja.search.engine.vectors import VECTORS, Vectors
from thuja.search.manifest import FACTS, SegmentFacts
from thuja.search.store.places import Place
from thuja.search.store.rows import BATCH, ROWS, StoredRows
from thuja.search.store.thumbnails import OFFSETS, Thumbnails
from thuja.search.store.versions import segment_folder

COLUMNS: Final = "columns"
_READ_IN_PLACE: Final = (VECTORS, ROWS, "thumbnails.bin")
"""Too large to be copied to this machine; all else is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """A file of a segment, by its path below the segment's folder."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFiles:
    """What `segment.json` says."""

    rows: int
    dim: int
    files: tuple[FileFacts, ...]

    @classmethod
    def read(cls, place: Place, name: str, *, owner: object = None) -> "SegmentFiles":
        """Of one segment, which stays on this machine for as long as `owner` lives; raises BadFile."""
        path = f"{segment_folder(name)}/{FACTS}"
        try:
            if owner is not None:
                place.hold(path, owner)  # first: what is not held may be gone before it is read
            said: dict[str, Any] = json.loads(place.fetched(path).read_text(encoding="utf-8"))
            files = tuple(FileFacts(**one) for one in said["files"])
            if not all(_is_below(one.name) and isinstance(one.bytes, int) for one in files):
                raise ValueError("it names a file outside of the segment, or one of no size")
            return cls(rows=int(said["rows"]), dim=int(said["dim"]), files=files)
        except FileNotFoundError as error:
            raise BadFile(f"{place.name}/{path} is missing", hint="thuja index check says what else is") from error
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise BadFile(f"{place.name}/{path} cannot be read: {error}") from error

    @property
    def names(self) -> set[str]:
        """Every file's path."""
        return {one.name for one in self.files}

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(one.bytes for one in self.files)


class Segment:
    """Safe from several threads at once; it never changes, so that every version that names it shares it."""

    def __init__(
        self, place: Place, facts: SegmentFacts, *, kinds: Mapping[str, ColumnKind], cache: BitsCache | None = None
    ) -> None:
        self.name, self.rows = facts.name, facts.rows
        self.files = SegmentFiles.read(place, facts.name, owner=self)
        folder = segment_folder(facts.name)
        if self.files.rows != facts.rows:
            raise BadFile(f"{place.name}/{folder} has {self.files.rows:,} rows where {facts.rows:,} are expected")
        try:
            here = self._fetched(place, folder)
            self.vectors: Vectors = place.vectors(f"{folder}/{VECTORS}", (self.rows, self.files.dim))
            self.codes = Codes.open(here, self.vectors)
            self.columns = SegmentColumns.open(here / COLUMNS, kinds=kinds, cache=cache)
            self.stored = StoredRows(place, f"{folder}/{ROWS}")
            self.thumbnails = Thumbnails(place, folder, self.rows) if OFFSETS in self.files.names else None
        except FileNotFoundError as error:
            raise BadFile(
                f"a file of the segment {facts.name} is missing: {error}", hint="thuja index check says which"
            ) from error

        if len(self.columns) != self.rows or self.stored.batches != -(-self.rows // BATCH):
            raise BadFile(f"{place.name}/{folder} has parts of several segments", hint="thuja index check says which")

    def _fetched(self, place: Place, folder: str) -> Path:
        """The folder on this machine with all of it that is not read in place."""
        needed = [f"{folder}/{name}" for name in sorted(self.files.names - set(_READ_IN_PLACE))]
        list(place.spread(place.fetched, needed))
        return place.fetched(f"{folder}/{FACTS}").parent

    def take(self, rows: npt.NDArray[np.int64], columns: Sequence[str] | None) -> pa.Table:
        """Rows by number, in this order."""
        return self.stored.take(rows, columns)

    def has_thumbnail(self, row: int) -> bool:
        """Whether a row has one."""
        return self.thumbnails is not None and self.thumbnails.has(row)

    def thumbnail(self, row: int) -> bytes | None:
        """The JPEG bytes of a row's small picture."""
        return self.thumbnails.read(row) if self.thumbnails is not None else None


def _is_below(name: str) -> bool:
    """Whether a path leads nowhere but below the folder that it is taken from."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in name
