"""One worker's downloads: every host at its own pace, all hosts at once, each URL to its end.

A dispatcher a host lets URLs out one by one; what fails and may yet succeed waits in the host's own queue, so that no
connection is held by waiting. A host to which no connection can be made is left until the others are done, and asked
again; when it is still down, its URLs have their error.
"""

import asyncio
import heapq
import time
from collections.abc import Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from thuja.curate.download.asking import MAY_PASS, Asker, Desk, HandedError, ThrottledError
from thuja.curate.download.client import Client, ConnectError, HeldOffError
from thuja.curate.download.content import Got, Wanted, examine
from thuja.curate.download.journal import Journal, Outcome
from thuja.curate.download.plan import HostQueue, SharePlan
from thuja.curate.download.settings import DownloadSettings
from thuja.errors import ImageError
from thuja.jobs import Progress

_LANES: Final = 2_000
"""Hosts that are served at once."""
_ONCE_MORE: Final = frozenset({"hash_mismatch", "not_an_image", "empty_image"})
"""Reasons that are worth a second try and no third."""
_THROTTLED_TRIES: Final = 5
"""A throttled URL is asked for so many times as often as one that fails: the fault is not its own."""
_ASIDE: Final = 10
"""A host that is down is left alone for at least so many times `first_wait`."""
_WAITING: Final = 1_000
"""URLs of one host that wait for another try, at most."""
_LOOK_UP: Final = 1.0
"""Seconds after which a dispatcher that waits for its host looks at what has happened meanwhile."""


@dataclass(slots=True)
class Job:
    """One URL on its way, and how often it was tried."""

    wanted: Wanted
    failures: int = 0
    throttled: int = 0
    doubted: int = 0
    tries: int = 0


