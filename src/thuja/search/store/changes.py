"""Rows leave an index, and segments are put together: each as a new version, beside which the earlier ones stay."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.errors import UsageError
from thuja.jobs import Progress, kept_when_full
from thuja.search.bits import Bits
from thuja.search.columns import merged_kinds
from thuja.search.engine.building import CodeSettings
from thuja.search.filters import Filter
from thuja.search.index import Index
from thuja.search.manifest import SegmentFacts, Version
from thuja.search.store.build import WORK, distinct_in, kinds_in
from thuja.search.store.pins import unlink_unless_pinned
from thuja.search.store.places import LocalPlace
from thuja.search.store.plain import Schema, plain
from thuja.search.store.sealing import Gathering, SealSettings
from thuja.search.store.segment import Segment
from thuja.search.store.sweeping import next_number, sweep
from thuja.search.store.versions import commit, current_number, listed, next_version, read_version, remember, writing

_BLOCK: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactOptions:
    """What is put together, and what is cleared away.

    A segment is written anew where it is smaller than half of `segment_rows`, or more than `most_deleted` of its rows
    are deleted. The newest `keep` versions stay, and any that was current within the last `grace` seconds, or that a
    process of this machine has open.
    """

    segment_rows: int = 1_000_000
    most_deleted: float = 0.1
    keep: int = 1
    grace: float = 3600.0
    codes: CodeSettings = field(default_factory=CodeSettings)
    by: str = ""
    label: str = ""

    def __post_init__(self) -> None:
        if self.keep < 1:
            raise UsageError(f"at least one version is kept, got {self.keep}")
        if self.segment_rows < 1 or self.grace < 0 or not 0 <= self.most_deleted <= 1:
            raise UsageError("a segment has at least 1 row, a grace 0 seconds, and a share lies within 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """What came of it: how many segments were written anew as how many, and what was cleared away.

    `versions_left` are those beyond `keep` that stay: current within the grace, or open.
    """

    version: Version
    from_segments: int
    to_segments: int
    versions_gone: int
    versions_left: int
    bytes_freed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed:
    """Rows to be deleted: by their ids, and those that a filter keeps, which `chosen` makes of the index."""

    ids: Sequence[str] = ()
    chosen: Callable[[Index], Filter] | None = None

    def among(self, index: Index) -> tuple[npt.NDArray[np.int64], int]:
        """Their keys, ascending, and how many of the ids are not there."""
        keys = index.keys_where_known(list(dict.fromkeys(self.ids)))
        found = [keys[keys >= 0]]
        if self.chosen is not None:
            found.append(index.keys(self.chosen(index)))
        return np.unique(np.concatenate(found)), int((keys < 0).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """The version without the deleted rows, how many these are, and how many ids were not there."""

    version: Version
    rows: int
    unknown: int


def delete_rows(folder: Path, doomed: Doomed, *, by: str = "") -> Deleted:
    """Delete rows, as a new version; where none goes there is none. Their bytes stay until `compact`."""
    current_number(LocalPlace(folder))
    with writing(folder), kept_when_full(None):
        index = Index.open(folder)
        keys, unknown = doomed.among(index)
        if not len(keys):
            return Deleted(version=index.facts, rows=0, unknown=unknown)
        deleted, start = {}, 0
        for segment, alive in zip(index.segments, index.kept(None), strict=True):
            own = keys[(keys >= start) & (keys < start + segment.rows)] - start
            gone = Bits.from_rows(own, size=segment.rows)
            deleted[segment.name] = gone if alive is None else gone | alive.inverted()
            start += segment.rows
        version = replace(index.facts, number=next_version(LocalPlace(folder)), by=by)
        return Deleted(version=commit(folder, version, deleted), rows=len(keys), unknown=unknown)


def compact(folder: Path, options: CompactOptions) -> Compacted:
    """Write small segments and much deleted ones anew, then clear away what no kept version names.

    A killed run leaves the index as it was; the next one begins anew.
    """
    current_number(LocalPlace(folder))
    with writing(folder), kept_when_full(None):
        sweep(folder)
        version, before, after = _put_together(folder, options)
        gone = _forget(folder, options)
        return Compacted(
            version=version,
            from_segments=before,
            to_segments=after,
            versions_gone=gone,
            versions_left=max(0, len(listed(LocalPlace(folder))) - options.keep),
            bytes_freed=sweep(folder),
        )


def _put_together(folder: Path, options: CompactOptions) -> tuple[Version, int, int]:
    """The version with segments written anew, how many there were and are; the current one where none needs it."""
    index = Index.open(folder)  # let go of here, as an open version is kept
    runs = list(_runs(index.facts, options))
    if not runs:
        return index.facts, 0, 0
    new, version = _rewritten(folder, index, runs, options=options)
    return version, sum(map(len, runs)), len(new)


def _runs(version: Version, options: CompactOptions) -> Iterator[list[SegmentFacts]]:
    """Segments that are written as one, none of them twice, none larger together than a segment should be."""
    wanted = [
        one
        for one in version.segments
        if one.kept < options.segment_rows // 2 or one.deleted > options.most_deleted * one.rows
    ]
    run: list[SegmentFacts] = []
    for one in wanted:
        if run and sum(other.kept for other in run) + one.kept > options.segment_rows:
            yield from _worth_it(run)
            run = []
        run.append(one)
    yield from _worth_it(run)


def _worth_it(run: list[SegmentFacts]) -> Iterator[list[SegmentFacts]]:
    """A small segment alone that has lost nothing stays as it is."""
    if len(run) > 1 or any(one.deleted for one in run):
        yield run


def _rewritten(
    folder: Path, index: Index, runs: Sequence[Sequence[SegmentFacts]], *, options: CompactOptions
) -> tuple[list[SegmentFacts], Version]:
    """The new segments, and the version in which they stand in the place of the old ones."""
    number = next_number(folder)
    total = sum(one.kept for run in runs for one in run)
    progress = Progress(total=total, label=options.label, unit="rows") if options.label else None
    new: list[SegmentFacts] = []
    kinds = [kinds_in(index.facts)]
    gone = {one.name for run in runs for one in run}
    for run in runs:
        names = {one.name for one in run}
        gathered = Gathering(folder / WORK, index.dim)
        pictures = KeptPictures(index)
        schema = Schema.merged([one.stored.schema for one in index.segments if one.name in names])
        for segment, rows in _alive(index, names):
            gathered.add(plain(segment.take(rows, None), schema, segment.name), segment.vectors.take(rows))
            if progress:
                progress.advance(len(rows))
        if gathered.rows:
            settings = SealSettings(
                codes=options.codes, kinds=distinct_in(index.facts), pictures=pictures if index.has_thumbnails else None
            )
            sealed = gathered.seal(folder, number + len(new), settings)
            new.append(sealed.facts)
            kinds.append(dict(sealed.kinds))
    if progress:
        progress.close()
    version = replace(
        index.facts,
        number=next_version(LocalPlace(folder)),
        segments=(*(one for one in index.facts.segments if one.name not in gone), *new),
        columns={name: str(kind) for name, kind in merged_kinds(kinds).items()},
        by=options.by,
    )
    deleted = {
        segment.name: bits.inverted()
        for segment, bits in zip(index.segments, index.kept(None), strict=True)
        if bits is not None and segment.name not in gone
    }
    return new, commit(folder, version, deleted)


def _alive(index: Index, names: set[str]) -> Iterator[tuple[Segment, npt.NDArray[np.int64]]]:
    """The rows of some segments that are not deleted, some thousand at a time."""
    for segment, bits in zip(index.segments, index.kept(None), strict=True):
        if segment.name in names:
            rows = np.arange(segment.rows) if bits is None else bits.rows()
            for start in range(0, len(rows), _BLOCK):
                yield segment, rows[start : start + _BLOCK]


class KeptPictures:
    """The thumbnails that rows have already."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def jpegs(self, uuids: Sequence[str]) -> Iterable[bytes | None]:
        """Of rows by their ids."""
        return [self._index.thumbnail(key) for key in self._index.keys_of(uuids)]


def _forget(folder: Path, options: CompactOptions) -> int:
    """Delete the versions that are neither among the newest, nor within the grace, nor open; returns how many."""
    place = LocalPlace(folder)
    numbers = listed(place)
    now, gone = datetime.now(UTC), 0
    for number, successor in pairwise(numbers):
        replaced = datetime.fromisoformat(read_version(place, successor).made)
        if number in numbers[-options.keep :] or now - replaced < timedelta(seconds=options.grace):
            continue
        version = read_version(place, number)
        remember(place, version)
        if not unlink_unless_pinned(folder / version.file):  # first: nobody opens it by its number from here on
            continue
        for path in (folder / version.file).parent.glob(f"{number:06}-*.deleted.npy"):
            path.unlink()
        gone += 1
    return gone
