"""One job over many items in several processes: answers in order, few items ahead, no worker left behind."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from threading import Thread, current_thread
from typing import Final, TypeVar

from thuja.errors import ThujaError, UsageError

In = TypeVar("In")
Out = TypeVar("Out")

_MOST: Final = 1_000
"""Workers that anybody may ask for; each is a process of its own."""


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_workers(workers: int) -> None:
    """Raise UsageError for a number of workers that `spread` does not take."""
    if not 0 <= workers <= _MOST:
        raise UsageError(f"cannot work with {workers} workers", hint=f"--workers takes 0 (one a core) to {_MOST:,}")


def spread(
    job: Callable[[In], Out],
    items: Iterable[In],
    *,
    workers: int = 0,
    hint: str = "fewer --workers need less memory",
) -> Generator[Out, None, None]:
    """`map`, by that many processes (0: one a core; with 1, in this one), at most two items a worker ahead.

    `job` is importable, and pickles. What it raises is raised here. Raises UsageError at once for a number of
    workers that cannot be, ThujaError with `hint` when the system kills a worker; when this process is killed,
    the workers end too. Who may stop before the last item closes it (`contextlib.closing`), which ends the workers.
    """
    check_workers(workers)
    return _spread(job, items, workers or cores(), hint=hint)


def _spread(job: Callable[[In], Out], items: Iterable[In], count: int, *, hint: str) -> Generator[Out, None, None]:
    waiting = iter(items)
    head = list(islice(waiting, 2))
    if count == 1 or len(head) < 2:
        yield from map(job, head)
        yield from map(job, waiting)
        return
    caller = current_thread()
    # Spawned, not forked: a fork copies locked locks of whatever threads the caller has.
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=end_with_parent)
    try:
        ahead: deque[Future[Out]] = deque(pool.submit(job, item) for item in head)
        while ahead:
            ahead.extend(pool.submit(job, item) for item in islice(waiting, 2 * count - len(ahead)))
            yield ahead.popleft().result()
    except BrokenProcessPool as error:
        raise ThujaError("a worker process was killed, perhaps for want of memory", hint=hint) from error
    finally:
        # Left unclosed, it may be collected in the pool's own thread, which cannot wait for itself.
        pool.shutdown(wait=current_thread() is caller, cancel_futures=True)


def end_with_parent() -> None:
    """End this worker when the main process is killed; left alone it would wait for work for ever."""
    parent = parent_process()
    assert parent is not None, "only workers call this"

    def watch(parent: BaseProcess = parent) -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()
