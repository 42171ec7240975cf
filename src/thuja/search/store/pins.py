"""Readers pin the version that they have open: a shared lock on its file, which the system lets go of with the process.

A compaction leaves pinned versions alone. Where the system or the disk knows no such locks, the grace alone holds.
"""

import os
import weakref
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be deleted anyway
    fcntl = None  # type: ignore[assignment]


def pin(path: Path, owner: object) -> None:
    """Hold a version's file for as long as `owner` lives; raises FileNotFoundError where the version is gone."""
    file = os.open(path, os.O_RDONLY)
    weakref.finalize(owner, os.close, file)
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:  # a disk without locks, or the version is being deleted at this moment
            path.stat()


def is_pinned(path: Path) -> bool:
    """Whether any reader holds a version's file."""
    if fcntl is None:
        return False
    file = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False
