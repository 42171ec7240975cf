"""The vectors of one segment: float16 rows of unit length, read by run or by row, mapped or from elsewhere."""

from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from thuja.errors import BadFile

Halves = npt.NDArray[np.float16]
Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

VECTORS: Final = "vectors.f16"
"""Rows end to end in little-endian float16, without a header."""
HALF: Final = np.dtype("<f2")


class Vectors(Protocol):
    """(N, D) vectors. What reads them from object storage has the same two methods."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and length of a row."""

    def run(self, start: int, stop: int) -> Halves:
        """The rows from `start` up to `stop`."""

    def take(self, rows: Rows) -> Halves:
        """These rows, in this order."""


class MappedVectors:
    """Vectors in memory, or in a mapped file of which only what is read is loaded."""

    def __init__(self, halves: Halves) -> None:
        self.halves = halves

    @classmethod
    def open(cls, path: Path, dim: int) -> "MappedVectors":
        """Map a file; raises BadFile where its length is not of whole rows."""
        size = path.stat().st_size
        if size % (HALF.itemsize * dim):
            raise BadFile(f"{path} holds {size} bytes, which are no whole rows of {dim} numbers")
        shape = (size // (HALF.itemsize * dim), dim)
        if not shape[0]:  # an empty file can not be mapped
            return cls(np.zeros(shape, dtype=HALF))
        return cls(np.memmap(path, dtype=HALF, mode="r", shape=shape))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and length of a row."""
        rows, dim = self.halves.shape
        return rows, dim

    def run(self, start: int, stop: int) -> Halves:
        """The rows from `start` up to `stop`, without a copy."""
        return self.halves[start:stop]

    def take(self, rows: Rows) -> Halves:
        """A copy of these rows."""
        return self.halves[rows]
