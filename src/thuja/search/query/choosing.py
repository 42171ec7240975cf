"""From neighbours to what is shown: near-duplicates fall together, a group shows its best, what is alike is spread.

Each step takes neighbours in their order and lets them through one after another, so that what stands on a page does
not hang on how many pages are asked for.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.search.query.candidates import Block
from thuja.search.query.searched import Searched

Floats = npt.NDArray[np.float32]

ALIKE: Final = ("observation_id", "pdq")
"""Columns whose equal values tell near-duplicates, where an index has them."""
_SPREAD_OVER: Final = 4
"""Times k: how many neighbours compete for the places of one page where they are to differ."""
_AT_ONCE: Final = 512
"""Neighbours held against all before them at a time: of 50,000 at once the likenesses alone would take 10 GB."""
_PAGE: Final = 500
"""Places of a page that are competed for together, at most: likenesses grow with the square of it."""


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
    parts = (block[start : start + _AT_ONCE] for block in blocks for start in range(0, len(block), _AT_ONCE))
    for part in parts:
        keys = [one.key for one in part]
        here = np.asarray(index.vectors(keys), dtype=np.float32)
        signs = _signs(index, keys, names)
        before, among = here @ vectors.T, here @ here.T  # (n, kept), (n, n)
        first, new = len(kept), list[int]()
        for row, one in enumerate(part):
            owner = next((owners[sign] for sign in signs[row] if sign in owners), None)
            owner = owner or _alike(kept, np.concatenate([before[row], among[row, new]]), cosine)
            if owner is None:
                kept.append(one)
                new.append(row)
            else:
                owner.copies += 1
            owners.update(dict.fromkeys(signs[row], owner or one))
        vectors = np.concatenate([vectors, here[new]])
        yield kept[first:]


def _alike(kept: Sequence[Chosen], likeness: Floats, cosine: float) -> Chosen | None:
    """The one of those kept that is the most like a neighbour, None where none is alike enough."""
    best = int(likeness.argmax()) if len(likeness) else -1
    return kept[best] if best >= 0 and likeness[best] >= cosine else None


def _signs(index: Searched, keys: Sequence[int], names: Sequence[str]) -> list[list[tuple[str, str]]]:
    """What each row has that tells its near-duplicates."""
    if not names or not keys:
        return [[] for _ in keys]
    rows = index.rows(keys, names).to_pylist()
    return [[(name, str(row[name])) for name in names if row[name]] for row in rows]


def spread(
    blocks: Iterable[Sequence[Chosen]], vectors_of: Callable[[Sequence[int]], Floats], *, diversity: float, page: int
) -> Iterator[Sequence[Chosen]]:
    """Put what is alike apart: maximal marginal relevance (Carbonell and Goldstein, 1998) among `_SPREAD_OVER` pages.

    A page of more than `_PAGE` places is filled so many at a time.

    Next comes what has the greatest (1 - diversity) x relevance - diversity x likeness to its nearest predecessor on
    the page. Both run from 0 to 1 over the neighbours that compete: cosines between pictures are great and those with a
    text small, so that neither could be weighed against the other as it is.
    """
    stream = (one for block in blocks for one in block)
    waiting: list[Chosen] = []
    page = min(page, _PAGE)
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
