"""Python's csv with longer fields for a while: its limit is one for the whole process."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

_LOCK = RLock()


@contextmanager
def field_limit(limit: int) -> Iterator[None]:
    """Let a field have up to `limit` characters inside the block; other readers find the limit they had."""
    with _LOCK:
        before = csv.field_size_limit(limit)
        try:
            yield
        finally:
            csv.field_size_limit(before)
