"""From neighbours to what is shown: near-duplicates fall together, a group shows its best, what is alike is spread.

Each step takes neighbours in their order and lets them through one after another, so that what stands on a page does
not hang on how many pages are asked for.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.errors import UnknownName, UsageError
from thuja.search.query.candidates import Block
from thuja.search.query.searched import Searched
from thuja.taxonomy import RANKS, Rank, Taxon

Floats = npt.NDArray[np.float32]

ALIKE: Final = ("observation_id", "pdq")
"""Columns whose equal values tell near-duplicates, where an index has them."""
_SPREAD_OVER: Final = 4
"""Times k: how many neighbours compete for the places of one page where they are to differ."""


@dataclass(slots=True)
class Chosen:
    """A neighbour that is shown, the value of its group, and how many near-duplicates it stands for."""

    key: int
    score: float
    group: str = ""
    copies: int = 0


def each(blocks: Iterable[Block]) -> Iterator[Sequence[Chosen]]:
    """Neighbours as they are, block by block."""
    for block in blocks:
        pairs = zip(block.keys.tolist(), block.scores.tolist(), strict=True)
        yield [Chosen(key=key, score=score) for key, score in pairs]


def collapsed(index: Searched, blocks: Iterable[Sequence[Chosen]], cosine: float) -> Iterator[Sequence[Chosen]]:
    """Let through what is less like everything before it than `cosine`, and of no observation or hash seen there.

    What stays counts the others as its copies.
    """
    kept: list[Chosen] = []
    vectors = np.zeros((0, index.dim), dtype=np.float32)
    names = [name for name in ALIKE if name in index.columns]
    owners: dict[tuple[str, str], Chosen] = {}
    for block in blocks:
        keys = [one.key for one in block]
        here = np.asarray(index.vectors(keys), dtype=np.float32)
        signs = _signs(index, keys, names)
        before, among = here @ vectors.T, here @ here.T  # (n, kept), (n, n)
        first, new = len(kept), list[int]()
        for row, one in enumerate(block):
            owner = next((owners[sign] for sign in signs[row] if sign in owners), None)
            if owner is None:
                likeness = np.concatenate([before[row], among[row, new]])
                best = int(likeness.argmax()) if len(likeness) else -1
                owner = kept[best] if best >= 0 and likeness[best] >= cosine else None
            if owner is None:
                kept.append(one)
                new.append(row)
            else:
                owner.copies += 1
            owners.update(dict.fromkeys(signs[row], owner or one))
        vectors = np.concatenate([vectors, here[new]])
        yield kept[first:]


def _signs(index: Searched, keys: Sequence[int], names: Sequence[str]) -> list[list[tuple[str, str]]]:
    """What each row has that tells its near-duplicates."""
    if not names or not keys:
        return [[] for _ in keys]
    rows = index.rows(keys, names).to_pylist()
    return [[(name, str(row[name])) for name in names if row[name]] for row in rows]


@dataclass(slots=True)
class Groups:
    """Lets the first `per_group` of every group through; those without the rank or value are one group, "".

    `full` are the taxa of which there is enough, for who seeks the others.
    """

    index: Searched
    by: str
    per_group: int
    _counts: Counter[Taxon | str] = field(default_factory=Counter)
    _full: list[Taxon] = field(default_factory=list)

    def __post_init__(self) -> None:
        known = [rank.label for rank in RANKS]
        if self.by not in known and self.by not in self.index.columns:
            raise UnknownName.of("rank or column to group by", self.by, [*known, *self.index.columns])
        if self.by in known and self.by not in self.index.columns:
            raise UsageError(f"this index has no names at the rank {self.by}", hint="group by a column that it has")

    def through(self, blocks: Iterable[Sequence[Chosen]]) -> Iterator[Sequence[Chosen]]:
        """The best of each group, block by block."""
        for block in blocks:
            passed = []
            for one, (group, name) in zip(block, self._groups([one.key for one in block]), strict=True):
                self._counts[group] += 1
                if self._counts[group] <= self.per_group:
                    one.group = name
                    passed.append(one)
                if self._counts[group] == self.per_group and isinstance(group, Taxon) and name:
                    self._full.append(group)
            yield passed

    def take_full(self) -> Sequence[Taxon]:
        """The taxa that became full since this was asked."""
        full, self._full = self._full, []
        return full

    def _groups(self, keys: Sequence[int]) -> Iterator[tuple[Taxon | str, str]]:
        """The group of each row, and what it is called."""
        rank = next((rank for rank in RANKS if rank.label == self.by), None)
        if rank is None:
            for row in self.index.rows(keys, [self.by]).to_pylist() if keys else []:
                value = "" if row[self.by] is None else str(row[self.by])
                yield value, value
            return
        labels = [label for label in (above.label for above in RANKS[: rank + 1]) if label in self.index.columns]
        for row in self.index.rows(keys, labels).to_pylist() if keys else []:
            yield _clade(Taxon.from_columns(row), rank)


def _clade(taxon: Taxon, rank: Rank) -> tuple[Taxon | str, str]:
    """The taxon at a rank, and its name; no taxon where the lineage has no name there."""
    if not taxon[rank]:
        return "", ""
    cut = taxon.at(rank)
    return cut, cut.scientific_name


def spread(
    blocks: Iterable[Sequence[Chosen]], vectors_of: Callable[[Sequence[int]], Floats], *, diversity: float, page: int
) -> Iterator[Sequence[Chosen]]:
    """Put what is alike apart: maximal marginal relevance (Carbonell and Goldstein, 1998) among `_SPREAD_OVER` pages.

    Next comes what has the greatest (1 - diversity) x relevance - diversity x likeness to its nearest predecessor on
    the page. Both run from 0 to 1 over the neighbours that compete: cosines between pictures are great and those with a
    text small, so that neither could be weighed against the other as it is.
    """
    stream = (one for block in blocks for one in block)
    waiting: list[Chosen] = []
    while True:
        waiting += islice(stream, max(0, _SPREAD_OVER * page - len(waiting)))
        if not waiting:
            return
        order = _marginal(waiting, np.asarray(vectors_of([one.key for one in waiting])), diversity, most=page)
        yield [waiting[place] for place in order]
        taken = set(order)
        waiting = [one for place, one in enumerate(waiting) if place not in taken]


def _marginal(pool: Sequence[Chosen], vectors: Floats, diversity: float, *, most: int) -> list[int]:
    """The first `most` places of a pool in the order of their marginal relevance."""
    relevance = _scaled(np.array([one.score for one in pool], dtype=np.float32))
    likeness = _scaled(vectors @ vectors.T)  # (n, n)
    order: list[int] = []
    nearest = np.zeros(len(pool), dtype=np.float32)
    is_free = np.ones(len(pool), dtype=bool)
    for _ in range(min(most, len(pool))):
        worth = (1 - diversity) * relevance - diversity * nearest
        place = int(np.where(is_free, worth, -np.inf).argmax())
        order.append(place)
        is_free[place] = False
        np.maximum(nearest, likeness[place], out=nearest)
    return order


def _scaled(numbers: Floats) -> Floats:
    low, high = float(numbers.min()), float(numbers.max())
    return np.asarray((numbers - low) / (high - low or 1), dtype=np.float32)
