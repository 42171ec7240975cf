"""Readers pin the files that they have open: a shared lock, which the system lets go of with the process.

A compaction leaves pinned versions alone, and a cache pinned segments. Where the system or the disk knows no such
locks, the grace alone holds.
"""

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be deleted anyway
    fcntl = None  # type: ignore[assignment]


def pin(path: Path, owner: object) -> None:
    """Hold a file for as long as `owner` lives; raises FileNotFoundError where it is gone."""
    file = os.open(path, os.O_RDONLY)
    weakref.finalize(owner, os.close, file)
    if fcntl is None:
        return
    with suppress(OSError):  # a disk without locks
        fcntl.flock(file, fcntl.LOCK_SH)  # waits for whoever is deleting it: no longer than that takes
    if not os.fstat(file).st_nlink:
        raise FileNotFoundError(path)


@contextmanager
def unpinned(path: Path) -> Iterator[bool]:
    """Whether nobody holds a file; then nobody takes hold of it before the block ends."""
    if fcntl is None:
        yield True
        return
    file = _opened(path)
    try:
        is_free = True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            is_free = False
        except OSError:  # a disk without locks
            pass
        yield is_free
    finally:
        os.close(file)  # not before: whoever waits for the lock finds the file gone


def _opened(path: Path) -> int:
    """Open for writing where that is allowed: NFS gives no exclusive lock on a file that is open for reading alone."""
    try:
        return os.open(path, os.O_RDWR)
    except OSError:
        return os.open(path, os.O_RDONLY)


def unlink_unless_pinned(path: Path) -> bool:
    """Delete a file unless a reader holds it; none takes hold in between. Returns whether it is gone."""
    with unpinned(path) as is_free:
        if is_free:
            path.unlink()
    return is_free
