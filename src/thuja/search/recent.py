"""What was used last is kept, up to a bound: the same taxon, licence or text is asked for again and again."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The most recently used values; for any number of threads.

    `most` bounds their number, or what `size_of` says of each added up.

    >>> kept = Recent[str, int](2)
    >>> for name in ("crow", "jay", "crow", "rook"):
    ...     kept.put(name, len(name))
    >>> kept.get("jay"), kept.get("crow"), len(kept)
    (None, 4, 2)
    """

    def __init__(self, most: int, *, size_of: Callable[[V], int] = lambda _: 1) -> None:
        self.most = most
        self._size_of = size_of
        self._held: OrderedDict[K, V] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    @property
    def size(self) -> int:
        """How much is held, as `most` counts."""
        return self._size

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: K) -> V | None:
        """The value under this key; None where it is not held."""
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def put(self, key: K, value: V) -> None:
        """Keep a value and let go of the longest unused; nothing for a key that is held, or a value over the bound."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            elif self._size_of(value) <= self.most:
                self._held[key] = value
                self._size += self._size_of(value)
                while self._size > self.most:
                    self._size -= self._size_of(self._held.popitem(last=False)[1])
