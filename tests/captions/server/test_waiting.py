"""What servers ask for in their headers is understood in all its forms."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from thuja.captions.captioner import CaptionerStopped
from thuja.captions.server.waiting import SystemClock, asked_wait, grown_wait

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=30), usegmt=True)}, 30.0),
        ({"retry-after": format_datetime(NOW - timedelta(seconds=30), usegmt=True)}, 0.0),
        ({"retry-after": "Mon, 30 Nov 2026 12:00:09 -0000"}, 9.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "when I am back"}, None),
        ({"retry-after": "Mon, 30 Nov 20266666666666 12:00:09 GMT"}, None),
        ({}, None),
    ],
)
def test_a_wait_is_read_in_seconds_milliseconds_and_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers, now=NOW) == seconds


def test_waits_double_up_to_the_longest_and_lose_at_most_half_by_chance() -> None:
    rng = random.Random(0)
    for failures, full in ((1, 1.0), (2, 2.0), (5, 16.0), (7, 60.0), (10_000, 60.0)):
        waits = [grown_wait(failures, first=1.0, longest=60.0, rng=rng) for _ in range(200)]
        assert full / 2 <= min(waits) < full * 0.55
        assert full * 0.95 < max(waits) <= full


def test_closing_wakes_those_who_sleep() -> None:
    clock = SystemClock()
    clock.close()
    with pytest.raises(CaptionerStopped):
        clock.sleep(3600)
