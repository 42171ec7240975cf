"""The options that say who writes: servers with their limits and prices, or a function of one's own."""

import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import click

from thuja.cli.option_groups import grouped
from thuja.errors import UsageError

if TYPE_CHECKING:
    from thuja.captions import Captioner
    from thuja.captions.make import Portion
    from thuja.captions.server import ServerSettings

_RATE = re.compile(r"(?P<number>\d+)\s*(?:/\s*(?P<unit>s|sec|second|min|minute|h|hour))?")
_SPARE = 16
_PER_MINUTE = {"s": 60.0, "m": 1.0, "h": 1 / 60}


class ServerChoice(NamedTuple):
    """What the user said of the captioner."""

    servers: tuple[str, ...] = ()
    model: str = ""
    captioner: str | None = None
    answers: str = "text"
    image_side: int = 448
    temperature: float = 0.6
    top_p: float = 0.8
    max_tokens: int = 50
    extra: str = ""
    concurrency: int = 64
    rate: str | None = None
    token_rate: int | None = None
    timeout: float = 120.0
    budget: float | None = None
    price_in: float = 0.0
    price_out: float = 0.0

    def require_one(self) -> None:
        """Raise UsageError unless there is one captioner."""
        if self.servers and self.captioner:
            raise UsageError("--server and --captioner exclude each other", hint="leave one of them out")
        if not self.servers and not self.captioner:
            raise UsageError("nobody is named to write captions", hint="--server URL, or --captioner MODULE:FUNCTION")

    @property
    def threads(self) -> int:
        """Pictures that are worked on at once: servers bound their requests, while others are read and checked."""
        return self.concurrency + min(_SPARE, self.concurrency) if self.servers else self.concurrency

    def settings(self) -> "ServerSettings":
        """The servers, as a captioner is made of them."""
        from thuja.captions import Sampling
        from thuja.captions.server import Patience, Rates, ServerSettings, Spending

        return ServerSettings(
            servers=self.servers,
            model=self.model,
            sampling=Sampling(temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens),
            answers="json" if self.answers == "json" else "text",
            max_side=self.image_side,
            extra_json=self.extra,
            patience=Patience(timeout=self.timeout),
            rates=Rates(
                concurrency=self.concurrency,
                requests_per_minute=per_minute(self.rate) if self.rate else None,
                tokens_per_minute=self.token_rate,
            ),
            spending=Spending(prompt_price=self.price_in, completion_price=self.price_out, budget=self.budget),
        )

    def opener(self) -> "Callable[[Portion], Captioner]":
        """What opens the captioner in any process."""
        self.require_one()
        if self.captioner:
            from thuja.captions.make.opening import open_named

            return functools.partial(open_named, name=self.captioner)
        from thuja.captions.make.server_opening import open_servers

        return functools.partial(open_servers, settings=self.settings())

    def name(self) -> str:
        """What tells this captioner from others: whatever changes its words, and no address, rate or price."""
        if self.captioner:
            return self.captioner
        sampling = f"{self.temperature:g} {self.top_p:g} {self.max_tokens}"
        return f"server {self.model} {self.answers} {self.image_side} {sampling} {self.extra}".strip()


def per_minute(rate: str) -> int:
    """Requests a minute of `600`, `600/min`, `10/s` or `36000/h`; raises UsageError."""
    match = _RATE.fullmatch(rate.strip())
    number = round(int(match["number"]) * _PER_MINUTE[(match["unit"] or "m")[0]]) if match else 0
    if number < 1:
        raise UsageError(f'no such rate: "{rate}"', hint="600/min, 10/s or 36000/h")
    return number


_OPTIONS = (
    click.option("--server", "servers", multiple=True, metavar="URL", help="An OpenAI-compatible server; repeat it."),
    click.option("--model", default="", help="The model to ask for.  [default: the server's only one]"),
    click.option("--captioner", metavar="MODULE:FUNCTION", help="A function (image, prompt) -> words instead."),
    click.option("--answers", type=click.Choice(["text", "json"]), default="text", help="The form to ask for."),
    click.option(
        "--image-side", type=click.IntRange(1), default=448, show_default=True, help="Longest side that is sent."
    ),
    click.option("--temperature", type=click.FloatRange(0), default=0.6, show_default=True),
    click.option("--top-p", type=click.FloatRange(0, 1), default=0.8, show_default=True),
    click.option("--max-tokens", type=click.IntRange(1), default=50, show_default=True),
    click.option("--extra", default="", metavar="JSON", help="An object that is merged into each request."),
    click.option("--concurrency", type=int, default=64, show_default=True, help="Pictures asked about at once."),
    click.option("--rate", metavar="N/min", help="Requests at most: 10/s, 600/min; 600 is a minute's."),
    click.option("--token-rate", type=click.IntRange(1), help="Tokens a minute at most."),
    click.option("--timeout", type=click.FloatRange(1), default=120.0, show_default=True, help="Seconds a request."),
    click.option("--budget", type=click.FloatRange(0), help="Stop before more than this is spent."),
    click.option("--price-in", type=click.FloatRange(0), default=0.0, help="Price of a million tokens read."),
    click.option("--price-out", type=click.FloatRange(0), default=0.0, help="Price of a million tokens written."),
)

server_options = grouped("server", ServerChoice, _OPTIONS)
"""Gives a command the options above, as one argument `server`."""
