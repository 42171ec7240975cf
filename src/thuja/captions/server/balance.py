"""Several servers of one model: each request goes to the one with the least to do; one that is away is waited for."""

import logging
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from thuja.captions.captioner import CaptionerStopped
from thuja.captions.server.client import Client
from thuja.captions.server.failures import Failure, Kind
from thuja.captions.server.settings import Patience
from thuja.captions.server.waiting import Clock, grown_wait

_LOG = logging.getLogger(__name__)
_GLANCE: Final = 0.25
"""Seconds after which a thread without a server looks again."""

_MISSED: Final = 10.0
"""Seconds without any answer after which it is said that a server is waited for."""


@dataclass(slots=True)
class Seat:
    """One server and how it does. `closed` is the failure for which nothing more is asked of it.

    `is_missed` once it was said that nothing comes back.
    """

    client: Client
    in_flight: int = 0
    turn: int = 0
    has_answered: bool = False
    has_seen: bool = False
    failures: int = 0
    failing_since: float = 0.0
    streak: int = 0
    paused_at: float = float("-inf")
    paused_until: float = float("-inf")
    is_missed: bool = False
    closed: Failure | None = None

    @property
    def is_probed(self) -> bool:
        """Whether it was away again after a pause, so that one request at a time finds out."""
        return self.streak > 1 and self.in_flight > 0


class Balance:
    """Hands out servers, and learns from what came of it. For several threads at once."""

    def __init__(self, clients: Sequence[Client], patience: Patience, clock: Clock) -> None:
        self._seats = [Seat(client) for client in clients]
        self._patience, self._clock = patience, clock
        self._lock = threading.Lock()
        self._turns = 0
        self._rng = random.Random()

    @property
    def seats(self) -> Sequence[Seat]:
        """All servers, in the order that they were named in."""
        return self._seats

    def pick(self, only: Seat | None = None) -> Seat:
        """The open server with the fewest requests under way; waits for one, or raises CaptionerStopped.

        With `only`, that one at once.
        """
        while True:
            with self._lock:
                now = self._clock.now()
                if only is not None:
                    only.in_flight += 1
                    return only
                opened = [seat for seat in self._seats if seat.closed is None]
                if not opened:
                    raise self._stopped()
                free = [seat for seat in opened if seat.paused_until <= now and not seat.is_probed]
                if free:
                    seat = min(free, key=lambda seat: (seat.in_flight, seat.turn))
                    self._turns += 1
                    seat.in_flight, seat.turn = seat.in_flight + 1, self._turns
                    return seat
                wait = min(seat.paused_until for seat in opened) - now
            self._clock.sleep(min(wait, _GLANCE) if wait > 0 else _GLANCE)  # else one request finds out for all

    def leave(self, seat: Seat) -> None:
        """Give a server back of which nothing was learnt."""
        with self._lock:
            seat.in_flight -= 1

    def done(self, seat: Seat, sent: float, failure: Failure | None) -> None:
        """Say what came of a request that was sent at that moment."""
        with self._lock:
            seat.in_flight -= 1
            if failure is None or failure.kind in (Kind.PICTURE, Kind.COMPLETION_TOKENS):
                seat.has_answered = seat.has_answered or failure is None
                seat.failures = 0
                if seat.is_missed:
                    seat.is_missed = False
                    _LOG.warning("%s answers again", seat.client.address)
                if sent >= seat.paused_at:
                    seat.streak = 0
            elif failure.kind is Kind.SERVER:
                self._close(seat, failure)
            else:
                self._strain(seat, sent, failure)

    def _strain(self, seat: Seat, sent: float, failure: Failure) -> None:
        now = self._clock.now()
        seat.failing_since = now if seat.failures == 0 else seat.failing_since
        seat.failures += 1
        wait = failure.wait or 0.0
        if wait > self._patience.outage:
            return self._close(seat, failure, f"it asks for a wait of {wait:,.0f} s; ")
        if now - seat.failing_since >= self._patience.outage and seat.failures > self._patience.tries:
            return self._close(seat, failure, f"no answer for {now - seat.failing_since:,.0f} s; ")
        if now - seat.failing_since >= _MISSED and not seat.is_missed:
            seat.is_missed = True
            where = "" if seat.client.address in failure.message else f"{seat.client.address}: "
            most = self._patience.outage / 60
            _LOG.warning("%s%s; it is waited for, up to %.0f minutes", where, failure.message, most)
        if failure.kind is Kind.AWAY and sent >= seat.paused_at:
            seat.streak += 1
            grown = grown_wait(
                seat.streak, first=self._patience.first_wait, longest=self._patience.longest_wait, rng=self._rng
            )
            seat.paused_at, seat.paused_until = now, now + (grown if failure.wait is None else wait)
        elif failure.kind is Kind.AWAY:
            seat.paused_until = max(seat.paused_until, now + wait)
        return None

    def _close(self, seat: Seat, failure: Failure, why: str = "") -> None:
        if seat.closed is None:
            seat.closed = Failure(kind=Kind.SERVER, message=why + failure.message, hint=failure.hint)
            if len(self._seats) > 1:
                _LOG.warning("%s is left out: %s", seat.client.address, seat.closed.message)

    def _stopped(self) -> CaptionerStopped:
        """Of the last server that was left out."""
        seats = [seat for seat in self._seats if seat.closed is not None]
        last = max(seats, key=lambda seat: seat.turn)
        assert last.closed is not None
        message = last.closed.message
        where = "" if last.client.address in message else f"{last.client.address}: "
        return CaptionerStopped(f"{where}{message}", hint=last.closed.hint)
