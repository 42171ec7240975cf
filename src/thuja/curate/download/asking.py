"""How one URL is asked for: hop by hop, each at the pace, by the rules and within the limits of its host."""

import asyncio
import time
from collections.abc import Callable
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
)
from thuja.curate.download.content import Wanted
from thuja.curate.download.hosts import STRAINED, Pace, host_of
from thuja.curate.download.robots import LARGEST, NO_RULES, Robots
from thuja.curate.download.room import Lease
from thuja.curate.download.settings import DownloadSettings
from thuja.errors import ImageError
from thuja.images.fetching import redirected_to, timed_out

_THROTTLES: Final = frozenset({429, 503})
_AGAIN: Final = frozenset({408, 425, 500, 502, 504, 520, 521, 522, 523, 524})
MAY_PASS: Final = frozenset({"timeout", "unreachable", "truncated", *(f"http_{status}" for status in _AGAIN)})
"""Reasons that are worth another try."""


class HandedError(Exception):
    """A redirect to a host that another worker looks after, or to one that is put off."""

    def __init__(self, target: str, hops: int) -> None:
        super().__init__(target)
        self.target, self.hops = target, hops


class _ElsewhereError(Exception):
    """A robots.txt is redirected to a host that another worker looks after."""


class ThrottledError(Exception):
    """The host asks for fewer requests."""

    def __init__(self, error: ImageError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(slots=True)
class Desk:
    """One host: its pace, its rules, and why nothing more is asked of it, if that is so."""

    pace: Pace
    gate: asyncio.Semaphore
    robots: Robots | None = None
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    closed: str = ""
    is_put_off: bool = False
    """Whether its rules lie with another worker's host: nothing is asked of it until one worker has all hosts."""


class Asker:
    """Asks hosts, of which `owns` says whether they are this worker's."""

    def __init__(self, client: Client, settings: DownloadSettings, owns: Callable[[str], bool]) -> None:
        self._client, self._settings, self._owns = client, settings, owns
        self._desks: dict[str, Desk] = {}

    def desk(self, host: str) -> Desk:
        """What is known of a host."""
        desk = self._desks.get(host)
        if desk is None:
            pace = Pace.of(host, self._settings, time.monotonic())
            desk = self._desks[host] = Desk(pace, asyncio.Semaphore(self._settings.host_concurrency))
        return desk

    def lease(self) -> Lease:
        """Room for the bytes of one URL, to be held until they are examined."""
        return Lease(self._client.room)

    async def fetch(self, wanted: Wanted, lease: Lease) -> bytes:
        """The bytes that an URL leads to, within the deadline.

        Raises ImageError, ConnectError, ThrottledError, and HandedError or HeldOffError where nothing went wrong.
        """
        where: list[Sending] = []
        try:
            async with asyncio.timeout(self._settings.deadline) as clock:
                return await self._follow(wanted, lease, where)
        except TimeoutError as error:
            assert clock.expired(), "the client names its own time-outs"
            for sending in where[-1:]:
                _strain(sending)
            raise timed_out(self._settings.deadline) from error

    async def _follow(self, wanted: Wanted, lease: Lease, where: list[Sending]) -> bytes:
        """The body that an URL leads to; `where` notes which hosts were asked on the way."""
        url, hops = wanted.target or wanted.url, wanted.hops
        while True:
            host = host_of(url)
            if not host:
                raise ImageError(f"not an address of the web: {url!r:.120}", reason="bad_url")
            if not self._owns(host):
                raise HandedError(url, hops)
            desk = self.desk(host)
            if self._settings.robots:
                rules = await self._rules(host, url, desk)
                if rules is None:
                    raise HandedError(url, hops)
                if not rules.allows(url):
                    raise ImageError("the host's robots.txt does not allow it", reason="disallowed_by_robots")
            where.append(Sending(desk.pace, lease))
            answer = await self._ask(url, desk, where[-1], largest=self._settings.max_bytes)
            if not has_moved(answer):
                return answer.body
            hops += 1
            if hops > self._settings.redirects:
                raise ImageError(f"more than {self._settings.redirects} redirects", reason="too_many_redirects")
            url = redirected_to(url, answer.location)

    async def _ask(self, url: str, desk: Desk, sending: Sending, *, largest: int, is_cut: bool = False) -> Answer:
        """One request, after which the host's pace knows how it went."""
        pace = desk.pace
        if desk.closed:
            raise ImageError(desk.closed, reason="http_429")
        wait = pace.paused_until - time.monotonic()
        if wait > LONG_WAIT:
            raise HeldOffError(wait)
        async with desk.gate:
            try:
                answer = await self._client.get(url, sending, largest=largest, is_cut=is_cut)
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

    async def _rules(self, host: str, url: str, desk: Desk) -> Robots | None:
        """The host's robots.txt, asked for once; None where it is not this worker that may ask for it."""
        async with desk.asking:
            if desk.robots is None and not desk.is_put_off:
                try:
                    rules = await self._read_rules(url, desk)
                except _ElsewhereError:
                    desk.is_put_off = True
                    return None
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
                if error.reason not in MAY_PASS:
                    return NO_RULES
                await asyncio.sleep(self._settings.first_wait * 2.0**attempt)
        return Robots(503)

    async def _robots_at(self, target: str, desk: Desk) -> Robots:
        for _ in range(self._settings.redirects + 1):
            with self.lease() as lease:
                answer = await self._ask(target, desk, Sending(desk.pace, lease), largest=LARGEST, is_cut=True)
            if not has_moved(answer):
                return await asyncio.to_thread(Robots, 200, answer.body)
            target = redirected_to(target, answer.location)
            host = host_of(target)
            if not host:
                return NO_RULES
            if not self._owns(host):
                raise _ElsewhereError
            desk = self.desk(host)
        return NO_RULES


def _strain(sending: Sending) -> None:
    """Slow a host down whose answer did not come, or broke off."""
    if sending.ticket is not None:
        sending.pace.slow(sending.ticket.sent, time.monotonic(), factor=STRAINED)
