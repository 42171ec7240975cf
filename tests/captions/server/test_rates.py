"""No window of a minute holds more than its limit, however requests come; and nobody waits for nothing."""

from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.captions.captioner import CaptionerStopped
from thuja.captions.server.rates import MARGIN, PERIOD, Allowance, Gate
from thuja.captions.server.settings import Rates

WINDOW = PERIOD + MARGIN


class FakeClock:
    """Time that passes where somebody sleeps, and a little late."""

    def __init__(self, late: float = 0.0) -> None:
        self.time, self.late = 1000.0, late
        self._lock = Lock()

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.time += seconds + self.late


def fullest(starts: list[tuple[float, float]], window: float) -> float:
    """The most that any half-open window of that length holds."""
    return max(sum(amount for at, amount in starts if begin <= at < begin + window) for begin, _ in starts)


@given(
    limit=st.integers(1, 40),
    gaps=st.lists(st.one_of(st.just(0.0), st.floats(0, 5), st.floats(0, 100)), min_size=1, max_size=120),
    late=st.floats(0, 2),
)
def test_no_window_holds_more_requests_than_the_limit(limit: int, gaps: list[float], late: float) -> None:
    clock = FakeClock(late)
    gate = Gate(Rates(requests_per_minute=limit), clock)
    starts = []
    for gap in gaps:
        clock.time += gap
        gate.enter(0)
        starts.append((clock.time, 1.0))
    assert fullest(starts, PERIOD) <= limit
    assert fullest(starts, WINDOW) <= limit


@given(
    limit=st.integers(10, 100),
    asked=st.lists(st.tuples(st.floats(0, 30), st.integers(1, 10), st.floats(0, 1)), min_size=1, max_size=100),
)
def test_no_window_holds_more_tokens_than_the_limit(limit: int, asked: list[tuple[float, int, float]]) -> None:
    """Tokens are set aside at worst and mended to what they were: the truth stays under the limit too."""
    clock = FakeClock()
    gate = Gate(Rates(tokens_per_minute=limit), clock)
    starts = []
    for gap, tokens, share in asked:
        clock.time += gap
        entered = gate.enter(tokens)
        starts.append((clock.time, tokens * share))
        gate.leave(entered, tokens * share)
    assert fullest(starts, PERIOD) <= limit + 1e-6


@given(st.integers(1, 200))
def test_a_limit_is_used_to_the_full(limit: int) -> None:
    clock = FakeClock(0.001)
    gate = Gate(Rates(requests_per_minute=limit), clock)
    for _ in range(3 * limit + 1):
        gate.enter(0)
    assert clock.time - 1000.0 <= 3 * WINDOW * 1.01 + 1


def test_requests_are_spread_and_do_not_come_all_at_once() -> None:
    clock = FakeClock()
    gate = Gate(Rates(requests_per_minute=600), clock)
    starts = []
    for _ in range(600):
        gate.enter(0)
        starts.append((clock.time, 1.0))
    assert fullest(starts, 1.0) <= 600 * 0.05 + 11
    assert fullest(starts[100:], 1.0) <= 11


def test_a_window_is_kept_across_threads() -> None:
    clock = FakeClock()
    gate = Gate(Rates(requests_per_minute=50, tokens_per_minute=10_000), clock)
    starts: list[tuple[float, float]] = []

    def start(_: int) -> None:
        entered = gate.enter(100)
        assert entered.tokens is not None
        starts.append((entered.tokens.at, 1.0))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(start, range(300)))
    assert len(starts) == 300
    assert fullest(starts, PERIOD) <= 50


def test_a_guess_over_the_limit_waits_for_a_whole_window_and_the_truth_stops() -> None:
    clock = FakeClock()
    gate = Gate(Rates(tokens_per_minute=1000), clock)
    gate.leave(gate.enter(5000), 900)
    entered = gate.enter(5000)
    assert clock.time == pytest.approx(1000 + WINDOW)
    gate.leave(entered, 1001)
    with pytest.raises(CaptionerStopped, match="1,001 tokens, and 1,000 a minute"):
        gate.enter(1)


def test_mending_what_has_left_the_window_changes_nothing() -> None:
    allowance = Allowance(10, period=60, margin=0)
    old = allowance.take(10, 0.0)
    assert allowance.wait(10, 60.0) == 0
    allowance.mend(old, 2)
    allowance.take(10, 60.0)
    assert allowance.wait(1, 60.0) == pytest.approx(60.0)