@dataclass(slots=True)
class Counter:
    """One host's URLs as they are let out: those of the plan, and those that wait for another try."""

    queue: HostQueue
    desk: Desk
    waiting: list[tuple[float, int, Job]] = field(default_factory=list)
    pushed: int = 0
    let_out_at: float = float("-inf")
    set_aside_at: float = float("-inf")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left but what is under way."""
        return self.queue.is_empty and not self.waiting

    @property
    def takes_waiting(self) -> bool:
        """Whether nothing more is read from the plan, because all is read, or enough waits already."""
        return self.queue.is_empty or len(self.waiting) >= _WAITING

    def next(self) -> Job:
        """The job whose time has come, else one from the plan."""
        is_due = bool(self.waiting) and self.waiting[0][0] <= time.monotonic()
        wanted = None if is_due or self.takes_waiting else self.queue.pop()
        return heapq.heappop(self.waiting)[2] if wanted is None else Job(wanted)

    def drop(self) -> None:
        """Leave the rest to a later round."""
        self.queue, self.waiting = HostQueue(self.queue.host, []), []

    def put_back(self, job: Job, seconds: float) -> None:
        """Let a job out again in so many seconds."""
        self.pushed += 1  # jobs themselves have no order
        heapq.heappush(self.waiting, (time.monotonic() + seconds, self.pushed, job))


class Engine:
    """Downloads one share of a plan into a journal."""

    def __init__(self, plan: SharePlan, settings: DownloadSettings, journal: Journal, *, progress: Progress) -> None:
        self._plan, self._settings, self._journal, self._progress = plan, settings, journal, progress
        self.failed = self.handed = 0

    async def run(self, threads: int) -> None:
        """Bring every URL of the share to its end; raises OSError when the disk is full."""
        self._slots = asyncio.Semaphore(self._settings.concurrency)
        queues = self._plan.queues()
        lanes = min(_LANES, len(queues))
        with ThreadPoolExecutor(threads, "decode") as pool, ThreadPoolExecutor(32, "names") as names:
            asyncio.get_running_loop().set_default_executor(names)
            self._pool = pool
            async with Client(self._settings) as client:
                self._asker = Asker(client, self._settings, self._plan.owns)
                down: list[Counter] = []
                counters = (Counter(queue, self._asker.desk(queue.host)) for queue in queues)
                await _all(self._lane(counters, down, is_last=False) for _ in range(lanes))
                again = iter(down)
                await _all(self._lane(again, [], is_last=True) for _ in down)

    async def _lane(self, counters: Iterator[Counter], down: list[Counter], *, is_last: bool) -> None:
        """Serve one host after the other; `down` takes those that do not answer."""
        for counter in counters:
            if not await self._serve(counter, is_last=is_last):
                down.append(counter)

    async def _serve(self, counter: Counter, *, is_last: bool) -> bool:
        """Let out the URLs of a host; returns False where it was given up for the time being."""
        pace = counter.desk.pace
        if is_last:
            rest = counter.set_aside_at + _ASIDE * self._settings.first_wait - time.monotonic()
            await asyncio.sleep(max(0.0, rest))
            pace.unreached = 0
        under_way: set[asyncio.Task[None]] = set()
        try:
            while is_last or not pace.is_dead:
                under_way = _reaped(under_way)
                if counter.desk.is_put_off:
                    counter.drop()
                wait = self._until_next(counter, len(under_way))
                if wait is None and not under_way:
                    return True
                if wait is None:
                    await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                elif wait > 0:
                    await asyncio.sleep(min(wait, _LOOK_UP))
                else:
                    await self._let_out(counter.next(), counter, under_way)
            if under_way:
                await asyncio.wait(under_way)
            _reaped(under_way)
            counter.set_aside_at = time.monotonic()
            return False
        finally:
            for task in under_way:
                task.cancel()

    async def _let_out(self, job: Job, counter: Counter, under_way: set[asyncio.Task[None]]) -> None:
        """Begin a try, or note the failure of a job whose host is given up."""
        desk = counter.desk
        if desk.closed:
            await self._note_failure(job, ImageError(desk.closed, reason="http_429"))
        elif desk.pace.is_dead:
            await self._note_failure(job, ImageError("the host does not answer", reason="unreachable"))
        else:
            await self._slots.acquire()
            now, distance = time.monotonic(), 1 / desk.pace.rate
            counter.let_out_at = max(counter.let_out_at + distance, now - distance)
            task = asyncio.create_task(self._attempt(job, counter))
            task.add_done_callback(lambda _: self._slots.release())
            under_way.add(task)

    def _until_next(self, counter: Counter, under_way: int) -> float | None:
        """Seconds until the host's next URL may go out; None where there is none, or no room for one."""
        if under_way >= self._settings.host_concurrency or counter.is_empty:
            return None
        desk = counter.desk
        if counter.queue.host == "" or desk.closed or desk.pace.is_dead:
            return 0.0
        now = time.monotonic()
        due = counter.waiting[0][0] - now if counter.takes_waiting else 0.0
        spacing = counter.let_out_at + 1 / desk.pace.rate - now
        return max(0.0, due, spacing, desk.pace.paused_until - now)

    async def _attempt(self, job: Job, counter: Counter) -> None:
        """One try of one URL, and what follows from it."""
        job.tries += 1
        try:
            with self._asker.lease() as lease:
                body = await self._asker.fetch(job.wanted, lease)
                await self._examine(job, body)
        except HeldOffError as held:
            job.tries -= 1
            counter.put_back(job, held.seconds)
        except HandedError as handed:
            if handed.hops > job.wanted.hops:  # else its host is put off, and the URL stays as it is
                self.handed += 1
                await self._write(self._outcome(job, target=handed.target, hops=handed.hops))
        except ThrottledError as throttled:
            job.throttled += 1
            if job.throttled >= self._settings.tries * _THROTTLED_TRIES:
                await self._note_failure(job, throttled.error)
            else:
                counter.put_back(job, self._backoff(min(job.throttled, 6)))
        except ConnectError as error:
            await self._try_again(job, counter, ImageError(str(error), reason="unreachable"))
        except ImageError as error:
            await self._try_again(job, counter, error)

    async def _try_again(self, job: Job, counter: Counter, error: ImageError) -> None:
        """Put a job back whose error may pass; note the failure of any other."""
        job.failures += 1
        job.doubted += error.reason in _ONCE_MORE
        may_pass = error.reason in MAY_PASS or (error.reason in _ONCE_MORE and job.doubted < 2)
        if may_pass and job.failures < self._settings.tries:
            counter.put_back(job, self._backoff(job.failures))
        else:
            await self._note_failure(job, error)

    def _backoff(self, times: int) -> float:
        return self._settings.first_wait * 2.0 ** (times - 1)

    async def _examine(self, job: Job, body: bytes) -> None:
        """Look at the bytes and store them, in another thread."""

        def work() -> Got:
            got = examine(body, job.wanted, max_side=self._settings.max_side, limits=self._settings.limits)
            is_original = job.wanted.is_original or self._settings.max_side == 0 or got.stored is body
            outcome = self._outcome(
                job,
                is_original=is_original,
                **{name: getattr(got, name) for name in ("sha256", "md5", "file_size", "width", "height")},
            )
            self._journal.append(outcome, got.stored)
            return got

        await asyncio.get_running_loop().run_in_executor(self._pool, work)
        self._progress.advance(1, note=self._note())

    async def _note_failure(self, job: Job, error: ImageError) -> None:
        self.failed += 1
        await self._write(self._outcome(job, reason=error.reason, message=error.message))

    async def _write(self, outcome: Outcome) -> None:
        await asyncio.get_running_loop().run_in_executor(self._pool, self._journal.append, outcome)
        self._progress.advance(1, note=self._note())

    def _note(self) -> str:
        return f"{self.failed:,} failed" if self.failed else ""

    def _outcome(self, job: Job, **more: object) -> Outcome:
        return Outcome(url=job.wanted.url, tries=job.tries, round=self._settings.retry_failed, **more)  # type: ignore[arg-type]


def _reaped(tasks: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Those that are still under way; raises what one of the others raised."""
    for task in tasks:
        if task.done():
            task.result()
    return {task for task in tasks if not task.done()}


async def _all(lanes: Iterable[Coroutine[None, None, None]]) -> None:
    """Run all to their end; the first error ends the others, and is raised by itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(lane)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
