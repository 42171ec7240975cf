"""Limits a minute that hold strictly: in every window of that length, wherever it begins, for all threads together.

A bucket that refills while it is emptied lets twice its size through in one window. So what was taken is remembered
until the window has passed, which is the guarantee; a bucket before it spreads the requests evenly, which is manners.
"""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

from thuja.captions.captioner import CaptionerStopped
from thuja.captions.server.settings import Rates
from thuja.captions.server.waiting import Clock

PERIOD: Final = 60.0
MARGIN: Final = 1.0
"""Seconds that a window is taken longer, for requests that reach the server later after their start than others."""
_BURST: Final = 0.05
"""The share of a limit that may be taken at once, to make good for threads that woke late."""
_SHORTEST: Final = 1e-3


@dataclass(slots=True)
class Taken:
    """What one request took, and when; `amount` may be mended once the answer says what it was."""

    at: float
    amount: float


class Allowance:
    """At most `limit` in any `period` seconds. Not for several threads."""

    def __init__(self, limit: float, *, period: float = PERIOD, margin: float = MARGIN) -> None:
        self.limit = limit
        self._window = period + margin
        self._pace = limit / self._window
        self._taken: deque[Taken] = deque()
        self._total = 0.0
        self._level, self._level_at = 0.0, 0.0

    def wait(self, amount: float, now: float) -> float:
        """Seconds until so much may be taken, 0 for at once; more than `limit` can never be."""
        assert amount <= self.limit, "asked for by Gate"
        self._forget(now)
        left, wait = self._total + amount - self.limit, 0.0
        for taken in self._taken:
            if left <= 1e-9:
                break
            left, wait = left - taken.amount, taken.at + self._window - now
        over = self._level_now(now) + amount - max(amount, self.limit * _BURST)
        return max(0.0, wait, over / self._pace if over > 1e-9 else 0.0)

    def take(self, amount: float, now: float) -> Taken:
        """Take so much, after `wait` said 0 at the same moment."""
        self._level, self._level_at = self._level_now(now) + amount, now
        taken = Taken(now, amount)
        self._taken.append(taken)
        self._total += amount
        return taken

    def mend(self, taken: Taken, amount: float) -> None:
        """Say what was taken in truth."""
        self._level += amount - taken.amount
        if self._taken and self._taken[0].at <= taken.at:  # else its window has passed
            self._total += amount - taken.amount
        taken.amount = amount

    def _level_now(self, now: float) -> float:
        return max(0.0, self._level - (now - self._level_at) * self._pace)

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0].at + self._window <= now:
            self._total -= self._taken.popleft().amount


@dataclass(frozen=True, slots=True)
class Pass:
    """The right to send one request; `tokens` is what it took of its limit."""

    tokens: Taken | None = None


class Gate:
    """Lets requests through one after the other, as the rates allow."""

    def __init__(self, rates: Rates, clock: Clock) -> None:
        self._clock = clock
        self._requests = Allowance(rates.requests_per_minute) if rates.requests_per_minute else None
        self._tokens = Allowance(rates.tokens_per_minute) if rates.tokens_per_minute else None
        self._largest = 0.0
        self._turn = threading.Lock()
        self._lock = threading.Lock()

    def enter(self, tokens: float) -> Pass:
        """Wait for one's turn with at most so many tokens.

        Raises CaptionerStopped where one request took more than the limit by itself: then no wait can keep it.
        """
        if self._tokens is not None and self._largest > self._tokens.limit:
            raise CaptionerStopped(
                f"one request took {self._largest:,.0f} tokens, and {self._tokens.limit:,.0f} a minute are allowed",
                hint="a higher --token-rate, a smaller --image-side or fewer words",
            )
        if self._requests is None and self._tokens is None:
            return Pass()
        with self._turn:  # whoever comes first sleeps, and the others wait for it
            while True:
                with self._lock:
                    now = self._clock.now()
                    tokens = min(tokens, self._tokens.limit) if self._tokens else 0.0
                    wait = max(
                        self._requests.wait(1, now) if self._requests else 0.0,
                        self._tokens.wait(tokens, now) if self._tokens else 0.0,
                    )
                    if wait <= 0:
                        if self._requests:
                            self._requests.take(1, now)
                        return Pass(self._tokens.take(tokens, now) if self._tokens else None)
                self._clock.sleep(max(wait, _SHORTEST))

    def leave(self, entered: Pass, tokens: float) -> None:
        """Say how many tokens a request took in truth."""
        if self._tokens is not None and entered.tokens is not None:
            with self._lock:
                self._largest = max(self._largest, tokens)
                self._tokens.mend(entered.tokens, tokens)
