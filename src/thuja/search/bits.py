"""A set of rows of one segment, a bit a row: what a filter keeps, what was deleted."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

_FEW_RANGES = 500
"""So many are filled one by one; more are drawn as a mask, a byte a row."""


@dataclass(frozen=True, kw_only=True)  # no slots: the count is kept once it is known
class Bits:
    """Rows of a segment of `size` rows. `packed` is (ceil(size / 8),) uint8, the first row in the lowest bit.

    Bits past `size` are zero.

    >>> kept = Bits.from_rows([1, 9], size=10)
    >>> kept.count, (kept & Bits.from_range(0, 5, size=10)).rows().tolist(), kept.inverted().count
    (2, [1], 8)
    """

    packed: npt.NDArray[np.uint8]
    size: int

    def __post_init__(self) -> None:
        assert self.packed.dtype == np.uint8, self.packed.dtype
        assert self.packed.shape == ((self.size + 7) // 8,), (self.packed.shape, self.size)

    @classmethod
    def from_mask(cls, mask: npt.ArrayLike) -> "Bits":
        """The rows where a mask (size,) is true."""
        wanted = np.asarray(mask, dtype=bool)
        return cls(packed=np.packbits(wanted, bitorder="little"), size=len(wanted))

    @classmethod
    def from_rows(cls, rows: npt.ArrayLike, *, size: int) -> "Bits":
        """These rows, in any order."""
        mask = np.zeros(size, dtype=bool)
        mask[np.asarray(rows, dtype=np.int64)] = True
        return cls.from_mask(mask)

    @classmethod
    def from_range(cls, start: int, stop: int, *, size: int) -> "Bits":
        """The rows from `start` up to `stop`."""
        packed = np.zeros((size + 7) // 8, dtype=np.uint8)
        _fill(packed, max(start, 0), min(stop, size))
        return cls(packed=packed, size=size)

    @classmethod
    def from_ranges(cls, starts: npt.ArrayLike, stops: npt.ArrayLike, *, size: int) -> "Bits":
        """The rows of ranges that ascend and do not overlap, each from its start up to its stop."""
        first, last = np.asarray(starts, dtype=np.int64), np.asarray(stops, dtype=np.int64)
        if len(first) > _FEW_RANGES:
            edges = np.column_stack([first, last]).ravel()
            lengths = np.diff(edges, prepend=0, append=size)
            return cls.from_mask(np.repeat(np.arange(len(lengths)) % 2 == 1, lengths))
        packed = np.zeros((size + 7) // 8, dtype=np.uint8)
        for start, stop in zip(first.tolist(), last.tolist(), strict=True):
            _fill(packed, start, stop)
        return cls(packed=packed, size=size)

    @classmethod
    def all(cls, size: int) -> "Bits":
        """Every row."""
        return cls.from_range(0, size, size=size)

    @cached_property
    def count(self) -> int:
        """How many rows it holds."""
        return int(np.bitwise_count(self.packed).sum(dtype=np.int64))

    def __and__(self, other: "Bits") -> "Bits":
        assert self.size == other.size, (self.size, other.size)
        return Bits(packed=self.packed & other.packed, size=self.size)

    def __or__(self, other: "Bits") -> "Bits":
        assert self.size == other.size, (self.size, other.size)
        return Bits(packed=self.packed | other.packed, size=self.size)

    def inverted(self) -> "Bits":
        """The rows that it does not hold."""
        flipped = ~self.packed
        if self.size % 8:
            flipped[-1] &= (1 << self.size % 8) - 1
        return Bits(packed=flipped, size=self.size)

    def mask(self) -> npt.NDArray[np.bool_]:
        """True where it holds the row: (size,)."""
        return np.unpackbits(self.packed, count=self.size, bitorder="little").view(np.bool_)

    def rows(self) -> npt.NDArray[np.int64]:
        """The rows that it holds, ascending."""
        return np.flatnonzero(self.mask())


def _fill(packed: npt.NDArray[np.uint8], start: int, stop: int) -> None:
    """Set the bits from `start` up to `stop`, without a byte a row in between."""
    if start >= stop:
        return
    first, last = start >> 3, stop >> 3
    head, tail = 0xFF << (start & 7) & 0xFF, (1 << (stop & 7)) - 1
    if first == last:
        packed[first] |= head & tail
        return
    packed[first] |= head
    packed[first + 1 : last] = 0xFF
    if tail:
        packed[last] |= tail
