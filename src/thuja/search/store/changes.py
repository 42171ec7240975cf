"""Rows leave an index, and what it no longer needs is cleared away: each change is a version beside earlier ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thuja.jobs import kept_when_full
from thuja.search.bits import Bits
from thuja.search.filters import Filter
from thuja.search.index import Index
from thuja.search.manifest import Version
from thuja.search.store.pins import unlink_unless_pinned
from thuja.search.store.places import LocalPlace
from thuja.search.store.rewriting import CompactOptions, put_together
from thuja.search.store.sweeping import sweep
from thuja.search.store.versions import commit, current_number, listed, next_version, read_version, remember, writing


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
        done = put_together(folder, options)
        gone = _forget(folder, options)
        return Compacted(
            version=done.version,
            from_segments=done.before,
            to_segments=done.after,
            versions_gone=gone,
            versions_left=max(0, len(listed(LocalPlace(folder))) - options.keep),
            bytes_freed=sweep(folder),
        )


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
