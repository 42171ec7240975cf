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
from urllib.parse import urljoin

from thuja.curate.download.client import (
    LONG_WAIT,
    Answer,
    Client,
    ConnectError,
    HeldOffError,
    Sending,
    has_moved,
    timed_out,
)
from thuja.curate.download.content import Got, Wanted, examine
from thuja.curate.download.hosts import STRAINED, Pace, host_of
from thuja.curate.download.journal import Journal, Outcome
from thuja.curate.download.plan import HostQueue, SharePlan
from thuja.curate.download.robots import LARGEST, NO_RULES, Robots
from thuja.curate.download.settings import DownloadSettings
from thuja.errors import ImageError
from thuja.images.fetching import redirected_to
from thuja.jobs import Progress

_LANES: Final = 2_000
"""Hosts that are served at once."""
_THROTTLES: Final = frozenset({429, 503})
_AGAIN: Final = frozenset({408, 425, 500, 502, 504, 520, 521, 522, 523, 524})
_FAILURES: Final = frozenset({"timeout", "unreachable", "truncated", *(f"http_{status}" for status in _AGAIN)})
"""Reasons that may pass."""
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


class HandedError(Exception):
    """A redirect to a host that another worker looks after."""

    def __init__(self, target: str, hops: int) -> None:
        super().__init__(target)
        self.target, self.hops = target, hops


