"""Segments are written anew: small ones put together as one, and without the rows that were deleted."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.errors import ThujaError, UsageError
from thuja.jobs import Progress
from thuja.search.columns import merged_kinds
from thuja.search.engine.building import CodeSettings
from thuja.search.index import Index
from thuja.search.manifest import SegmentFacts, Version
from thuja.search.store.places import LocalPlace
from thuja.search.store.plain import Schema, plain
from thuja.search.store.sealing import Gathering, SealSettings
from thuja.search.store.segment import Segment
from thuja.search.store.sweeping import WORK, next_number, sweep
from thuja.search.store.versions import commit, distinct_in, kinds_in, next_version

_BLOCK: Final = 8192
_SMALL_ROWS: Final = 32_768
_SMALL_SEGMENTS: Final = 8
"""So many small segments are put together by the add that makes the last of them."""
_FEWER: Final = 8
"""A compaction that leaves so many segments fewer is worth telling of."""
_VERSIONS: Final = 200
"""More versions than these are worth clearing away: each is read by every add, and may keep segments of its own."""


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
class Rewritten:
    """The version with segments written anew; how many these were, and are."""

    version: Version
    before: int = 0
    after: int = 0


def put_together(folder: Path, options: CompactOptions) -> Rewritten:
    """Write anew what needs it, as a new version; where nothing does there is none. By the writer alone."""
    index = Index.open(folder)  # let go of here, as an open version is kept
    return _put_together(folder, index, list(_runs(index.facts, options)), options=options)


def put_small_together(folder: Path, version: Version, options: CompactOptions) -> Version:
    """After many small adds, their segments as few: a search asks each, and those below some thousand rows row by row.

    What is written is small, too: an add never waits for the whole index, and a row is written anew some eight times
    in thousands of adds, as only what is of like size comes together. By the writer alone.
    """
    most = min(options.segment_rows, 2 * _SMALL_ROWS)
    small = [one for one in version.segments if one.kept < most // 2]
    if len(small) < _SMALL_SEGMENTS:
        return version
    return _put_together(folder, Index.open(folder), [_smallest(small, most)], options=options).version


def _put_together(
    folder: Path, index: Index, runs: Sequence[Sequence[SegmentFacts]], *, options: CompactOptions
) -> Rewritten:
    if not runs:
        return Rewritten(version=index.facts)
    try:
        new, version = _rewritten(folder, index, runs, options=options)
    except (OSError, ThujaError):
        sweep(folder)  # on a full disk what is half written is in the way
        raise
    return Rewritten(version=version, before=sum(map(len, runs)), after=len(new))


def due(version: Version, *, versions: int = 1) -> str:
    """Why a compaction would help a version, of so many that are kept; nothing where it would not."""
    runs = list(_runs(version, CompactOptions()))
    segments, deleted = sum(map(len, runs)), sum(one.deleted for one in version.segments)
    reasons = [f"{segments:,} segments can be {len(runs):,}"] if segments - len(runs) >= _FEWER else []
    if deleted > CompactOptions().most_deleted * sum(one.rows for one in version.segments):
        reasons.append(f"{deleted:,} deleted rows are still on the disk")
    if versions > _VERSIONS:
        reasons.append(f"{versions:,} versions are kept, with all that they name")
    return ", ".join(reasons)


def _smallest(segments: Sequence[SegmentFacts], most: int) -> list[SegmentFacts]:
    """The two smallest, and on while the next is no larger than twice what these hold, and all are no more than `most`.

    If all came together each time, the largest would be written anew by every seventh add, thousands of times.
    """
    chosen: list[SegmentFacts] = []
    held = 0
    for one in sorted(segments, key=lambda one: one.kept):
        if len(chosen) >= 2 and (one.kept > 2 * held or held + one.kept > most):
            break
        chosen.append(one)
        held += one.kept
    return chosen


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
