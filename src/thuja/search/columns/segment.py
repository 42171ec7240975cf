"""What filters are evaluated on in one segment: coded columns, lineages and ids, made once and mapped when opened."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from operator import and_, or_
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.errors import BadFile
from thuja.jobs import write_json
from thuja.regions import Region
from thuja.search.bits import Bits
from thuja.search.columns.arrays import ArrayFile, ArrayWriter
from thuja.search.columns.cache import BitsCache
from thuja.search.columns.coded import NumberValues, Values, read_column, write_column
from thuja.search.columns.facets import Counts
from thuja.search.columns.ids import Ids, SoughtIds, read_ids, write_ids
from thuja.search.columns.kinds import (
    ID,
    RANK_NAMES,
    ColumnKind,
    kinds_of,
    place_columns,
    require_column,
    require_filterable,
)
from thuja.search.columns.runs import Runs, read_runs, runs_of, write_runs
from thuja.search.filters import Box, Filter, Range
from thuja.taxonomy import Rank

_FACTS: Final = "columns.json"
_ARRAYS: Final = "arrays.bin"
_FORMAT: Final = 1


class SegmentColumns:
    """The columns of one segment.

    `kinds` are those of the whole index: a column that this segment lacks is one of which it knows nothing.
    """

    def __init__(
        self, folder: Path, facts: Mapping[str, Any], *, kinds: Mapping[str, ColumnKind], cache: BitsCache
    ) -> None:
        self.folder = folder
        self.kinds = kinds
        self._facts = facts
        self._cache = cache
        self._arrays = ArrayFile.open(folder / _ARRAYS)
        self._values: dict[str, Values] = {}
        self.runs: Runs = read_runs(facts["lineage"], self._arrays)
        self.ids: Ids = read_ids(facts["ids"], arrays=self._arrays, folder=folder)

    @classmethod
    def build(
        cls, table: pa.Table, out: Path, *, kinds: Mapping[str, ColumnKind] | None = None
    ) -> Mapping[str, ColumnKind]:
        """Write the columns of a table, sorted by lineage and with a `uuid`, into a folder; returns their kinds.

        `kinds` are those that an index has already: a column keeps the one that it has there.
        """
        out.mkdir(parents=True, exist_ok=True)
        own = kinds_of(table) | {k: v for k, v in (kinds or {}).items() if k in table.column_names}
        coded = {name: kind for name, kind in own.items() if name not in RANK_NAMES}
        with (out / _ARRAYS).open("wb") as file:
            arrays = ArrayWriter(file)
            facts = {
                "format": _FORMAT,
                "rows": table.num_rows,
                "kinds": own,
                "columns": {name: write_column(table.column(name), kind, arrays) for name, kind in coded.items()},
                "lineage": write_runs(runs_of(table), arrays),
                "ids": write_ids(table.column(ID), arrays=arrays, out=out),
            }
        write_json(out / _FACTS, facts)
        return own

    @classmethod
    def open(
        cls, folder: Path, *, kinds: Mapping[str, ColumnKind] | None = None, cache: BitsCache | None = None
    ) -> "SegmentColumns":
        """What `build` wrote. `cache` remembers rows by condition, and may serve many segments; raises BadFile."""
        path = folder / _FACTS
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            own = {name: ColumnKind(kind) for name, kind in facts["kinds"].items()}
            return cls(
                folder, facts, kinds=own if kinds is None else kinds, cache=BitsCache() if cache is None else cache
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadFile(f"{path} does not describe the columns of a segment: {error}") from error

    def __len__(self) -> int:
        return int(self._facts["rows"])

    def bits(self, filter: Filter) -> Bits:
        """The rows that a filter keeps; raises UnknownName and UsageError for what cannot be asked."""
        require_filterable(filter, self.kinds)
        parts = [self._remembered(part) for part in filter.conditions]
        return reduce(and_, parts) if parts else Bits.all(len(self))

    def facets(self, column: str, kept: Bits | None = None) -> Counts:
        """How many of the kept rows, of all where None, have each value of a column or name at a rank."""
        require_column(column, self.kinds)
        if column in RANK_NAMES:
            return self.runs.counts(Rank.parse(column), kept)
        values = self._column(column)
        if values is None:
            return Counts.of([""], [len(self) if kept is None else kept.count])
        return values.counts(kept)

    def rows_of(self, ids: Sequence[str] | SoughtIds) -> npt.NDArray[np.int64]:
        """The row of each id, -1 for one that is not here: (n,)."""
        return self.ids.rows_of(ids)

    def ids_at(self, rows: npt.ArrayLike) -> list[str]:
        """The ids of these rows, read from a mapped file."""
        return self.ids.at(rows)

    def _remembered(self, part: Filter) -> Bits:
        return self._cache.get((str(self.folder), part.key), lambda: self._rows(part))

    def _rows(self, part: Filter) -> Bits:
        """The rows that one condition keeps."""
        if len(part.within) > 1:
            return reduce(or_, (self._remembered(Filter(within=(taxon,))) for taxon in part.within))
        if part.within:
            return self.runs.within(part.within[0])
        if part.excludes:
            return self._remembered(Filter(within=part.excludes)).inverted()
        if part.ids is not None:
            rows = self.rows_of(part.ids)
            return Bits.from_rows(rows[rows >= 0], size=len(self))
        if part.box is not None:
            return self._where(partial(self._in_box, part.box))
        if part.region is not None:
            return self._where(partial(self._in_region, part.region))
        for name, values in part.equals.items():
            return self._equal(name, values)
        ((name, bounds),) = part.ranges.items()
        return self._between(name, bounds)

    def _equal(self, name: str, wanted: Sequence[str]) -> Bits:
        if name in RANK_NAMES:
            return self.runs.equal(Rank.parse(name), wanted)
        values = self._column(name)
        if values is None:
            return Bits.all(len(self)) if "" in wanted else self._nothing
        return Bits.from_mask(values.equal(wanted))

    def _between(self, name: str, bounds: Range) -> Bits:
        if name in RANK_NAMES:
            return self.runs.between(Rank.parse(name), bounds)
        values = self._column(name)
        return self._nothing if values is None else Bits.from_mask(values.within(bounds))

    def _where(self, is_inside: Callable[[str, str], Bits]) -> Bits:
        """The rows of which any pair of columns tells a place that lies inside."""
        return reduce(or_, [is_inside(*pair) for pair in place_columns(self.kinds)], self._nothing)

    def _in_box(self, box: Box, latitude: str, longitude: str) -> Bits:
        north_south = self._between(latitude, Range(low=box.south, high=box.north))
        if box.west <= box.east:
            return north_south & self._between(longitude, Range(low=box.west, high=box.east))
        beyond = self._between(longitude, Range(low=box.west)) | self._between(longitude, Range(high=box.east))
        return north_south & beyond

    def _in_region(self, region: Region, latitude: str, longitude: str) -> Bits:
        north, east = self._column(latitude), self._column(longitude)
        if not isinstance(north, NumberValues) or not isinstance(east, NumberValues):
            return self._nothing
        return Bits.from_mask(region.contains(north.values, east.values))

    @property
    def _nothing(self) -> Bits:
        return Bits.from_range(0, 0, size=len(self))

    def _column(self, name: str) -> Values | None:
        """The values of a column, None where this segment has no such."""
        facts = self._facts["columns"].get(name)
        if facts is None or facts["kind"] == ColumnKind.DISTINCT:
            return None
        if name not in self._values:
            self._values[name] = read_column(name, facts, self._arrays)
        return self._values[name]
