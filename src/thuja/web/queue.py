"""One model and many who ask: what waits is gathered into one pass, and what does not fit is refused."""

import asyncio
import time
from collections import deque
from collections.abc import Coroutine, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, runtime_checkable

from thuja.web.metrics import Metrics
from thuja.web.problems import Busy
from thuja.web.settings import Pace

V = TypeVar("V")
T = TypeVar("T", contravariant=True)
R = TypeVar("R", covariant=True)


@runtime_checkable
class Work(Hashable, Protocol[T, R]):
    """Something that is done to items together: equal works share a pass of `most` items."""

    @property
    def name(self) -> str:
        """What metrics call it."""

    @property
    def most(self) -> int:
        """Items in one pass."""

    def __call__(self, items: Sequence[T]) -> Sequence[R]:
        """A result for each item, in order; what it raises is raised for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Job:
    work: Work[Any, Any]
    item: Any
    done: "asyncio.Future[Any]"


async def all_of(parts: Iterable[Coroutine[Any, Any, V]]) -> list[V]:
    """The results of all, in order; where one raises or nobody waits any more, the others are given up too."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


class ModelQueue:
    """Runs works one after the other in one thread, first come first served.

    A pass takes along what else waits for the same work. It waits `pace.gather` seconds for company, and only while
    pictures are on their way that have not arrived. Whoever stops waiting for a result takes his items out.
    """

    def __init__(self, pace: Pace, metrics: Metrics) -> None:
        self._pace, self._metrics = pace, metrics
        self._jobs: deque[_Job] = deque()
        self._admitted = 0
        self._wake = asyncio.Event()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def admitted(self, pictures: int) -> Iterator[None]:
        """Room for so many pictures, until the block ends; raises Busy where there is none."""
        if self._admitted + pictures > self._pace.queue:
            self._metrics.refused.inc()
            raise Busy("too many pictures are waiting", hint="come again in a moment")
        self._admitted += pictures
        self._metrics.admitted.set(self._admitted)
        try:
            yield
        finally:
            self._admitted -= pictures
            self._metrics.admitted.set(self._admitted)

    async def run(self, work: Work[T, R], items: Sequence[T]) -> list[R]:
        """The results of a work on these items, in their order; raises Busy, and what the work raises."""
        if len(self._jobs) + len(items) > 4 * self._pace.queue:
            self._metrics.refused.inc()
            raise Busy("too much is waiting", hint="come again in a moment")
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._serve())
        loop = asyncio.get_running_loop()
        jobs = [_Job(work=work, item=item, done=loop.create_future()) for item in items]
        self._jobs.extend(jobs)
        self._metrics.waiting.set(len(self._jobs))
        self._wake.set()
        return list(await asyncio.gather(*(job.done for job in jobs)))

    async def close(self) -> None:
        """Stop; what still waits is not done."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        for job in self._jobs:
            job.done.cancel()
        self._jobs.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _serve(self) -> None:
        while True:
            while not self._jobs:
                self._wake.clear()
                await self._wake.wait()
            batch = await self._gathered()
            if batch:
                await self._pass(batch)

    async def _gathered(self) -> list[_Job]:
        """The next job that is wanted, and those that share its pass."""
        batch = self._taken([])
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._pace.gather
        while batch and len(batch) < batch[0].work.most and len(batch) < self._admitted:
            self._wake.clear()
            left = deadline - loop.time()
            if left <= 0:
                break
            try:
                async with asyncio.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                break
            batch = self._taken(batch)
        return [job for job in batch if not job.done.done()]

    def _taken(self, batch: list[_Job]) -> list[_Job]:
        """The batch with what waits for the same work, up to its most; all else keeps its place."""
        kept: deque[_Job] = deque()
        for job in self._jobs:
            if job.done.done():
                continue
            if (not batch or job.work == batch[0].work) and len(batch) < (batch or [job])[0].work.most:
                batch = [*batch, job]
            else:
                kept.append(job)
        self._jobs = kept
        self._metrics.waiting.set(len(kept))
        return batch

    async def _pass(self, batch: Sequence[_Job]) -> None:
        work, began = batch[0].work, time.perf_counter()
        results: Sequence[Any] = ()
        error: BaseException | None = None
        try:
            ran = asyncio.get_running_loop().run_in_executor(self._pool, work, [job.item for job in batch])
            await asyncio.wait({ran})
            error = ran.exception()
            results = () if error is not None else ran.result()
        except RuntimeError as failure:  # no thread can be begun: who waits for this pass would wait for ever
            error = failure
        except asyncio.CancelledError:
            for job in batch:
                job.done.cancel()
            raise
        self._metrics.batch.labels(work.name).observe(len(batch))
        self._metrics.model_seconds.labels(work.name).observe(time.perf_counter() - began)
        for place, job in enumerate(batch):
            if job.done.done():
                continue
            if error is not None:
                job.done.set_exception(error)
            else:
                job.done.set_result(results[place])
