"""Steps made ahead of the training loop, in order: by a thread of its own, or in parts by worker processes."""

import signal
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from multiprocessing import forkserver, get_context, resource_tracker
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

import torch
from torch.utils.data import DataLoader, Dataset
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from thuja.errors import ThujaError
from thuja.jobs import check_workers, end_with_parent

T = TypeVar("T")

Make = Callable[[int, int], T]
"""Makes part p of step k, `make(k, p)`: a function of its arguments alone. It pickles where there are workers."""

_PRELOADED: Final = ["thuja.train.feed"]
"""Imported once, by the server that workers are forked from: spawned, each would take seconds to import torch.

A fork of the trainer itself would copy its threads' locked locks and its CUDA context.
"""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
"""What clusters and terminals send to every process of a job at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served(Generic[T]):
    """The parts of one step in their order, and how many seconds the loop waited for them."""

    step: int
    parts: list[T]
    waited: float


class Feed(Generic[T]):
    """Iterates over `steps`, each made before the loop asks for it, at least `ahead` steps early.

    Without `workers` one thread makes them. Worker processes make parts, each with one thread, so
    that a step of thousands of images is decoded by all of them; tensors in a part come through
    shared memory, and everything else through a pipe. `pin` has tensors in page-locked memory: in
    parts that are tensors, tuples or dicts of them, or that have a method `pin_memory`.

    What `make` raises is raised by the iteration, a ThujaError as it is. Close it, or use it in a
    `with`, to end the thread or the processes; workers end by themselves when the trainer is killed.
    SIGTERM, SIGINT and SIGUSR1, which clusters send to all processes of a job, pass them by, and the
    servers that they are forked from: the trainer decides.
    """

    def __init__(
        self, make: "Make[T]", steps: range, *, parts: int = 1, workers: int = 0, ahead: int = 2, pin: bool = False
    ) -> None:
        check_workers(workers)
        assert min(parts, ahead) >= 1, "a step has a part, and one step at least is made ahead"
        if workers:
            prefetch = -(-ahead * parts // workers)
            made = _by_processes(_Parts(make, steps, parts), workers=workers, prefetch=prefetch, pin=pin)
        else:
            made = _by_thread(make, steps, parts, ahead=ahead)
        self._served = _timed(made, steps, parts)

    def __iter__(self) -> Iterator[Served[T]]:
        return self._served

    def close(self) -> None:
        """End what is being made."""
        self._served.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _timed(made: "Generator[T]", steps: range, parts: int) -> "Generator[Served[T]]":
    with closing(made):
        for step in steps:
            begun = time.perf_counter()
            own = list(islice(made, parts))
            yield Served(step=step, parts=own, waited=time.perf_counter() - begun)


def _by_thread(make: "Make[T]", steps: range, parts: int, *, ahead: int) -> "Generator[T]":
    """Every part of every step, made by one thread, up to `ahead` steps early."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="feed") as pool:
        coming: deque[Future[T]] = deque()
        waiting = iter(_numbers(steps, parts))
        try:
            coming.extend(pool.submit(make, *one) for one in islice(waiting, ahead * parts))
            while coming:
                result = coming.popleft().result()
                coming.extend(pool.submit(make, *one) for one in islice(waiting, 1))
                yield result
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _numbers(steps: range, parts: int) -> Iterator[tuple[int, int]]:
    return ((step, part) for step in steps for part in range(parts))


@dataclass(frozen=True, slots=True)
class _Raised:
    """What a worker raised, to be raised in the trainer without a traceback of the worker in its sentence."""

    error: ThujaError


class _Parts(Dataset[T | _Raised]):
    """All parts of all steps by one number, as DataLoader asks for them."""

    def __init__(self, make: "Make[T]", steps: range, parts: int) -> None:
        self._make, self._steps, self._parts = make, steps, parts

    def __len__(self) -> int:
        return len(self._steps) * self._parts

    def __getitem__(self, number: int) -> T | _Raised:
        step, part = divmod(number, self._parts)
        try:
            return self._make(self._steps[step], part)
        except ThujaError as error:
            return _Raised(error)


def _by_processes(parts: _Parts[T], *, workers: int, prefetch: int, pin: bool) -> "Generator[T]":
    """Every part of every step, made by that many processes, in order."""
    if not len(parts):
        return
    _start_servers()
    context = get_context("forkserver")
    loader: DataLoader[T | _Raised] = DataLoader(
        parts,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=prefetch,
        pin_memory=pin,
        collate_fn=_as_it_is,
        worker_init_fn=_begin_worker,
        multiprocessing_context=context,
        generator=torch.Generator(),  # else it draws from the global one, and dropout with workers would differ
    )
    made = iter(loader)
    assert isinstance(made, _MultiProcessingDataLoaderIter)
    try:
        for result in made:
            if isinstance(result, _Raised):
                raise result.error
            yield result
    except (RuntimeError, ConnectionError, EOFError) as error:
        raise _explained(error) from error
    finally:
        made._shutdown_workers()  # an error's traceback holds `made`, and workers left to the collector end with us


def _as_it_is(part: Any) -> Any:
    return part


def _start_servers() -> None:
    """Start what workers are forked from, deaf to the signals that end a job; every worker inherits the deafness."""
    forkserver.set_forkserver_preload(_PRELOADED)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        resource_tracker.ensure_running()  # this lets SIGINT and SIGTERM through again
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker(number: int) -> None:
    """End with the trainer, and leave signals to it, which saves first, whoever started the server."""
    end_with_parent()
    for one in _SIGNALS:
        signal.signal(one, signal.SIG_IGN)


def _explained(error: Exception) -> Exception:
    """A worker's sudden end as one sentence; what `make` raised as it is."""
    message = str(error)
    if "in DataLoader worker process" in message:
        return error
    if "shared memory" in message or "bus error" in message:
        hint = "give the container more (docker run --shm-size=16g), or fewer --workers"
        return ThujaError("the shared memory is too small for what the worker processes hand over", hint=hint)
    if isinstance(error, ConnectionError | EOFError) or "DataLoader worker" in message:
        hint = "fewer --workers need less memory"
        return ThujaError("a worker process was killed, perhaps for want of memory", hint=hint)
    return error
