"""A row that comes again under the same id replaces the earlier one: which rows of earlier segments that deletes.

Ids are told apart by their hashes, which ascend in every segment: a stretch of hashes is looked at in all segments at
once, so that the work grows with the rows and not with pairs of segments, and memory with neither.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from thuja.search.bits import Bits
from thuja.search.columns.ids import Ids
from thuja.search.store.segment import Segment

Hashes = npt.NDArray[np.uint64]
_AT_ONCE: Final = 1 << 21
"""Rows that are looked at together, about."""
_MET: Final = {"hash": pl.UInt64, "row": pl.UInt32, "segment": pl.Int64}


def superseded(segments: Sequence[Segment], deleted: Mapping[str, Bits], *, first: int) -> dict[str, Bits]:
    """The deleted rows by segment, with those added whose id stands in one of the segments from number `first` on."""
    result = dict(deleted)
    ids = [segment.columns.ids for segment in segments]
    parts = [
        repeated_rows([one.between(low, high) for one in ids], first=first) for low, high in _stretches(ids, first)
    ]
    for gone_rows in pl.concat(parts).partition_by("segment"):
        older = segments[gone_rows["segment"][0]]
        gone = Bits.from_rows(gone_rows["row"].to_numpy(), size=older.rows)
        result[older.name] = result[older.name] | gone if older.name in result else gone
    return result


def repeated_rows(ids: Sequence[Ids], *, first: int) -> pl.DataFrame:
    """The `segment` and `row` of ids that come again in a later segment which is among those from `first` on."""
    new = ids[first:] if first else []
    sought = np.unique(np.concatenate([np.zeros(0, np.uint64), *(one.hashes for one in new)]))
    parts = [
        pl.DataFrame({"hash": one.hashes[at], "row": one.rows[at]}).with_columns(segment=pl.lit(number, pl.Int64))
        for number, one in enumerate(ids)
        for at in [slice(None) if number >= first else _places(one.hashes, sought)]
    ]
    met = pl.concat([pl.DataFrame(schema=_MET), *parts]).filter(pl.col("hash").is_duplicated())
    named = [
        part.with_columns(id=pl.Series(ids[part["segment"][0]].at(part["row"].to_numpy()), dtype=pl.String))
        for part in met.partition_by("segment")
    ]
    last = pl.col("segment").max().over("id")
    every = pl.concat([pl.DataFrame(schema={**_MET, "id": pl.String}), *named])
    return every.filter(pl.col("segment") < last, last >= first).select("segment", "row")


def _places(hashes: Hashes, sought: Hashes) -> npt.NDArray[np.int64]:
    """Where the ascending hashes hold any of those sought, which ascend too: the fewer are looked for in the more."""
    if len(sought) < len(hashes):
        starts, stops = np.searchsorted(hashes, sought, "left"), np.searchsorted(hashes, sought, "right")
        held = starts < stops
        return np.concatenate([np.arange(0), *map(np.arange, starts[held], stops[held])])
    if not len(sought):
        return np.arange(0)
    places = np.minimum(np.searchsorted(sought, hashes), len(sought) - 1)
    return np.flatnonzero(sought[places] == hashes)


def _stretches(ids: Sequence[Ids], first: int) -> Iterator[tuple[int, int]]:
    """Parts of all hashes, each from its low end up to its high one, of about so many rows that are new."""
    parts = max(1, -(-sum(map(len, ids[first:])) // _AT_ONCE))
    edges = [place * 2**64 // parts for place in range(parts + 1)]
    yield from pairwise(edges)
