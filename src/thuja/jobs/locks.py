"""A folder, or a part of a job, that one process at a time works on, whichever way the last one ended."""

import errno
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from thuja.errors import ThujaError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

_LOOK: Final = 0.1
_WITHOUT_LOCKS: Final = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""What a network's file system that is mounted without locks answers."""


@contextmanager
def locked(path: Path, error: ThujaError, *, patience: float = 0.0, is_plain: bool = fcntl is None) -> Iterator[None]:
    """Hold a lock file for the length of the block; raises `error` when another has it for `patience` seconds.

    The system lets go of it when its process ends, however that comes about. Where it knows no such locks the file
    itself is one (`is_plain`), which a killed process leaves behind: the error says so, and which file it is. A
    disk that is mounted without locks holds nobody back: that is said, and the block goes on.
    """
    until = time.monotonic() + patience
    while (lock := _claim(path, is_plain=is_plain)) is None:
        if time.monotonic() >= until:
            left = f"; a killed one leaves {path} behind, which you may delete then" if is_plain else ""
            raise type(error)(error.message, hint=error.hint + left)
        time.sleep(_LOOK)
    try:
        yield
    finally:
        os.close(lock)
        if is_plain:
            path.unlink(missing_ok=True)


def _claim(path: Path, *, is_plain: bool) -> int | None:
    """The open lock file; None where another process has it."""
    flags = os.O_RDWR | os.O_CREAT | (os.O_EXCL if is_plain else 0)
    try:
        lock = os.open(path, flags, 0o644)
    except FileExistsError:
        return None
    if not is_plain:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _WITHOUT_LOCKS:
                logger.warning("the disk of %s knows no locks: let no other process write there", path.parent)
                return lock
            os.close(lock)
            return None
    return lock
