"""What is kept of indexes elsewhere stays below a size: segments that were opened longest ago go first.

`segment.json` of a segment that an index has open is pinned, by any process of this machine: it stays, whatever it
takes.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from thuja.errors import UsageError
from thuja.jobs.folders import temporary_name
from thuja.search.manifest import FACTS, SEGMENTS
from thuja.search.store.pins import unpinned

LIMIT: Final = "THUJA_SEARCH_CACHE_GB"
_GIGABYTES: Final = 50.0


def most_bytes() -> int:
    """What may be kept: `THUJA_SEARCH_CACHE_GB`, or 50 GB; raises UsageError for what is no number."""
    said = os.environ.get(LIMIT, "")
    try:
        gigabytes = float(said or _GIGABYTES)
    except ValueError:
        gigabytes = -1.0
    if not 0 <= gigabytes < float("inf"):
        raise UsageError(f'{LIMIT} is a number of gigabytes, got "{said[:80]}"')
    return int(gigabytes * 1e9)


def evict(cache: Path, most: int) -> int:
    """Delete segments below `cache`, which holds a folder for each place, until they take no more than `most` bytes.

    Returns the bytes that are gone.
    """
    for left in cache.glob(f"*/{SEGMENTS}/*.tmp"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    found = []
    for facts in cache.glob(f"*/{SEGMENTS}/*/{FACTS}"):
        with suppress(OSError):  # another process deletes it
            size = sum(path.stat().st_size for path in facts.parent.rglob("*") if path.is_file())
            found.append((facts.stat().st_mtime_ns, facts, size))
    excess, gone = sum(size for _, _, size in found) - most, 0
    for _, facts, size in sorted(found):
        if gone >= excess:
            break
        gone += size if _is_deleted(facts) else 0
    return gone


def _is_deleted(facts: Path) -> bool:
    """Delete a segment unless it is open. It goes from its name first: nobody finds half of it."""
    try:
        with unpinned(facts) as is_free:
            if is_free:
                out_of_sight = facts.parent.with_name(temporary_name(facts.parent.name))
                facts.parent.rename(out_of_sight)
                shutil.rmtree(out_of_sight, ignore_errors=True)
        return is_free
    except OSError:  # by another process; in a cache that others fill, or that is mounted to be read alone
        return False
