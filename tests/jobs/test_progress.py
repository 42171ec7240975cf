"""Progress: what a terminal and a log are shown."""

import io
import sys

import pytest

from thuja.jobs import Progress, track


class Log(io.StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def clock_of(monkeypatch: pytest.MonkeyPatch, *seconds: float) -> None:
    ticks = iter(seconds)
    monkeypatch.setattr("thuja.jobs.progress.time.monotonic", lambda: next(ticks))


def test_a_log_gets_a_plain_line_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log(is_terminal=False)
    monkeypatch.setattr(sys, "stderr", log)
    clock_of(monkeypatch, 0, 5, 10, 10, 15, 20, 20)
    progress = Progress(total=400, label="reading")
    progress.advance(50)
    progress.advance(50, note="loss 2.5")
    progress.advance(300)
    progress.close()
    assert log.getvalue().splitlines() == [
        "reading: 100/400 images (25%), 10.0 images/s, 0:30 left, loss 2.5",
        "reading: 400/400 images (100%), 20.0 images/s, took 0:20, loss 2.5",
    ]


def test_a_terminal_gets_one_line_that_is_drawn_over(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log(is_terminal=True)
    monkeypatch.setattr(sys, "stderr", log)
    clock_of(monkeypatch, 0, 1, 1, 1.1, 7201, 7201)
    progress = Progress(total=None, label="downloading", unit="files")
    progress.advance(2)
    progress.advance(1)
    progress.close()
    assert log.getvalue() == (
        "\r\x1b[2Kdownloading: 2 files, 2.0 files/s\r\x1b[2Kdownloading: 3 files, 0.0 files/s, took 2:00:01\n"
    )


def test_tracked_items_pass_through_in_order_and_the_end_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(iter("abc"), total=3, label="reading", unit="letters")) == ["a", "b", "c"]
    assert capsys.readouterr().err.startswith("reading: 3/3 letters (100%)")


def test_what_has_no_label_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(iter("abc"), total=3, label="")) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""


def test_tracking_nothing_divides_by_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track([], total=0, label="reading")) == []
    assert capsys.readouterr().err.startswith("reading: 0 images")
