"""A few rows of many: which ones stand for a taxon, without listing all that it has."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thuja.search.bits import Bits
from thuja.search.filters import Filter
from thuja.search.index import Index
from thuja.taxonomy import Taxon

Keys = npt.NDArray[np.int64]


def filter_of(taxon: Taxon) -> Filter | None:
    """What keeps the rows of a taxon; None keeps all, for the root."""
    return None if taxon.rank is None else Filter(within=(taxon,))


def sampled(index: Index, filter: Filter | None, *, most: int) -> tuple[Keys, int]:
    """At most so many keys of the rows that a filter keeps, evenly through them, and how many it keeps.

    The same filter gives the same rows. Segments are looked at one after another, so memory is that of one.
    """
    kept = [
        Bits.all(segment.rows) if bits is None else bits
        for segment, bits in zip(index.segments, index.kept(filter), strict=True)
    ]
    counts = np.array([bits.count for bits in kept], dtype=np.int64)
    total = int(counts.sum())
    wanted = np.unique(np.linspace(0, total - 1, min(most, total)).astype(np.int64)) if total else np.zeros(0, np.int64)
    ends = np.cumsum(counts)
    owners = np.searchsorted(ends, wanted, side="right")
    found = [np.zeros(0, dtype=np.int64)]
    for place, start in enumerate(starts_of(index)):
        own = wanted[owners == place]
        if len(own):
            found.append(start + kept[place].rows()[own - (ends[place] - counts[place])])
    return np.concatenate(found), total


def starts_of(index: Index) -> Sequence[int]:
    """The key of each segment's first row."""
    starts = np.cumsum([0, *(segment.rows for segment in index.segments)])
    return [int(start) for start in starts[:-1]]


def nearest_to_mean(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """The rows of unit vectors (N, D), the nearest to their mean first."""
    return np.argsort(-(vectors @ vectors.mean(axis=0)), kind="stable")
