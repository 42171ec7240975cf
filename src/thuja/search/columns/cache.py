"""Rows that a condition keeps, remembered: the same taxon and licence are asked for again and again."""

from collections.abc import Callable, Hashable
from typing import Final

from thuja.search.bits import Bits
from thuja.search.recent import Recent

Kept = tuple[Bits | None, ...]
"""The rows of each segment, None for all of them."""
_LEAST_BYTES: Final = 64 << 20
_SETS: Final = 32
"""Sets over all rows of a large index: 4 bytes a row, where a vector of 512 numbers has 1,024."""


class BitsCache:
    """The most recently used sets of rows, up to so many bytes in all; for any number of threads.

    Two threads that ask for the same new set at once both make it: it costs milliseconds, and nobody waits.
    """

    def __init__(self, most_bytes: int = _LEAST_BYTES) -> None:
        self._held: Recent[Hashable, Kept] = Recent(most_bytes, size_of=_bytes)

    @classmethod
    def of_rows(cls, rows: int) -> "BitsCache":
        """For an index of so many rows: a few filters of two or three conditions find room whatever its size."""
        return cls(max(_LEAST_BYTES, _SETS * (rows // 8)))

    @property
    def bytes(self) -> int:
        """What is held."""
        return self._held.size

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: Hashable, make: Callable[[], Bits]) -> Bits:
        """The set under this key, made where it is not held. A set greater than the whole cache is not kept."""
        (found,) = self.get_all(key, lambda: (make(),))
        assert found is not None, "made as a set"
        return found

    def get_all(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """The same for sets of several segments."""
        found = self._held.get(key)
        if found is None:
            found = make()
            self._held.put(key, found)
        return found


def _bytes(sets: Kept) -> int:
    return sum(one.packed.nbytes for one in sets if one is not None)
