"""The map of an index: a sample of its vectors on their principal axes, and columns to colour it by.

A header in JSON says where in one block of bytes the places and codes lie: places as float32, words as numbers into a
dictionary (0 is not known), numbers in steps, as the interactive map of `thuja analyze` packs them.
"""

import base64
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from thuja.analyze.maps.interactive.columns import packed_column
from thuja.analyze.maps.linear import principal_axes
from thuja.search.columns import ColumnKind
from thuja.search.filters import Filter
from thuja.search.index import Index
from thuja.taxonomy import RANKS, Taxon
from thuja.web.problems import Busy
from thuja.web.sampling import sampled

MOST: Final = 100_000
"""Points of a map that a browser draws smoothly."""
USUAL: Final = 20_000
_KEPT: Final = 4
_WAITING: Final = 8
"""Requests that make a map, or wait while another is made: 20,000 points take seconds."""
_COLUMNS: Final = 24
_WORDS: Final = 20_000
"""Different words of a column; one of more tells nothing by its colours."""
_WIDTHS: Final = {1: "<u1", 2: "<u2", 4: "<u4"}
NAME: Final = "scientific_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A map: what its header says, and its bytes."""

    header: Mapping[str, Any]
    data: bytes


class Maps:
    """Makes maps of one version of an index, one at a time, and keeps the last few."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._kept: OrderedDict[tuple[object, ...], Plane] = OrderedDict()
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(_WAITING)

    def plane(self, filter: Filter | None = None, *, most: int = USUAL) -> Plane:
        """The map of at most so many rows that a filter keeps; raises Busy where too many wait for theirs."""
        key = (None if filter is None else filter.key, most)
        if (kept := self._kept.get(key)) is not None:
            return kept
        if not self._waiting.acquire(blocking=False):  # all threads of the server would soon wait here
            raise Busy("too many maps are asked for at once", hint="come again in a moment")
        try:
            return self._made(key, filter, most)
        finally:
            self._waiting.release()

    def _made(self, key: tuple[object, ...], filter: Filter | None, most: int) -> Plane:
        with self._lock:  # whoever asks for the same waits for it, and does not make it again
            if key not in self._kept:
                self._kept[key] = made_plane(self._index, filter, most=most)
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]


def made_plane(index: Index, filter: Filter | None, *, most: int) -> Plane:
    """Make a map."""
    keys, total = sampled(index, filter, most=most)
    vectors = index.vectors(keys)
    axes = principal_axes(vectors) if len(vectors) else None
    places = np.zeros((0, 2)) if axes is None else axes.place(vectors)
    rows = index.rows(keys, _told(index))
    block = _Block()
    columns = []
    for name, values in _columns(rows):
        packed: dict[str, Any] = dict(packed_column(name, values))
        if packed["kind"] == "word" and len(packed["words"]) > _WORDS and name != NAME:
            continue
        codes = base64.b64decode(packed.pop("codes"))
        columns.append(packed | {"codes": block.put(codes, _WIDTHS[packed.pop("width")])})
    header = {
        "count": len(keys),
        "total": total,
        "method": "principal axes",
        "shares": [] if axes is None else list(axes.shares),
        "notes": [] if axes is None else list(axes.notes),
        "version": index.version,
        "name": NAME if index.has_lineage else None,
        "ids": rows.column("uuid").to_pylist(),
        "x": block.put(places[:, 0].astype("<f4").tobytes(), "<f4"),
        "y": block.put(places[:, 1].astype("<f4").tobytes(), "<f4"),
        "columns": columns,
    }
    return Plane(header=header, data=bytes(block.data))


class _Block:
    """Arrays end to end, each from a multiple of four on."""

    def __init__(self) -> None:
        self.data = bytearray()

    def put(self, raw: bytes, dtype: str) -> dict[str, object]:
        """Where an array's bytes lie."""
        place = {"dtype": dtype, "offset": len(self.data), "count": len(raw) // int(dtype[-1])}
        self.data += raw + bytes(-len(raw) % 4)
        return place


def _told(index: Index) -> list[str]:
    """The columns that are worth a colour: all lineages, and what is filtered by."""
    ranks = [rank.label for rank in RANKS if rank.label in index.columns]
    others = [
        name
        for name, kind in index.columns.items()
        if kind is not ColumnKind.DISTINCT and name not in ranks and name not in ("common", NAME)
    ]
    return [*ranks, *(["common"] if "common" in index.columns else []), *others[:_COLUMNS]]


def _columns(rows: pa.Table) -> Sequence[tuple[str, Sequence[Any]]]:
    """Ranks with species as binomials, the scientific name, and every other column."""
    names = [name for name in rows.column_names if name != "uuid"]
    ranks = [rank.label for rank in RANKS if rank.label in names]
    lineages = [Taxon.from_columns(row) for row in rows.select(ranks).to_pylist()] if ranks else []
    found: list[tuple[str, Sequence[Any]]] = [
        (rank.label, [(taxon.binomial if rank is RANKS[-1] else taxon[rank]) or None for taxon in lineages])
        for rank in RANKS
        if rank.label in names
    ]
    if lineages:
        found.append((NAME, [taxon.scientific_name or None for taxon in lineages]))
    for name in names:
        if name not in ranks:
            found.append((name, [_value(value) for value in rows.column(name).to_pylist()]))
    return found


def _value(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, str | int | float):
        return None if value == "" else value
    return str(value)
