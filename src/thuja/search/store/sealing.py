"""A segment is gathered from rows as they come, then sealed: sorted by lineage, written, hashed, named by its content.

The vectors wait on disk, the rows in memory: a segment has a bounded number of them.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from thuja.jobs import write_json
from thuja.search.columns import ColumnKind, SegmentColumns
from thuja.search.engine.building import CodeSettings
from thuja.search.engine.codes import Codes
from thuja.search.engine.vectors import HALF, VECTORS, MappedVectors
from thuja.search.manifest import FACTS, SEGMENTS, SegmentFacts
from thuja.search.store.digests import digest_of, files_of
from thuja.search.store.joining import Extra, joined
from thuja.search.store.lasting import sync_folder, sync_tree
from thuja.search.store.plain import RANK_COLUMNS, taken
from thuja.search.store.rows import ROWS, write_rows
from thuja.search.store.segment import COLUMNS
from thuja.search.store.thumbnails import Pictures, write_thumbnails

_BLOCK: Final = 8192
_PICTURES: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SealSettings:
    """How segments are made. `kinds` are those that the index's columns have already; `pictures` gives thumbnails."""

    codes: CodeSettings = field(default_factory=CodeSettings)
    kinds: Mapping[str, ColumnKind] = field(default_factory=dict)
    pictures: Pictures | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A segment that is written: of its rows `repeated` were replaced by a later one of the same id."""

    facts: SegmentFacts
    kinds: Mapping[str, ColumnKind]
    repeated: int
    thumbnails: int


class Gathering:
    """Rows of the segment to come, in a folder that is emptied first."""

    def __init__(self, work: Path, dim: int) -> None:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        self._work, self._dim = work, dim
        self._spill = work / "spill.f16"
        self._tables: list[pa.Table] = []
        self.rows = 0

    def add(self, table: pa.Table, vectors: npt.NDArray[np.float16]) -> None:
        """Some rows and their unit vectors (n, D)."""
        with self._spill.open("ab") as file:
            file.write(np.ascontiguousarray(vectors, dtype=HALF).tobytes())
        self._tables.append(table)
        self.rows += table.num_rows

    def seal(self, folder: Path, number: int, settings: SealSettings, *, extras: Sequence[Extra] = ()) -> Sealed:
        """Write the segment into an index's folder under the next number; there must be rows.

        `extras` are tables that bring columns by id.
        """
        table = _without_empty(joined(pa.concat_tables(self._tables), extras))
        self._tables = []
        order = _order(table)
        spilled = MappedVectors.open(self._spill, self._dim)
        out = self._work / "segment"
        out.mkdir()
        with (out / VECTORS).open("wb") as file:
            for start in range(0, len(order), _BLOCK):
                file.write(spilled.take(order[start : start + _BLOCK]).tobytes())
        del spilled
        self._spill.unlink()
        repeated = table.num_rows - len(order)
        table = taken(table, pa.array(order)).combine_chunks()
        write_rows(out / ROWS, table)
        kinds = SegmentColumns.build(table, out / COLUMNS, kinds=settings.kinds)
        Codes.build(MappedVectors.open(out / VECTORS, self._dim), out, settings.codes)
        pictures = write_thumbnails(out, _blocks(table), settings.pictures) if settings.pictures else 0
        name = self._place(out, folder, number, rows=table.num_rows)
        return Sealed(
            facts=SegmentFacts(name=name, rows=table.num_rows), kinds=kinds, repeated=repeated, thumbnails=pictures
        )

    def _place(self, out: Path, folder: Path, number: int, *, rows: int) -> str:
        """Write the facts, and move the segment to where its content says; the same content lies there but once."""
        files = files_of(out)
        write_json(out / FACTS, {"rows": rows, "dim": self._dim, "files": [asdict(one) for one in files]})
        # Of all files: whoever keeps some of them by this name, as a cache does, never meets those of another segment.
        name = f"{number:06}-{digest_of(out / FACTS)[:12]}"
        place = folder / SEGMENTS / name
        place.parent.mkdir(exist_ok=True)
        if place.exists():  # of a run that was killed before it could say so
            shutil.rmtree(place)
        sync_tree(out)
        out.rename(place)
        sync_folder(place.parent)
        shutil.rmtree(self._work)
        return name


def _without_empty(table: pa.Table) -> pa.Table:
    """A column without a value is none: a catalog has seventy, of which most data sets fill twenty."""
    return table.select([one.name for one in table.schema if table.column(one.name).null_count < table.num_rows])


def _order(table: pa.Table) -> npt.NDArray[np.int64]:
    """The last row of each id, sorted by lineage, missing names first; rows of one lineage as they came."""
    distinct = pc.unique(table.column("uuid"))
    indices = np.asarray(pc.index_in(table.column("uuid"), value_set=distinct))
    last = np.empty(len(distinct), dtype=np.int64)
    last[indices] = np.arange(len(indices))  # of several, numpy keeps the last
    kept = np.sort(last)
    keys = [_ranked(table.column(name)) for name in reversed(RANK_COLUMNS) if name in table.column_names]
    if not keys:
        return kept
    return kept[np.lexsort([key[kept] for key in keys])]


def _ranked(names: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """The place of each name among the distinct ones, 0 for none: (n,)."""
    distinct = pc.array_sort_indices(pc.unique(names.drop_null()))
    values = pc.unique(names.drop_null()).take(distinct)
    places = pc.index_in(names, value_set=values)
    return np.asarray(pc.fill_null(places, -1)).astype(np.int64) + 1


def _blocks(table: pa.Table) -> Iterator[Sequence[str]]:
    for start in range(0, table.num_rows, _PICTURES):
        yield table.column("uuid").slice(start, _PICTURES).to_pylist()
