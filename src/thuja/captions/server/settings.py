"""What is said of a server of a language model before it is asked: addresses, model, patience, limits, prices."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from thuja.captions.captioner import Sampling
from thuja.captions.server.addresses import api_address
from thuja.errors import UsageError

AnswerForm = Literal["text", "json"]
ANSWER_FORMS: Final[tuple[AnswerForm, ...]] = ("text", "json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a server is waited for, in seconds, and how often it is asked.

    `timeout` is for one request from its first byte to its last; `tries` counts failures that may be the picture's own
    (500, no answer in time, an answer that breaks off). What is the server's (not there, 429, 503) is waited out, until
    nothing at all has come back for `outage` seconds. A server that asks for a longer wait than that is left alone.
    """

    connect: float = 10.0
    timeout: float = 120.0
    tries: int = 5
    first_wait: float = 1.0
    longest_wait: float = 60.0
    outage: float = 600.0

    def __post_init__(self) -> None:
        times = (self.connect, self.timeout, self.first_wait, self.longest_wait, self.outage)
        if min(times) <= 0 or self.tries < 1:
            raise UsageError(f"patience is times above zero and at least one try, got {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What is allowed over all servers together; None is any.

    `concurrency` bounds the requests under way. The other two hold in every 60 seconds, wherever they begin.
    """

    concurrency: int = 64
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None

    def __post_init__(self) -> None:
        for name, most in (("requests", self.requests_per_minute), ("tokens", self.tokens_per_minute)):
            if most is not None and most < 1:
                raise UsageError(f"{name} a minute must be at least 1, got {most}")
        if self.concurrency < 1:
            raise UsageError(f"concurrency must be at least 1, got {self.concurrency}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """Prices of a million tokens read and written, in any one currency, and the most that may be spent; None is any."""

    prompt_price: float = 0.0
    completion_price: float = 0.0
    budget: float | None = None

    def __post_init__(self) -> None:
        if min(self.prompt_price, self.completion_price) < 0 or (self.budget is not None and self.budget < 0):
            raise UsageError(f"prices and budget must not be below zero, got {self}")
        if self.budget is not None and not (self.prompt_price or self.completion_price):
            raise UsageError(
                f"a budget of {self.budget:g} needs prices to count with",
                hint="give the server's prices of a million tokens, --price-in and --price-out",
            )

    def cost(self, prompt_tokens: float, completion_tokens: float) -> float:
        """The price of so many tokens.

        >>> Spending(prompt_price=2.0, completion_price=8.0).cost(1_000_000, 500_000)
        6.0
        """
        return (prompt_tokens * self.prompt_price + completion_tokens * self.completion_price) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """One or several servers of one model. Holds no key, and may be sent to other processes.

    `servers` are addresses such as `http://127.0.0.1:8000/v1`; `model` may be "" where each serves a single one.
    No side of an image is sent longer than `max_side` pixels: 448 is one tile of InternVL. `image_tokens` is what an
    image is taken for at the least, for limits and budget, before its answer counts them; an image of more raises it.
    The default is InternVL's costliest: twelve tiles and a thumbnail of 256 each. `extra_json` is an object that is
    merged into each request, such as `{"top_k": 20}`; what it sets to null is left out of the request.
    """

    servers: tuple[str, ...]
    model: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    answers: AnswerForm = "text"
    max_side: int = 448
    image_tokens: int = 3328
    extra_json: str = ""
    patience: Patience = field(default_factory=Patience)
    rates: Rates = field(default_factory=Rates)
    spending: Spending = field(default_factory=Spending)

    def __post_init__(self) -> None:
        if not self.servers:
            raise UsageError("no server is named", hint="--server http://127.0.0.1:8000/v1")
        object.__setattr__(self, "servers", tuple(api_address(server) for server in self.servers))
        if len(set(self.servers)) < len(self.servers):
            raise UsageError(f"a server is named twice: {', '.join(self.servers)}")
        if self.answers not in ANSWER_FORMS:
            raise UsageError(f'unknown form of answers: "{self.answers}"', hint=f"one of {', '.join(ANSWER_FORMS)}")
        if self.max_side < 1 or self.image_tokens < 1:
            raise UsageError(f"max_side and image_tokens must be at least 1, got {self.max_side}, {self.image_tokens}")
        _ = self.extra

    @property
    def extra(self) -> Mapping[str, Any]:
        """The object of `extra_json`."""
        try:
            found = json.loads(self.extra_json or "{}")
        except ValueError as error:
            raise UsageError(
                f"what is to be added to requests is no JSON: {error}", hint="--extra '{\"top_k\": 20}'"
            ) from error
        if not isinstance(found, dict):
            raise UsageError(
                f"what is to be added to requests is no JSON object: {self.extra_json:.60}",
                hint="--extra '{\"top_k\": 20}'",
            )
        return found

    def share(self, workers: int) -> "ServerSettings":
        """The part of one of so many processes: rates, concurrency and budget divided, so that all together keep them.

        Raises UsageError where a limit is smaller than the number of workers.
        """
        rates, spending = self.rates, self.spending
        limits = [limit for limit in (rates.requests_per_minute, rates.tokens_per_minute) if limit is not None]
        if workers < 1 or min([rates.concurrency, *limits]) < workers:
            raise UsageError(f"{workers} workers can not share {rates}", hint="fewer workers, or higher limits")
        divided = Rates(
            concurrency=rates.concurrency // workers,
            requests_per_minute=rates.requests_per_minute and rates.requests_per_minute // workers,
            tokens_per_minute=rates.tokens_per_minute and rates.tokens_per_minute // workers,
        )
        budget = None if spending.budget is None else spending.budget / workers
        return replace(self, rates=divided, spending=replace(spending, budget=budget))
