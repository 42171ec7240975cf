"""An index, opened: what the rest of thuja searches, counts and reads rows from."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.errors import BadFile, UnknownName, UsageError
from thuja.jobs import cores
from thuja.search.bits import Bits
from thuja.search.columns import BitsCache, ColumnKind, FacetCount, Part, Tree, most_frequent, require_column
from thuja.search.columns.ids import SoughtIds
from thuja.search.engine.effort import STANDARD, Effort
from thuja.search.engine.found import NONE, Found, merged
from thuja.search.filters import Filter
from thuja.search.manifest import Version
from thuja.search.store.pins import pin
from thuja.search.store.places import LocalPlace, Place, place_of
from thuja.search.store.plain import NUMBER, RANK_COLUMNS, WHOLE, widened
from thuja.search.store.segment import Segment
from thuja.search.store.versions import read_deleted, read_version

In = TypeVar("In")
Out = TypeVar("Out")
Floats = npt.NDArray[np.float32]
_MANY: Final = 16

_STRETCHES, _STRETCH = 128, 8
"""How many stretches of rows a sample is of, and the rows of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """What a search found: `keys` (Q, k) int64, -1 where there are fewer than k, and cosines (Q, k), descending."""

    keys: npt.NDArray[np.int64]
    scores: Floats


