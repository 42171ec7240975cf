"""What opens a captioner in any process: its part of the limits, and a rest after a process that was killed."""

from pathlib import Path

import pytest
from tests.captions.chat_server import Behaviour, serving

from thuja.captions import CaptionerStopped
from thuja.captions.make import Portion
from thuja.captions.make.opening import open_named
from thuja.captions.make.server_opening import REST, open_servers
from thuja.captions.server import Rates, ServerCaptioner, ServerSettings
from thuja.errors import UsageError


def opened(url: str, portion: Portion, rates: Rates) -> tuple[ServerCaptioner, list[float]]:
    slept: list[float] = []
    captioner = open_servers(portion, ServerSettings(servers=(url,), rates=rates), sleep=slept.append)
    assert isinstance(captioner, ServerCaptioner)
    captioner.close()
    return captioner, slept


def test_a_rate_is_kept_across_a_kill() -> None:
    with serving(Behaviour()) as site:
        rates = Rates(requests_per_minute=600)
        assert opened(site.url, Portion(rest=2.0), rates)[1] == [REST - 2.0]
        assert opened(site.url, Portion(rest=100.0), rates)[1] == []
        assert opened(site.url, Portion(rest=0.0), Rates())[1] == []


def test_workers_share_the_rate() -> None:
    with serving(Behaviour()) as site:
        captioner, _ = opened(site.url, Portion(parts=4), Rates(concurrency=8, requests_per_minute=600))
    assert captioner.settings.rates == Rates(concurrency=2, requests_per_minute=150)


def test_a_server_that_is_not_there_is_told_at_once() -> None:
    with serving(Behaviour(status=401)) as site, pytest.raises(CaptionerStopped):
        opened(site.url, Portion(), Rates())


def test_a_class_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "captioner_with_a_class.py").write_text(
        "class Own:\n    def __call__(self, image, prompt):\n        return 'words'\nnothing = 3\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    captioner = open_named(Portion(), "captioner_with_a_class:Own")
    assert captioner(b"", None) == "words"  # type: ignore[arg-type]
    for name, said in {"captioner_with_a_class:nothing": "cannot be called", "no_such_module_:x": "imported"}.items():
        with pytest.raises(UsageError, match=said):
            open_named(Portion(), name)
