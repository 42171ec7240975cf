"""Rows that a condition keeps, remembered: the same taxon and licence are asked for again and again."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from thuja.search.bits import Bits

Kept = tuple[Bits | None, ...]
"""The rows of each segment, None for all of them."""


class BitsCache:
    """The most recently used sets of rows, up to so many bytes in all; for any number of threads.

    Two threads that ask for the same new set at once both make it: it costs milliseconds, and nobody waits.
    """

    def __init__(self, most_bytes: int = 64 << 20) -> None:
        self.most_bytes = most_bytes
        self._held: OrderedDict[Hashable, Kept] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    @property
    def bytes(self) -> int:
        """What is held."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: Hashable, make: Callable[[], Bits]) -> Bits:
        """The set under this key, made where it is not held. A set greater than the whole cache is not kept."""
        (found,) = self.get_all(key, lambda: (make(),))
        assert found is not None, "made as a set"
        return found

    def get_all(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """The same for sets of several segments."""
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
                return found
        made = make()
        with self._lock:
            if key not in self._held and _bytes(made) <= self.most_bytes:
                self._held[key] = made
                self._bytes += _bytes(made)
                while self._bytes > self.most_bytes:
                    self._bytes -= _bytes(self._held.popitem(last=False)[1])
        return made


def _bytes(sets: Kept) -> int:
    return sum(one.packed.nbytes for one in sets if one is not None)
