"""Readers pin the version that they have open: a shared lock on its file, which the system lets go of with the process.

A compaction leaves pinned versions alone. Where the system or the disk knows no such locks, the grace alone holds.
"""

import os
import weakref
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be deleted anyway
    fcntl = None  # type: ignore[assignment]


def pin(path: Path, owner: object) -> None:
    """Hold a version's file for as long as `owner` lives; raises FileNotFoundError where the version is gone."""
    file = os.open(path, os.O_RDONLY)
    weakref.finalize(owner, os.close, file)
    if fcntl is None:
        return
    with suppress(OSError):  # a disk without locks
        fcntl.flock(file, fcntl.LOCK_SH)  # waits for a compaction that is deleting it: no longer than that takes
    if not os.fstat(file).st_nlink:
        raise FileNotFoundError(path)


def unlink_unless_pinned(path: Path) -> bool:
    """Delete a version's file unless a reader holds it; none takes hold in between. Returns whether it is gone."""
    if fcntl is None:
        path.unlink()
        return True
    file = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    except OSError:  # a disk without locks
        pass
    try:
        path.unlink()
    finally:
        os.close(file)  # not before: whoever waits for the lock finds the version gone
    return True
