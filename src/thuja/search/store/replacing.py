"""A row that comes again under the same id replaces the earlier one: which rows of earlier segments that deletes."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from thuja.search.bits import Bits
from thuja.search.columns.ids import Ids
from thuja.search.store.segment import Segment


def superseded(segments: Sequence[Segment], deleted: Mapping[str, Bits], *, first: int) -> dict[str, Bits]:
    """The deleted rows by segment, with those added whose id stands in one of the segments from number `first` on."""
    result = dict(deleted)
    for place, newer in enumerate(segments):
        if place < first:
            continue
        for older in segments[:place]:
            rows = shared_rows(newer.columns.ids, older.columns.ids)
            if len(rows):
                gone = Bits.from_rows(rows, size=older.rows)
                result[older.name] = result[older.name] | gone if older.name in result else gone
    return result


def shared_rows(newer: Ids, older: Ids) -> npt.NDArray[np.int64]:
    """The rows of `older` of which `newer` has the id; by hashes first, so that ids are only read where those meet."""
    if not len(older) or not len(newer):
        return np.zeros(0, dtype=np.int64)
    places = np.minimum(np.searchsorted(older.hashes, newer.hashes), len(older) - 1)
    meets = older.hashes[places] == newer.hashes
    rows = older.rows_of(newer.at(newer.rows[meets]))
    return rows[rows >= 0]
