"""Titles by the million: their one spelling, and sets of them that take eight bytes each, on disk."""

from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thuja.jobs import atomic_path


def one_spelling(title: str) -> str:
    """A title as MediaWiki spells it: blanks for underscores, no section, the first letter a capital."""
    title = " ".join(title.partition("#")[0].replace("_", " ").split()).lstrip(":")
    return title[:1].upper() + title[1:]


def hash_of(title: str) -> int:
    """64 bits of a title; two of 20 million titles share them with a chance of 1 in 90,000."""
    return int.from_bytes(blake2b(title.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def hashes_of(titles: Iterable[str]) -> npt.NDArray[np.uint64]:
    """The hashes of titles, sorted, each once."""
    return np.unique(np.fromiter(map(hash_of, titles), dtype=np.uint64))


class TitleSet:
    """Which titles are wanted: sorted hashes, mapped from a file that worker processes share."""

    def __init__(self, hashes: npt.NDArray[np.uint64]) -> None:
        self._hashes = memoryview(np.ascontiguousarray(hashes).data).cast("B").cast("Q")

    def __contains__(self, title: str) -> bool:
        wanted = hash_of(title)
        at = bisect_left(self._hashes, wanted)
        return at < len(self._hashes) and self._hashes[at] == wanted

    def __len__(self) -> int:
        return len(self._hashes)

    @staticmethod
    def write(path: Path, hashes: npt.NDArray[np.uint64]) -> None:
        """Put sorted hashes where `open` maps them from."""
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.save(file, hashes)

    @classmethod
    def open(cls, path: Path) -> "TitleSet":
        """The set in that file; one file is mapped once in a process."""
        return _opened(path)


@lru_cache(maxsize=2)
def _opened(path: Path) -> TitleSet:
    return TitleSet(np.load(path, mmap_mode="r"))
