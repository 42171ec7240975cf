"""What a reader holds stays, on disks of a network too."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from thuja.search.store.pins import pin, unlink_unless_pinned


class Reader:
    """Anything that lives."""


def test_what_is_held_stays_where_an_exclusive_lock_needs_a_file_open_for_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS refused the lock, which was taken for a disk without locks: what others had open was deleted."""
    lock = fcntl.flock

    def as_over_a_network(file: int, how: int) -> None:
        if how & fcntl.LOCK_EX and not fcntl.fcntl(file, fcntl.F_GETFL) & os.O_RDWR:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", as_over_a_network)
    (tmp_path / "version").touch()
    reader = Reader()
    pin(tmp_path / "version", reader)
    assert not unlink_unless_pinned(tmp_path / "version")
    del reader
    assert unlink_unless_pinned(tmp_path / "version")
    assert not (tmp_path / "version").exists()
