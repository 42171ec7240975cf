"""Paces with a clock that is handed in: no host is asked more often than it may be."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.curate.download.hosts import Pace, host_name, host_of
from thuja.curate.download.settings import MARGIN, DownloadSettings
from thuja.errors import UsageError


def pace(rate: float = 10.0, host: str = "example.org", **more: object) -> Pace:
    return Pace.of(host, DownloadSettings(rate=rate, **more), 0.0)  # type: ignore[arg-type]


def sent_at(pace: Pace, delays: list[float]) -> list[float]:
    """When requests go out whose senders wake up late by these seconds, and which are answered at once."""
    now, sent = 0.0, []
    for delay in delays:
        now += pace.wait(now) + delay
        pace.take(now).answered = now
        sent.append(now)
    return sent


@given(rate=st.floats(0.1, 100), delays=st.lists(st.floats(0, 0.5), min_size=1, max_size=200))
def test_no_second_holds_more_requests_than_the_rate(rate: float, delays: list[float]) -> None:
    sent = sent_at(pace(rate), delays)
    for start in sent:
        assert sum(start <= moment < start + 1 - 1e-9 for moment in sent) <= ceil(rate)


@given(st.lists(st.floats(0, 5), min_size=1, max_size=100), st.sampled_from([1.0, 10.0, 20.0]))
def test_no_second_holds_more_requests_than_the_rate_where_they_arrive(delays: list[float], rate: float) -> None:
    """A request is under way for up to five seconds, and others overtake it."""
    asked, arrived, now = pace(rate), [], 0.0
    for delay in delays:
        now += asked.wait(now)
        asked.take(now).answered = now + delay
        arrived.append(now + delay)
    for start in arrived:
        assert sum(start <= moment < start + 1 - 1e-9 for moment in arrived) <= rate


def test_an_answer_that_does_not_come_holds_a_host_up_for_some_seconds() -> None:
    asked = pace(1)
    asked.take(2.0)
    assert asked.wait(2.0) == pytest.approx(6.0)


def test_a_new_pace_has_no_burst_and_reaches_its_share_of_the_rate() -> None:
    sent = sent_at(pace(10), [0.0] * 91)
    assert sent[0] == pytest.approx(1 / (10 * MARGIN))
    assert 90 / (sent[-1] - sent[0]) == pytest.approx(10 * MARGIN)


def test_requests_that_were_under_way_together_slow_a_host_once() -> None:
    slowed = pace(10)
    for sent in (1.0, 1.1, 1.2):
        slowed.slow(sent, now=2.0)
    assert slowed.rate == pytest.approx(10 * MARGIN / 2)
    slowed.slow(sent=2.5, now=3.0)
    assert slowed.rate == pytest.approx(10 * MARGIN / 4)
    slowed.slow(sent=3.5, now=4.0, factor=0.75)
    assert slowed.rate == pytest.approx(10 * MARGIN * 3 / 16)


def test_a_slowed_host_recovers_slowly_and_never_above_its_limit() -> None:
    slowed = pace(10)
    slowed.slow(1.0, 2.0)
    for _ in range(9):
        slowed.relax()
    assert slowed.rate < 10 * MARGIN
    for _ in range(10):
        slowed.relax()
    assert slowed.rate == pytest.approx(10 * MARGIN)


def test_a_host_is_never_slowed_to_a_stand() -> None:
    slowed = pace(10)
    for moment in range(100):
        slowed.slow(moment + 0.5, moment + 1.0)
    assert slowed.rate == pytest.approx(10 * MARGIN / 16)


def test_a_pause_holds_for_the_whole_host_and_a_shorter_one_does_not_end_it() -> None:
    paused = pace(10)
    paused.pause(60, now=5.0)
    paused.pause(1, now=6.0)
    assert paused.wait(7.0) == pytest.approx(58)


def test_three_misses_in_a_row_are_a_dead_host() -> None:
    missing = pace()
    missing.miss()
    missing.miss()
    missing.relax()
    missing.miss()
    missing.miss()
    assert not missing.is_dead
    missing.miss()
    assert missing.is_dead


def test_a_host_of_its_own_rate_and_a_crawl_delay() -> None:
    assert pace(10, rates=("example.org=2",)).rate == pytest.approx(2 * MARGIN)
    bounded = pace(10)
    bounded.bound(0.5)
    assert bounded.rate == 0.5
    assert bounded.wait(0.0) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://Example.ORG/a.jpg", "example.org"),
        ("HTTPS://example.org.:443/a", "example.org"),
        ("https://example.org:80/a", "example.org:80"),
        ("http://user:word@example.org?x=/@other.org", "example.org"),
        ("http://a@b@example.org/", "example.org"),
        ("https://bücher.example/ü.jpg", "xn--bcher-kva.example"),
        ("http://[::1]:8080/a", "[::1]:8080"),
        ("http://example.org\\@other.org/", "example.org"),
        ("ftp://example.org/a.jpg", ""),
        ("http:///a.jpg", ""),
        ("http://example.org:port/", ""),
        ("example.org/a.jpg", ""),
        ("http://exa mple.org/", ""),
    ],
)
def test_the_host_of_an_url(url: str, host: str) -> None:
    assert host_of(url) == host


@given(st.text(max_size=30))
def test_no_authority_raises(text: str) -> None:
    assert isinstance(host_name("http", text), str)


@pytest.mark.parametrize("rates", [("example.org",), ("=3",), ("a=0",), ("a=nan",), ("a=fast",)])
def test_rates_that_are_none_are_refused(rates: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="host=rate"):
        DownloadSettings(rates=rates)


def test_a_contact_cannot_add_headers() -> None:
    with pytest.raises(UsageError, match="contact"):
        DownloadSettings(contact="a@b\r\nX: y")
    assert DownloadSettings(contact="a@example.org").user_agent.endswith(" (+a@example.org)")
