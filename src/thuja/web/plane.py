"""The map of an index: a sample of its vectors in the plane, and columns to colour it by.

A header in JSON says where in one block of bytes the places and codes lie: places as float32, words as numbers into a
dictionary (0 is not known), numbers in steps, as the interactive map of `thuja analyze` packs them.
"""

import base64
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import numpy as np
import pyarrow as pa

from thuja.analyze.maps.interactive.columns import packed_column
from thuja.analyze.maps.linear import principal_axes
from thuja.embeddings import Vectors
from thuja.search.columns import ColumnKind
from thuja.search.filters import Filter
from thuja.search.index import Index
from thuja.taxonomy import RANKS, Taxon
from thuja.web.drawing import Drawing, DrawingBoard, Placed
from thuja.web.neighbours import Drawn
from thuja.web.problems import Busy
from thuja.web.sampling import Keys, sampled

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


class Layout(StrEnum):
    """How a map is laid out: its own principal axes, or the whole index by neighbours, of which it is a part."""

    AXES = "axes"
    NEIGHBOURS = "neighbours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A map: what its header says, and its bytes. `laid` is the layout that it lies on, None for its own axes."""

    header: Mapping[str, Any]
    parts: tuple[bytes, bytes]
    laid: Drawing | None

    @property
    def data(self) -> bytes:
        """The bytes."""
        return b"".join(self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contents:
    """What a map holds, however it is laid out, and the maps of it that were made."""

    keys: Keys
    header: Mapping[str, Any]
    data: bytes
    planes: dict[Layout, Plane] = field(default_factory=dict)


class Maps:
    """Makes maps of one version of an index, one at a time, and keeps the last few."""

    def __init__(self, index: Index, board: DrawingBoard) -> None:
        self._index, self._board = index, board
        self._kept: OrderedDict[tuple[object, ...], _Contents] = OrderedDict()
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(_WAITING)

    def plane(self, filter: Filter | None = None, *, most: int = USUAL, layout: Layout = Layout.AXES) -> Plane:
        """The map of at most so many rows that a filter keeps.

        Raises Busy where too many wait for theirs, or the layout is being drawn, and Undrawable where it failed.
        """
        drawing = self._board.drawing(self._index) if layout is Layout.NEIGHBOURS else None
        key = (None if filter is None else filter.key, most)
        kept = self._kept.get(key)
        if kept is not None and (plane := _made(kept, layout, drawing)) is not None:
            return plane
        if not self._waiting.acquire(blocking=False):  # all threads of the server would soon wait here
            raise Busy("too many maps are asked for at once", hint="come again in a moment")
        try:
            with self._lock:  # whoever asks for the same waits for it, and does not make it again
                return self._plane(self._contents(key, filter, most), layout, drawing)
        finally:
            self._waiting.release()

    def _contents(self, key: tuple[object, ...], filter: Filter | None, most: int) -> _Contents:
        if key not in self._kept:
            self._kept[key] = _contents_of(self._index, filter, most=most)
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]

    def _plane(self, contents: _Contents, layout: Layout, drawing: Drawing | None) -> Plane:
        plane = _made(contents, layout, drawing)
        if plane is None:
            vectors = self._index.vectors(contents.keys)
            placed = on_axes(vectors) if drawing is None else drawing.place(vectors)
            is_old = drawing is not None and not drawing.is_of(self._index)
            plane = _laid_out(contents, placed, layout=layout, drawing=drawing, is_old=is_old)
            contents.planes[layout] = plane
        return plane


def on_axes(vectors: Vectors) -> Placed:
    """Vectors (N, D) on their own principal axes."""
    axes = principal_axes(vectors) if len(vectors) else None
    return Placed(
        points=np.zeros((0, 2)) if axes is None else axes.place(vectors),
        drawn=Drawn(
            method="principal axes",
            rows=len(vectors),
            shares=() if axes is None else axes.shares,
            notes=() if axes is None else axes.notes,
        ),
    )


def _made(contents: _Contents, layout: Layout, drawing: Drawing | None) -> Plane | None:
    """The map that was made in this very layout, not in one of an earlier version."""
    plane = contents.planes.get(layout)
    return plane if plane is not None and plane.laid is drawing else None


def _laid_out(contents: _Contents, placed: Placed, *, layout: Layout, drawing: Drawing | None, is_old: bool) -> Plane:
    block = _Block(start=len(contents.data))
    x, y = (block.put(placed.points[:, axis].astype("<f4").tobytes(), "<f4") for axis in range(2))
    drawn, notes = placed.drawn, list(placed.drawn.notes)
    if drawing is not None and is_old:
        notes.append(f"the layout is that of version {drawing.of.number} of the index")
    header = {
        **contents.header,
        "layout": layout,
        "method": drawn.method,
        "fitted": drawn.rows,
        "shares": list(drawn.shares),
        "notes": notes,
        "x": x,
        "y": y,
    }
    return Plane(header=header, parts=(contents.data, bytes(block.data)), laid=drawing)


def _contents_of(index: Index, filter: Filter | None, *, most: int) -> _Contents:
    keys, total = sampled(index, filter, most=most)
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
        "version": index.version,
        "name": NAME if index.has_lineage else None,
        "ids": rows.column("uuid").to_pylist(),
        "columns": columns,
    }
    return _Contents(keys=keys, header=header, data=bytes(block.data))


class _Block:
    """Arrays end to end, each from a multiple of four on, behind `start` bytes that there are already."""

    def __init__(self, *, start: int = 0) -> None:
        self.data, self._start = bytearray(), start

    def put(self, raw: bytes, dtype: str) -> dict[str, object]:
        """Where an array's bytes lie."""
        place = {"dtype": dtype, "offset": self._start + len(self.data), "count": len(raw) // int(dtype[-1])}
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
