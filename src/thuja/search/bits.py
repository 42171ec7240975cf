"""A set of rows of one segment, a bit a row: what a filter keeps, what was deleted."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt


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
        mask = np.zeros(size, dtype=bool)
        mask[start:stop] = True
        return cls.from_mask(mask)

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
