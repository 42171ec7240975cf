"""Small pictures of a segment's rows: JPEG bytes end to end, and where each begins."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from thuja.errors import BadFile
from thuja.search.bits import Bits
from thuja.search.store.places import Place

BYTES: Final = "thumbnails.bin"
OFFSETS: Final = "thumbnails.npy"


class Pictures(Protocol):
    """Where thumbnails come from while a segment is written."""

    def jpegs(self, uuids: Sequence[str]) -> Iterable[bytes | None]:
        """Of each of some rows, None for one that has none."""


def write_thumbnails(folder: Path, uuids: Iterator[Sequence[str]], pictures: Pictures) -> int:
    """Write those of rows in their order, which come in blocks; returns how many there are. Nothing where none."""
    sizes: list[int] = []
    with (folder / BYTES).open("wb") as file:
        for block in uuids:
            for jpeg in pictures.jpegs(block):
                sizes.append(len(jpeg or b""))
                file.write(jpeg or b"")
    offsets = np.concatenate([np.zeros(1, np.uint64), np.cumsum(np.asarray(sizes, dtype=np.uint64))])
    if not offsets[-1]:
        (folder / BYTES).unlink()
        return 0
    np.save(folder / OFFSETS, offsets.astype("<u8"))
    return sum(size > 0 for size in sizes)


class Thumbnails:
    """Those of a segment, read one at a time."""

    def __init__(self, place: Place, folder: str, rows: int) -> None:
        """Open those of so many rows; raises BadFile for a list that is none of theirs."""
        self._bytes = place.opened(f"{folder}/{BYTES}")
        try:
            self._offsets = np.load(place.fetched(f"{folder}/{OFFSETS}"), mmap_mode="r")
        except (EOFError, ValueError) as error:
            raise BadFile(f"{place.name}/{folder}/{OFFSETS} cannot be read: {error}") from error
        if self._offsets.shape != (rows + 1,) or self._offsets.dtype != np.dtype("<u8"):
            raise BadFile(f"{place.name}/{folder}/{OFFSETS} is not of {rows:,} rows")

    def has(self, row: int) -> bool:
        """Whether a row has one, at the cost of a look at two numbers."""
        return bool(self._offsets[row + 1] > self._offsets[row])

    def rows(self) -> Bits:
        """The rows that have one."""
        return Bits.from_mask(np.diff(self._offsets) > 0)

    def read(self, row: int) -> bytes | None:
        """The JPEG bytes of a row."""
        start, stop = int(self._offsets[row]), int(self._offsets[row + 1])
        return self._bytes.read_at(stop - start, start) if stop > start else None
