"""Who works in a store: one run at a time, and of its workers none that an earlier run left behind.

A worker ends when its run is killed, but not in the same instant. So each holds a lock while it works, and a run begins
by giving itself a name and waiting for these locks: a worker that comes later still finds the other name, and ends.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from thuja.errors import ThujaError
from thuja.jobs import locked, write_text

PATIENCE: Final = 20.0
"""Seconds that the workers of a killed run are waited for."""
_RUN: Final = "run"


@contextmanager
def claimed(folder: Path, *, patience: float = PATIENCE) -> Iterator[str]:
    """Keep other runs out of a store; yields the name that its workers are to know. Raises ThujaError."""
    folder.mkdir(parents=True, exist_ok=True)
    busy = ThujaError(f"another process downloads into {folder}", hint="wait for it, or end it")
    with locked(folder / "lock", busy):
        run = secrets.token_hex(8)
        write_text(folder / _RUN, run)
        for lock in sorted(folder.glob("worker-*.lock")):
            left = f"a worker of an earlier run still downloads into {folder}"
            with locked(lock, ThujaError(left, hint="wait until it has ended, or end it"), patience=patience):
                pass
        yield run


@contextmanager
def working(folder: Path, share: int, run: str) -> Iterator[None]:
    """Be the worker of one share of a run; raises ThujaError where there is one, or another run has begun."""
    other = ThujaError(f"another run downloads into {folder}", hint="wait for it, or end it")
    with locked(folder / f"worker-{share:03}.lock", other):
        if (folder / _RUN).read_text(encoding="utf-8") != run:
            raise other
        yield
