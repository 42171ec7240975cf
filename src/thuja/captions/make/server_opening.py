"""How servers are opened in whatever process works; apart, since their client takes half a second to import."""

import time
from collections.abc import Callable
from typing import Final

from thuja.captions.captioner import Captioner, CaptionerStopped
from thuja.captions.make.settings import Portion
from thuja.captions.server import ServerCaptioner, ServerSettings, check_servers

REST: Final = 6.0
"""Seconds without a request that make up for what a killed process sent: it began with a burst of a twentieth of the
rate, as this one does (`server.rates`), which together are 6.1 of the 61 seconds that the rate is spread over."""


def open_servers(
    portion: Portion, settings: ServerSettings, *, sleep: Callable[[float], None] = time.sleep
) -> Captioner:
    """A captioner that asks servers, with this process's part of the rates and of what is left of the budget.

    Each server is asked one small picture first: raises CaptionerStopped where none does its work. After a process that
    was killed it waits until both together keep the rates.
    """
    shared = settings.share(portion.parts) if portion.parts > 1 else settings
    rates = shared.rates
    if (rates.requests_per_minute or rates.tokens_per_minute) and portion.rest < REST:
        sleep(REST - portion.rest)
    captioner = ServerCaptioner(shared, spent=portion.spent / portion.parts)
    try:
        check_servers(captioner)
    except CaptionerStopped:
        captioner.close()
        raise
    return captioner
