"""Neighbours in an order that stays as more of them are asked for, so that pages neither repeat nor skip a picture.

An approximate search for more neighbours may find near ones that the one for fewer had missed. Searches of set sizes
follow each other; each adds behind the others what these had not found.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.search.engine.effort import EXACT, Effort
from thuja.search.filters import Filter
from thuja.search.query.asked import DEEPEST
from thuja.search.query.searched import Searched
from thuja.taxonomy import Taxon

Keys = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]

SIZES: Final = (64, 256, 1024, 4096, 16_384, 65_536, DEEPEST)
"""How many neighbours are sought, one search after the other."""
_EXCLUDED: Final = 256
"""Taxa that a search may leave out: more of them cost more than they spare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Neighbours that are new: keys (n,) and cosines (n,), descending."""

    keys: Keys
    scores: Scores


class Candidates:
    """The `deepest` neighbours of one vector (D,) among the rows that a filter keeps, but for those `without`."""

    def __init__(
        self,
        index: Searched,
        vector: npt.NDArray[np.float32],
        filter: Filter,
        *,
        effort: Effort,
        without: Sequence[int] = (),
        deepest: int = DEEPEST,
    ) -> None:
        self._index, self._vector, self._effort = index, vector, effort
        self._filter, self._deepest = filter, deepest
        self._seen = np.unique(np.asarray(without, dtype=np.int64))
        self.is_exhausted = self._is_narrowed = False

    def leave_out(self, taxa: Sequence[Taxon]) -> None:
        """Seek no more rows of these taxa in what follows, as long as they are not too many."""
        if taxa and len(self._filter.excludes) + len(taxa) <= _EXCLUDED:
            self._filter = replace(self._filter, excludes=(*self._filter.excludes, *taxa))
            self._is_narrowed = True

    def __iter__(self) -> Iterator[Block]:
        known, level = len(self._seen), 0
        sizes = [size for size in SIZES if size <= self._deepest]
        while level < len(sizes):
            size, self._is_narrowed = sizes[level], False
            keys, scores = self._found(max(1, min(size + known, len(self._index))))
            is_there = keys >= 0
            self.is_exhausted = int(is_there.sum()) < size + known
            is_new = is_there & ~np.isin(keys, self._seen)
            block = Block(keys=keys[is_new], scores=scores[is_new])
            self._seen = np.union1d(self._seen, block.keys)
            yield block
            if self.is_exhausted:
                return
            # With the nearest taxa left out, as few neighbours as before are other ones.
            level += not (self._is_narrowed and len(block.keys))

    def _found(self, asked: int) -> tuple[Keys, Scores]:
        """So many neighbours, or as many as the filter keeps: what an approximate search fell short of is sought again.

        Lists that are looked into may hold fewer rows of a filter than there are.
        """
        keys, scores = self._search(asked, self._effort)
        count = int((keys >= 0).sum())
        if count < asked and not self._effort.is_exact and count < min(asked, self._index.count(self._filter)):
            keys, scores = self._search(asked, EXACT)
        return keys, scores

    def _search(self, asked: int, effort: Effort) -> tuple[Keys, Scores]:
        filter = None if self._filter.is_empty else self._filter
        found = self._index.search(self._vector[None], k=asked, filter=filter, effort=effort)
        return found.keys[0], found.scores[0]
