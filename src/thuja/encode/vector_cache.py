"""Vectors of images on disk, under the SHA-256 of the images' bytes: no image goes through a tower twice.

A piece is Parquet as `Embeddings.save` writes it, moved into its place when whole and called by the hash of its bytes.
So a writer may be killed at any time, writers beside each other only ever add, and a piece that is damaged is found
out, told and passed over.
"""

import hashlib
import json
import logging
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from thuja.embeddings import Embeddings, Vectors
from thuja.images import Preparation
from thuja.jobs import atomic_path, in_one_sentence, write_json

logger = logging.getLogger(__name__)

KIND: Final = "kind.json"
"""Stands in the folder of one kind of vectors, and says what they are of."""
PIECE_ROWS: Final = 4096
"""Vectors in one piece at most: 12 MB of 768 numbers."""
PIECE_SECONDS: Final = 60.0
"""Age of a vector at which it is written whatever the piece's size: what a kill may cost."""
_ROWS: Final = 1 << 32
"""A place is the number of a piece times this, and the row in it: one whole number takes a third of a pair's memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What the vectors of one folder have in common: the tower before any head, and how images come to it.

    `precision` is what the tower computes in, `dtype` what is kept; `is_exact` tells full decoding from a scaled one.
    """

    tower: str
    preparation: Preparation
    precision: str
    dtype: str
    is_exact: bool

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "tower": self.tower,
            "preparation": self.preparation.to_dict(),
            "precision": self.precision,
            "dtype": self.dtype,
            "is_exact": self.is_exact,
        }

    @property
    def name(self) -> str:
        """The folder's name: the tower's, and a hash of everything."""
        told = hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()
        return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', self.tower)}-{told[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much a cache holds on disk."""

    vectors: int
    pieces: int
    bytes: int