class ThrottledError(Exception):
    """The host asks for fewer requests."""

    def __init__(self, error: ImageError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(slots=True)
class Job:
    """One URL on its way, and how often it was tried."""

    wanted: Wanted
    failures: int = 0
    throttled: int = 0
    doubted: int = 0
    tries: int = 0


@dataclass(slots=True)
class Desk:
    """One host while it is served."""

    pace: Pace
    gate: asyncio.Semaphore
    robots: Robots | None = None
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    closed: str = ""
    waiting: list[tuple[float, int, Job]] = field(default_factory=list)
    dispatched_at: float = float("-inf")
    set_aside_at: float | None = None


class Engine:
    """Downloads one share of a plan into a journal."""

    def __init__(self, plan: SharePlan, settings: DownloadSettings, journal: Journal, progress: Progress) -> None:
        self._plan, self._settings, self._journal, self._progress = plan, settings, journal, progress
        self._desks: dict[str, Desk] = {}
        self._count = 0
        self.failed = 0

    async def run(self, threads: int) -> None:
        """Bring every URL of the share to its end; raises OSError when the disk is full."""
        self._slots = asyncio.Semaphore(self._settings.concurrency)
        queues = self._plan.queues()
        lanes = min(_LANES, len(queues))
        hosts = iter(queues)
        with ThreadPoolExecutor(threads, "decode") as pool, ThreadPoolExecutor(32, "names") as names:
            asyncio.get_running_loop().set_default_executor(names)
            self._pool = pool
            async with Client(self._settings) as self._client:
                down: list[HostQueue] = []
                await _all(self._lane(hosts, down, is_last=False) for _ in range(lanes))
                again = iter(down)
                await _all(self._lane(again, [], is_last=True) for _ in down)

    async def _lane(self, hosts: Iterator[HostQueue], down: list[HostQueue], *, is_last: bool) -> None:
        """Serve one host after the other; `down` takes those that do not answer."""
        for queue in hosts:
            if not await self._serve(queue, is_last=is_last):
                down.append(queue)

    async def _serve(self, queue: HostQueue, *, is_last: bool) -> bool:
        """Let out the URLs of a host; returns False where it was given up for the time being."""
        desk = self._desk(queue.host)
        if desk.set_aside_at is not None:
            rest = desk.set_aside_at + _ASIDE * self._settings.first_wait - time.monotonic()
            await asyncio.sleep(max(0.0, rest))
            desk.pace.unreached = 0
        under_way: set[asyncio.Task[None]] = set()
        try:
            while is_last or not desk.pace.is_dead:
                under_way = _reaped(under_way)
                wait = self._until_next(queue, desk, len(under_way))
                if wait is None and not under_way:
                    return True
                if wait is None:
                    await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                elif wait > 0:
                    await asyncio.sleep(min(wait, _LOOK_UP))
                else:
                    await self._let_out(self._next(queue, desk), desk, under_way)
            if under_way:
                await asyncio.wait(under_way)
            _reaped(under_way)
            desk.set_aside_at = time.monotonic()
            return False
        finally:
            for task in under_way:
                task.cancel()

    async def _let_out(self, job: Job, desk: Desk, under_way: set[asyncio.Task[None]]) -> None:
        """Begin a try, or note the failure of a job whose host is given up."""
        if desk.closed:
            await self._note_failure(job, ImageError(desk.closed, reason="http_429"))
        elif desk.pace.is_dead:
            await self._note_failure(job, ImageError("the host does not answer", reason="unreachable"))
        else:
            await self._slots.acquire()
            now, distance = time.monotonic(), 1 / desk.pace.rate
            desk.dispatched_at = max(desk.dispatched_at + distance, now - distance)
            task = asyncio.create_task(self._attempt(job, desk))
            task.add_done_callback(lambda _: self._slots.release())
            under_way.add(task)

    def _until_next(self, queue: HostQueue, desk: Desk, under_way: int) -> float | None:
        """Seconds until the host's next URL may go out; None where there is none, or no room for one."""
        if under_way >= self._settings.host_concurrency:
            return None
        if queue.is_empty and not desk.waiting:
            return None
        now = time.monotonic()
        due = desk.waiting[0][0] - now if self._takes_waiting(queue, desk) else 0.0
        if queue.host == "" or desk.closed or desk.pace.is_dead:
            return 0.0
        spacing = desk.dispatched_at + 1 / desk.pace.rate - now
        return max(0.0, due, spacing, desk.pace.paused_until - now)

    @staticmethod
    def _takes_waiting(queue: HostQueue, desk: Desk) -> bool:
        """Whether nothing more is read from the plan, because all is read, or enough waits already."""
        return queue.is_empty or len(desk.waiting) >= _WAITING

    def _next(self, queue: HostQueue, desk: Desk) -> Job:
        is_due = bool(desk.waiting) and desk.waiting[0][0] <= time.monotonic()
        is_due = is_due or self._takes_waiting(queue, desk)
        wanted = None if is_due else queue.pop()
        return heapq.heappop(desk.waiting)[2] if wanted is None else Job(wanted)

    def _desk(self, host: str) -> Desk:
        desk = self._desks.get(host)
        if desk is None:
            pace = Pace.of(host, self._settings, time.monotonic())
            desk = self._desks[host] = Desk(pace, asyncio.Semaphore(self._settings.host_concurrency))
        return desk

    async def _attempt(self, job: Job, desk: Desk) -> None:
        """One try of one URL, and what follows from it."""
        job.tries += 1
        try:
            body = await self._within_deadline(job.wanted)
            await self._examine(job, body)
        except HeldOffError as held:
            job.tries -= 1
            self._later(job, desk, held.seconds)
        except HandedError as handed:
            outcome = self._outcome(job, target=handed.target, hops=handed.hops)
            await self._write(outcome)
        except ThrottledError as throttled:
            job.throttled += 1
            if job.throttled >= self._settings.tries * _THROTTLED_TRIES:
                await self._note_failure(job, throttled.error)
            else:
                self._later(job, desk, self._backoff(min(job.throttled, 6)))
        except ConnectError as error:
            await self._try_again(job, desk, ImageError(str(error), reason="unreachable"))
        except ImageError as error:
            await self._try_again(job, desk, error)

    async def _try_again(self, job: Job, desk: Desk, error: ImageError) -> None:
        """Put a job back whose error may pass; note the failure of any other."""
        job.failures += 1
        job.doubted += error.reason in _ONCE_MORE
        may_pass = error.reason in _FAILURES or (error.reason in _ONCE_MORE and job.doubted < 2)
        if may_pass and job.failures < self._settings.tries:
            self._later(job, desk, self._backoff(job.failures))
        else:
            await self._note_failure(job, error)

    def _backoff(self, times: int) -> float:
        return self._settings.first_wait * 2.0 ** (times - 1)

    def _later(self, job: Job, desk: Desk, seconds: float) -> None:
        self._count += 1  # jobs themselves have no order
        heapq.heappush(desk.waiting, (time.monotonic() + seconds, self._count, job))

    async def _within_deadline(self, wanted: Wanted) -> bytes:
        where: list[Sending] = []
        try:
            async with asyncio.timeout(self._settings.deadline) as clock:
                return await self._follow(wanted, where)
        except TimeoutError as error:
            assert clock.expired(), "the client names its own time-outs"
            for sending in where[-1:]:
                _strain(sending)
            raise timed_out(self._settings.deadline) from error

    async def _follow(self, wanted: Wanted, where: list[Sending]) -> bytes:
        """The body that an URL leads to; `where` notes which hosts were asked on the way."""
        url, hops = wanted.target or wanted.url, wanted.hops
        while True:
            host = host_of(url)
            if not host:
                raise ImageError(f"not an address of the web: {url!r:.120}", reason="bad_url")
            if not self._plan.owns(host):
                raise HandedError(url, hops)
            desk = self._desk(host)
            if self._settings.robots and not (await self._rules(host, url, desk)).allows(url):
                raise ImageError("the host's robots.txt does not allow it", reason="disallowed_by_robots")
            answer = await self._ask(url, desk, where, largest=self._settings.max_bytes)
            if not has_moved(answer):
                return answer.body
            hops += 1
            if hops > self._settings.redirects:
                raise ImageError(f"more than {self._settings.redirects} redirects", reason="too_many_redirects")
            url = redirected_to(url, answer.location)

    async def _ask(self, url: str, desk: Desk, where: list[Sending], *, largest: int) -> Answer:
        """One request, after which the host's pace knows how it went."""
        pace = desk.pace
        if desk.closed:
            raise ImageError(desk.closed, reason="http_429")
        wait = pace.paused_until - time.monotonic()
        if wait > LONG_WAIT:
            raise HeldOffError(wait)
        async with desk.gate:
            sending = Sending(pace)
            where.append(sending)
            try:
                answer = await self._client.get(url, sending, largest=largest)
            except ConnectError:
                pace.miss()
                raise
            except ImageError as error:
                if error.reason in ("timeout", "unreachable"):
                    _strain(sending)
                raise
        pace.unreached = 0
        self._heed(answer, desk, sending)
        return answer

    def _heed(self, answer: Answer, desk: Desk, sending: Sending) -> None:
        """Slow down or speed up by what the host answered; raises ImageError or ThrottledError for no image."""
        now = time.monotonic()
        if answer.status == 200 or has_moved(answer):
            desk.pace.relax()
            return
        error = ImageError(f"the server answers {answer.status}", reason=f"http_{answer.status}")
        if answer.status not in _THROTTLES:
            raise error
        desk.pace.slow(sending.ticket.sent if sending.ticket else now, now)
        if answer.after is not None and answer.after > self._settings.longest_pause:
            desk.closed = f"the host asks to be left alone for {answer.after:,.0f} seconds"
            raise ImageError(desk.closed, reason=error.reason)
        desk.pace.pause(answer.after or 0.0, now)
        raise ThrottledError(error)

    async def _rules(self, host: str, url: str, desk: Desk) -> Robots:
        """The host's robots.txt, asked for once."""
        async with desk.asking:
            if desk.robots is None:
                rules = await self._read_rules(url, desk)
                if rules.delay and host not in self._settings.host_rates():
                    desk.pace.bound(1 / rules.delay)
                desk.robots = rules
        return desk.robots

    async def _read_rules(self, url: str, desk: Desk) -> Robots:
        for attempt in range(self._settings.tries):
            try:
                return await self._robots_at(urljoin(url, "/robots.txt"), desk)
            except ImageError as error:
                status = error.reason.removeprefix("http_")
                if status.isdecimal() and int(status) not in _AGAIN:
                    return Robots(int(status))
                if error.reason not in _FAILURES:
                    return NO_RULES
                await asyncio.sleep(self._backoff(attempt + 1))
        return Robots(503)

    async def _robots_at(self, target: str, desk: Desk) -> Robots:
        for _ in range(self._settings.redirects + 1):
            answer = await self._ask(target, desk, [], largest=LARGEST)
            if not has_moved(answer):
                return Robots(200, answer.body)
            target = redirected_to(target, answer.location)
            host = host_of(target)
            if not host or not self._plan.owns(host):
                return NO_RULES
            desk = self._desk(host)
        return NO_RULES

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


def _strain(sending: Sending) -> None:
    """Slow a host down whose answer did not come, or broke off."""
    if sending.ticket is not None:
        sending.pace.slow(sending.ticket.sent, time.monotonic(), factor=STRAINED)


async def _all(lanes: Iterable[Coroutine[None, None, None]]) -> None:
    """Run all to their end; the first error ends the others, and is raised by itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(lane)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
