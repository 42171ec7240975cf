"""Servers share requests by what they have to do; what is away is paused, what is wrong is left out."""

import pytest

from thuja.captions.captioner import CaptionerStopped
from thuja.captions.server.balance import Balance
from thuja.captions.server.client import Client
from thuja.captions.server.failures import Failure, Kind
from thuja.captions.server.settings import Patience

PATIENCE = Patience(first_wait=2.0, longest_wait=16.0, outage=100.0, tries=3)
ADDRESSES = ("http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1")


class FakeClock:
    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def balance(clock: FakeClock) -> Balance:
    return Balance([Client(address, "", PATIENCE, concurrency=2) for address in ADDRESSES], PATIENCE, clock)


def away(wait: float | None = None) -> Failure:
    return Failure(kind=Kind.AWAY, message="no time", wait=wait)


def port(balance: Balance) -> str:
    return balance.pick().client.address[-4]


def test_a_request_goes_where_the_fewest_are_under_way_and_else_in_turn(balance: Balance) -> None:
    first = balance.pick()
    assert [port(balance) for _ in range(3)] == ["2", "1", "2"]
    balance.done(first, 0.0, None)
    assert port(balance) == "1"
    assert port(balance) == "2"


def test_a_server_that_asks_for_a_wait_is_left_alone_for_so_long(balance: Balance, clock: FakeClock) -> None:
    seat = balance.pick()
    balance.done(seat, clock.now(), away(wait=30.0))
    assert {port(balance) for _ in range(6)} == {"2"}
    clock.time = 30.0
    assert port(balance) == "1"


def test_with_all_away_a_request_waits_for_the_first_to_come_back(balance: Balance, clock: FakeClock) -> None:
    for wait in (30.0, 12.0):
        balance.done(balance.pick(), clock.now(), away(wait))
    assert port(balance) == "2"
    assert 12.0 <= clock.time < 12.5


def test_pauses_double_while_nothing_comes_back_and_end_with_an_answer(balance: Balance, clock: FakeClock) -> None:
    balance.done(balance.pick(), 0.0, Failure(kind=Kind.SERVER, message="out"))
    pauses = []
    for _ in range(5):
        seat, began = balance.pick(), clock.now()
        balance.done(seat, began, away())
        pauses.append(seat.paused_until - began)
    for pause, full in zip(pauses, (2, 4, 8, 16, 16), strict=True):
        assert full / 2 <= pause <= full
    seat = balance.pick()
    balance.done(seat, clock.now(), None)
    balance.done(balance.pick(), clock.now(), away())
    assert seat.paused_until - clock.now() <= 2.0


def test_those_who_failed_together_count_once(balance: Balance, clock: FakeClock) -> None:
    """Sixty-four refused connections of one moment are one failure, not a pause of 2 to the 64th seconds."""
    seats = [balance.pick() for _ in range(64)]
    clock.time = 1.0
    for seat in seats:
        balance.done(seat, 0.0, away())
    assert max(seat.paused_until for seat in seats) <= 3.0


def test_after_a_second_pause_one_request_finds_out_for_all(balance: Balance, clock: FakeClock) -> None:
    balance.done(balance.pick(), 0.0, Failure(kind=Kind.SERVER, message="out"))
    for _ in range(2):
        balance.done(balance.pick(), clock.now(), away())
    probe = balance.pick()
    assert probe.is_probed
    balance.done(probe, clock.now(), None)
    assert not probe.is_probed


def test_a_server_without_any_answer_for_long_is_left_out(balance: Balance, clock: FakeClock) -> None:
    balance.done(balance.pick(), 0.0, Failure(kind=Kind.SERVER, message="wrong key", hint="set it"))
    seat = balance.seats[1]
    while seat.closed is None:
        balance.done(balance.pick(), clock.now(), away())
    with pytest.raises(CaptionerStopped, match=r"no answer for 1\d\d s; no time"):
        balance.pick()
    assert 100.0 <= clock.time < 150.0


def test_one_picture_that_fails_for_long_does_not_close_a_server(balance: Balance, clock: FakeClock) -> None:
    for _ in range(PATIENCE.tries):
        seat = balance.pick()
        clock.time += 90.0
        balance.done(seat, clock.now() - 90.0, Failure(kind=Kind.PASSING, message="timeout", reason="timeout"))
    assert all(seat.closed is None for seat in balance.seats)


def test_those_who_wait_for_a_probe_do_not_spin(balance: Balance, clock: FakeClock) -> None:
    """Its pause is over, so that the wait was none: sixty threads asked a thousand times a second."""
    balance.done(balance.pick(), 0.0, Failure(kind=Kind.SERVER, message="out"))
    for _ in range(2):
        balance.done(balance.pick(), clock.now(), away())
    probe = balance.pick()
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        balance.done(probe, clock.now(), None)

    clock.sleep = sleep  # type: ignore[method-assign]
    assert balance.pick() is probe
    assert slept == [0.25]


def test_a_server_that_is_waited_for_is_said_once_and_so_is_its_return(
    balance: Balance, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that died in the middle was waited for ten minutes without a word."""
    seat = balance.seats[0]
    for moment in (0.0, 3.0, 9.0, 20.0, 40.0):
        clock.time = moment
        balance.done(balance.pick(seat), moment, away())
    balance.done(balance.pick(seat), 41.0, None)
    balance.done(balance.pick(seat), 42.0, None)
    assert [record.getMessage() for record in caplog.records] == [
        "http://127.0.0.1:1/v1: no time; it is waited for, up to 2 minutes",
        "http://127.0.0.1:1/v1 answers again",
    ]