class VectorCache:
    """The vectors of one kind in a folder of theirs below `folder`.

    In memory are the images' hashes alone, some 200 bytes each; vectors are read when they are asked for, by pieces.
    """

    def __init__(self, folder: Path, kind: Kind) -> None:
        self.folder = Path(folder) / kind.name
        self._kind = kind
        self._lock = threading.RLock()
        self._pieces: list[Path] = []
        self._sound: set[int] = set()
        self._broken: set[int] = set()
        self._places: dict[bytes, int] = {}
        self._unsaved: dict[bytes, Vectors] = {}
        self._oldest = 0.0
        for path in sorted(self.folder.glob("piece-*.parquet")):
            self._pieces.append(path)
            self._enter(len(self._pieces) - 1)

    def __contains__(self, key: bytes) -> bool:
        """Whether the vector of the image of this SHA-256 is here, in a piece that is sound. Threads may ask."""
        while (place := self._places.get(key)) is not None:
            if self._is_sound(place // _ROWS):
                return True
        return key in self._unsaved

    def add(self, key: bytes, vector: Vectors) -> None:
        """Keep one image's vector (F,), in the cache's own number format, on disk when there is a piece of them."""
        with self._lock:
            if not self._unsaved:
                self._oldest = time.monotonic()
            self._unsaved[key] = vector.astype(self._kind.dtype)
            is_due = len(self._unsaved) >= PIECE_ROWS or time.monotonic() - self._oldest > PIECE_SECONDS
        if is_due:
            self.save()

    def save(self) -> None:
        """Write what is not on disk yet; raises UsageError or ThujaError where the disk refuses."""
        with self._lock:
            if not self._unsaved:
                return
            data = self._packed(list(self._unsaved), np.stack(list(self._unsaved.values())))
            path = self.folder / f"piece-{hashlib.sha256(data).hexdigest()[:16]}.parquet"
            if not (self.folder / KIND).is_file():
                write_json(self.folder / KIND, self._kind.to_dict())
            with (
                in_one_sentence(path, hint="make room, and run the same command again: what is there is kept"),
                atomic_path(path) as temporary,
            ):
                temporary.write_bytes(data)
            number = len(self._pieces)
            self._pieces.append(path)
            self._sound.add(number)
            self._places.update((key, number * _ROWS + row) for row, key in enumerate(self._unsaved))
            self._unsaved.clear()

    def pieces(self, keys: Sequence[bytes]) -> Iterator[tuple[npt.NDArray[np.int64], Vectors]]:
        """The vectors of these images: positions among `keys` and their rows (K, F), a piece at a time, each read once.

        Raises KeyError for an image that is not here, BadFile for a piece that was changed since it was looked at.
        """
        self.save()
        places = np.array([self._places[key] for key in keys], dtype=np.int64)
        order = np.argsort(places, kind="stable")
        numbers, starts = np.unique(places[order] // _ROWS, return_index=True)
        for number, rows in zip(numbers.tolist(), np.split(order, starts[1:]), strict=False):
            yield rows, Embeddings.load(self._pieces[number]).vectors[places[rows] % _ROWS]

    def size(self) -> Size:
        """What is on disk and sound so far as it was looked at."""
        files = [path for number, path in enumerate(self._pieces) if number not in self._broken]
        return Size(vectors=len(self._places), pieces=len(files), bytes=sum(path.stat().st_size for path in files))

    def _packed(self, keys: Sequence[bytes], vectors: Vectors) -> bytes:
        piece = Embeddings(
            ids=[key.hex() for key in keys],
            vectors=vectors,
            model=self._kind.tower,
            is_normalized=False,
            preparation=self._kind.preparation.name,
            precision=self._kind.precision,
        )
        sink = pa.BufferOutputStream()
        pq.write_table(piece.to_table(), sink, compression="none", use_dictionary=False)
        data: bytes = sink.getvalue().to_pybytes()
        return data

    def _enter(self, number: int) -> None:
        """Enter the images of a piece that are in no other one."""
        try:
            ids = pq.read_table(self._pieces[number], columns=["uuid"]).column("uuid").to_pylist()
            keys = [bytes.fromhex(one) for one in ids]
        except (pa.ArrowException, OSError, ValueError, TypeError, KeyError):
            self._pass_over(number)
            return
        for row, key in enumerate(keys):
            self._places.setdefault(key, number * _ROWS + row)

    def _is_sound(self, number: int) -> bool:
        """Whether a piece's bytes are those that it is called by; they are read once in a process."""
        if number in self._sound:
            return True
        with self._lock:
            if number not in self._sound and number not in self._broken and self._fits_its_name(number):
                self._sound.add(number)
            if number not in self._sound:
                self._forget(number)
            return number in self._sound

    def _fits_its_name(self, number: int) -> bool:
        try:
            digest = hashlib.sha256(self._pieces[number].read_bytes()).hexdigest()
        except OSError:
            return False
        return self._pieces[number].stem == f"piece-{digest[:16]}"

    def _forget(self, number: int) -> None:
        """Leave a broken piece out; an image of it that is in another piece too is found there."""
        if number not in self._broken:
            self._pass_over(number)
        places = {key: place for key, place in self._places.items() if place // _ROWS != number}
        is_less = len(places) < len(self._places)
        self._places = places
        for other in range(len(self._pieces) if is_less else 0):
            if other not in self._broken:
                self._enter(other)

    def _pass_over(self, number: int) -> None:
        """Say that a piece is broken, and set it aside so that it is told once."""
        path = self._pieces[number]
        self._broken.add(number)
        logger.warning("%s is broken and passed over: the images in it are encoded again", path)
        with suppress(OSError):  # another process was faster, or this one may not write here
            path.rename(path.with_suffix(".broken"))


def sizes(folder: Path) -> dict[str, Size]:
    """How much a cache folder holds of each tower's vectors, by the name of the folder of its kind."""
    found: dict[str, Size] = {}
    for kind in sorted(Path(folder).glob(f"*/{KIND}")):
        files = sorted(kind.parent.glob("piece-*.parquet"))
        found[kind.parent.name] = Size(
            vectors=sum(_rows_in(path) for path in files),
            pieces=len(files),
            bytes=sum(path.stat().st_size for path in files),
        )
    return found


def _rows_in(path: Path) -> int:
    try:
        rows: int = pq.read_metadata(path).num_rows
    except (pa.ArrowException, OSError):
        logger.warning("%s is broken: the images in it are encoded again", path)
        return 0
    return rows