class Index:
    """One version of an index. It never changes, whatever is written beside it. Safe from several threads at once.

    A row's key is a number that holds for this version; its id, the `uuid`, holds for all.
    """

    def __init__(self, place: Place, pinned: "_Pinned", segments: Sequence[Segment], *, cache: BitsCache) -> None:
        self._place, self._pinned, self._segments, self._cache = place, pinned, tuple(segments), cache
        self._facts = version = pinned.version
        self._own = object()
        self.columns: Mapping[str, ColumnKind] = {name: ColumnKind(kind) for name, kind in version.columns.items()}
        self._starts = np.concatenate([[0], np.cumsum([one.rows for one in version.segments], dtype=np.int64)])
        gone = [read_deleted(place, version, one) for one in version.segments]
        self._alive: tuple[Bits | None, ...] = tuple(None if bits is None else bits.inverted() for bits in gone)

    @classmethod
    def open(cls, where: Path | str, *, version: int | None = None) -> "Index":
        """The current version of the index in a folder or at a URL, or an earlier one.

        Raises UsageError where there is none, UnknownName for a version that is gone, BadFile for a broken one.
        """
        place = place_of(where)
        pinned = _pinned(place, version)
        return cls._opened(place, pinned, {}, cache=_cache_for(pinned.version))

    @classmethod
    def _opened(cls, place: Place, pinned: "_Pinned", there: Mapping[str, Segment], *, cache: BitsCache) -> "Index":
        version = pinned.version
        kinds = {name: ColumnKind(kind) for name, kind in version.columns.items()}
        segments = [
            there[one.name] if one.name in there else Segment(place, one, kinds=kinds, cache=cache)
            for one in version.segments
        ]
        place.tidy()
        return cls(place, pinned, segments, cache=cache)

    def refreshed(self) -> "Index":
        """The newest version: this one where it is that. The earlier one keeps working.

        Another index that was put into this one's place may have a version of the same number.
        """
        if read_version(self._place) == self._facts:
            return self
        pinned = _pinned(self._place, None)
        is_alike = pinned.version.columns == self._facts.columns  # else a segment's columns have other kinds
        there = {one.name: one for one in self._segments} if is_alike else {}
        return self._opened(self._place, pinned, there, cache=self._cache if is_alike else _cache_for(pinned.version))

    @property
    def where(self) -> str:
        """The folder or URL."""
        return self._place.name

    @property
    def facts(self) -> Version:
        """All that is said of this version."""
        return self._facts

    @property
    def model(self) -> str:
        """The id of the model that made the vectors."""
        return self._facts.model

    @property
    def preparation(self) -> str:
        """How the images were prepared for it."""
        return self._facts.preparation

    @property
    def dim(self) -> int:
        """The length of a vector."""
        return self._facts.dim

    @property
    def version(self) -> int:
        """The number of this version."""
        return self._facts.number

    @property
    def has_thumbnails(self) -> bool:
        """Whether any row has a thumbnail."""
        return self._facts.has_thumbnails

    @property
    def has_lineage(self) -> bool:
        """Whether rows have names at any rank."""
        return any(rank in self.columns for rank in RANK_COLUMNS)

    @property
    def segments(self) -> Sequence[Segment]:
        """In the order of keys."""
        return self._segments

    def __len__(self) -> int:
        """The rows that are not deleted."""
        return len(self._facts)

    def search(
        self, vectors: npt.ArrayLike, *, k: int = 10, filter: Filter | None = None, effort: Effort = STANDARD
    ) -> Neighbours:
        """The k rows nearest to each vector (Q, D), or to the one (D,), among those that the filter keeps.

        Raises UsageError for vectors of another length, ones that are not finite, and k below 1.
        """
        queries = self._queries(vectors)
        if k < 1:
            raise UsageError(f"at least one neighbour is asked for, got {k}")
        kept = self.kept(filter)
        asked = [
            (segment, bits, int(start))
            for segment, bits, start in zip(self._segments, kept, self._starts, strict=False)
            if bits is None or bits.count
        ]
        if not asked:
            none = Found.nothing(len(queries), k)
            return Neighbours(keys=none.rows, scores=none.scores)

        sizes = [segment.rows if bits is None else bits.count for segment, bits, _ in asked]
        total = sum(sizes)

        def search(place: int) -> Found:
            segment, bits, _ = asked[place]
            return segment.codes.search(queries, k, kept=bits, effort=effort.shared(sizes[place] / total))

        # Many queries keep all cores at work in each segment; few are asked of several segments at once.
        places = range(len(asked))
        parts = self._spread(search, places) if len(queries) < _MANY else map(search, places)
        found = merged(parts, [start for _, _, start in asked], k)
        return Neighbours(keys=found.rows, scores=found.scores)

    def kept(self, filter: Filter | None) -> list[Bits | None]:
        """The rows of each segment that are there and pass the filter; None for all of them."""
        if filter is None or filter.is_empty:
            return list(self._alive)
        return list(self._cache.get_all((self._own, filter.key), lambda: self._found(filter)))

    def _found(self, filter: Filter) -> tuple[Bits | None, ...]:
        parts = self._spread(lambda segment: segment.columns.bits(filter), self._segments)
        return tuple(bits if alive is None else bits & alive for bits, alive in zip(parts, self._alive, strict=True))

    def count(self, filter: Filter | None = None) -> int:
        """How many rows a filter keeps."""
        kept = zip(self.kept(filter), self._segments, strict=True)
        return sum(segment.rows if bits is None else bits.count for bits, segment in kept)

    def keys(self, filter: Filter | None = None) -> npt.NDArray[np.int64]:
        """The keys of all rows that a filter keeps, ascending: sorted by lineage within a segment."""
        parts = [
            start + (np.arange(segment.rows) if bits is None else bits.rows())
            for bits, segment, start in zip(self.kept(filter), self._segments, self._starts, strict=False)
        ]
        return np.concatenate([np.zeros(0, dtype=np.int64), *parts])

    def rows(self, keys: Sequence[int] | npt.NDArray[np.int64], columns: Sequence[str] | None = None) -> pa.Table:
        """`uuid` and these columns (all where None) of some rows, in the order of the keys; null where unknown.

        Raises UnknownName for a column that there is not, UsageError for a key that no row has.
        """
        wanted = list(self.columns) if columns is None else [name for name in columns if name != "uuid"]
        for name in wanted:
            if name not in self.columns:
                raise UnknownName.of("column", name[:80], self.columns)
        parts, order = [], []
        for segment, rows, places in self._by_segment(keys):
            parts.append(segment.take(rows, ["uuid", *wanted]))
            order.append(places)
        schema = self._schema
        names = ["uuid", *(name for name in wanted if name in schema.names)]
        empty = pa.schema([schema.field(name) for name in names]).empty_table()
        alike = [_with_fractions(part, empty.schema) for part in parts]
        table = pa.concat_tables([empty, *alike], promote_options="permissive").select(names)
        back = np.argsort(np.concatenate([np.zeros(0, dtype=np.int64), *order]), kind="stable")
        return table.take(pa.array(back))

    @cached_property
    def _schema(self) -> pa.Schema:
        """Of the rows of all segments."""
        own = [segment.stored.schema for segment in self._segments] or [pa.schema([("uuid", pa.string())])]
        return pa.unify_schemas(own, promote_options="permissive")

    def keys_of(self, ids: Sequence[str]) -> list[int]:
        """The keys of rows by their ids; raises UnknownName for one that is not there."""
        keys = self.keys_where_known(ids)
        for id_, key in zip(ids, keys.tolist(), strict=True):
            if key == NONE:
                raise UnknownName(f'unknown id: "{id_[:80]}"', hint="an id is a row's uuid, as a search prints it")
        found: list[int] = keys.tolist()
        return found

    def keys_where_known(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """The keys of rows by their ids, -1 for an id that is not there."""
        keys, sought = np.full(len(ids), NONE, dtype=np.int64), SoughtIds.of(ids)
        for segment, alive, start in zip(self._segments, self._alive, self._starts, strict=False):
            rows = segment.columns.rows_of(sought)
            is_here = rows >= 0
            if alive is not None:
                is_here[is_here] = (alive.packed[rows[is_here] >> 3] >> (rows[is_here] & 7)) & 1
            keys[is_here] = start + rows[is_here]
        return keys

    def vectors(self, keys: Sequence[int] | npt.NDArray[np.int64]) -> Floats:
        """The unit vectors (n, D) of rows."""
        found = np.empty((len(keys), self.dim), dtype=np.float32)
        for segment, rows, places in self._by_segment(keys):
            found[places] = segment.vectors.take(rows)
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        return found

    @cached_property
    def _sample(self) -> Floats:
        total = int(self._starts[-1])
        starts = np.linspace(0, max(0, total - _STRETCH), _STRETCHES).astype(np.int64)
        keys = np.unique((starts[:, None] + np.arange(_STRETCH)).ravel())
        return self.vectors(keys[keys < total])

    def sample(self) -> Floats:
        """The unit vectors (n, D) of some thousand rows from all over the index, deleted ones among them.

        Short stretches of rows, so that a distant index is not asked a thousand times. They are read once.
        """
        return self._sample

    def thumbnail(self, key: int) -> bytes | None:
        """The small picture of a row as JPEG, without metadata; None where it has none."""
        ((segment, rows, _),) = self._by_segment([key])
        return segment.thumbnail(int(rows[0]))

    def has_thumbnail(self, key: int) -> bool:
        """Whether a row has a small picture."""
        ((segment, rows, _),) = self._by_segment([key])
        return segment.has_thumbnail(int(rows[0]))

    def facets(
        self, names: Sequence[str], *, filter: Filter | None = None, most: int = 50
    ) -> Mapping[str, Sequence[FacetCount]]:
        """The commonest values of columns and ranks among the rows that a filter keeps, with how many have each."""
        for name in names:
            require_column(name, self.columns)
        kept = list(zip(self._segments, self.kept(filter), strict=True))
        return {
            name: most_frequent([segment.columns.facets(name, bits) for segment, bits in kept], most=most)
            for name in names
        }

    def tree(self, filter: Filter | None = None) -> Tree:
        """The tree of life of the rows, or of those that a filter keeps: walked, completed and looked up by name."""
        return self._tree if filter is None or filter.is_empty else self._tree.under(self.kept(filter))

    @cached_property
    def _tree(self) -> Tree:
        parts = [
            Part(
                runs=segment.columns.runs,
                start=int(start),
                kept=alive,
                with_thumbnail=None if segment.thumbnails is None else segment.thumbnails.rows(),
            )
            for segment, start, alive in zip(self._segments, self._starts, self._alive, strict=False)
        ]
        return Tree.of(parts)

    def _spread(self, job: Callable[[In], Out], items: Sequence[In]) -> list[Out]:
        """A job for each of some segments, which few threads share: of hundreds, each is a matter of microseconds."""
        if len(items) < 2:
            return list(map(job, items))
        turns = min(self._turns, len(items))
        done = list(self._threads.map(lambda turn: list(map(job, items[turn::turns])), range(turns)))
        return [done[place % turns][place // turns] for place in range(len(items))]

    @cached_property
    def _turns(self) -> int:
        return max(cores(), self._place.shares)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._turns, thread_name_prefix="segments")

    def _queries(self, vectors: npt.ArrayLike) -> Floats:
        """Unit vectors (Q, D)."""
        queries = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
        if queries.ndim != 2 or queries.shape[1] != self.dim:
            raise UsageError(
                f"a query of {queries.shape[-1]} numbers does not fit an index of {self.dim}",
                hint=f"this index was made with {self.model}",
            )
        lengths = np.linalg.norm(queries, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not lengths.all():
            raise UsageError("a query vector holds what is no number, or is all zero")
        unit: Floats = queries / lengths
        return unit

    def _by_segment(
        self, keys: Sequence[int] | npt.NDArray[np.int64]
    ) -> list[tuple[Segment, npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
        """The segments that hold the keys, the rows in each, and the places in `keys` that these have."""
        asked = np.asarray(keys, dtype=np.int64)
        is_known = (asked >= 0) & (asked < self._starts[-1])
        if not is_known.all():
            raise UsageError(
                f"no row has the key {asked[~is_known][0]}", hint="a key holds for one version of an index"
            )
        owners = np.searchsorted(self._starts, asked, side="right") - 1
        parts = []
        for owner in np.unique(owners):
            places = np.flatnonzero(owners == owner)
            parts.append((self._segments[owner], asked[places] - self._starts[owner], places))
        return parts


def _with_fractions(part: pa.Table, schema: pa.Schema) -> pa.Table:
    """A segment's rows with its whole numbers as fractions, where those of another segment are some."""
    for at, one in enumerate(part.schema):
        if (one.type, schema.field(one.name).type) == (WHOLE, NUMBER):
            part = part.set_column(at, one.name, widened(part.column(at)))
    return part


def _cache_for(version: Version) -> BitsCache:
    return BitsCache.of_rows(sum(one.rows for one in version.segments))


class _Pinned:
    """A version that no compaction takes away while this lives."""

    def __init__(self, place: Place, version: Version) -> None:
        self.version = version
        if isinstance(place, LocalPlace):
            pin(place.folder / version.file, self)


def _pinned(place: Place, number: int | None) -> _Pinned:
    """A version, read and held; where the current one goes in between, the one that came after it."""
    try:
        return _Pinned(place, read_version(place, number))
    except (FileNotFoundError, BadFile):
        return _Pinned(place, read_version(place, number))
