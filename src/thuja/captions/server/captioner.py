"""A captioner that asks servers: any OpenAI-compatible one, several at once, within rates and a budget."""

import json
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from thuja.captions.captioner import Answer, CaptionerError, CaptionerStopped, Prompt
from thuja.captions.server.addresses import key_for
from thuja.captions.server.answers import Message, words_of
from thuja.captions.server.budget import Usage
from thuja.captions.server.client import Client, Reply
from thuja.captions.server.data_url import data_url
from thuja.captions.server.exchange import Exchange, Outcome, stopped
from thuja.captions.server.failures import Failure, Kind
from thuja.captions.server.question import Question
from thuja.captions.server.settings import ServerSettings
from thuja.captions.server.waiting import Clock, SystemClock, grown_wait

_TEXT_TOKENS: Final = 1024


@dataclass(slots=True)
class _Tries:
    """How the asking for one answer goes; `failures` may be the picture's own."""

    began: float
    requests: int = 0
    failures: int = 0
    cost: float = 0.0

    def answer(self, message: Message | None, text: str = "") -> Answer:
        """All of it as one answer."""
        read, written = (message.tokens if message else None) or (0, 0)
        return Answer(
            text=text,
            model=message.model if message else "",
            prompt_tokens=read,
            completion_tokens=written,
            cost=self.cost,
            requests=self.requests,
            is_cut=message.is_cut if message else False,
        )


class ServerCaptioner:
    """(image, prompt) to an answer, from any number of threads; no more of them are under way than the rates allow.

    Keys come from the environment: THUJA_CAPTIONS_KEY, or OPENAI_API_KEY for OpenAI's own address. `spent` is what
    earlier runs took of the budget.
    """

    def __init__(
        self,
        settings: ServerSettings,
        *,
        spent: float = 0.0,
        clock: Clock | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.settings = settings
        self._clock = clock or SystemClock()
        concurrency = settings.rates.concurrency
        self._clients = [
            Client(address, key_for(address, environment), settings.patience, concurrency=concurrency)
            for address in settings.servers
        ]
        self._exchange = Exchange(settings, self._clients, self._clock, spent=spent)
        self._slots = threading.BoundedSemaphore(concurrency)
        self._model = settings.model
        self._naming = threading.Lock()
        self._rng = random.Random()

    def __call__(self, image: bytes, prompt: Prompt) -> Answer:
        """The model's words on an image; raises CaptionerError for this one, CaptionerStopped for all."""
        url = data_url(image, max_side=self.settings.max_side)
        question = Question(prompt=prompt, image_url=url, max_tokens=self.settings.sampling.max_tokens)
        with self._slots:
            return self._asked(question)

    @property
    def max_side(self) -> int:
        """The longest side of an image that is sent, in pixels."""
        return self.settings.max_side

    def ask(self, text: str, *, system: str = "", max_tokens: int = _TEXT_TOKENS) -> str:
        """The model's answer to words alone; raises as a call does."""
        question = Question(prompt=Prompt(system=system, text=text), max_tokens=max_tokens)
        with self._slots:
            return self._asked(question).text

    def once_each(self, image: bytes, prompt: Prompt) -> list[tuple[str, Outcome]]:
        """What comes of asking each server once, by its address; raises CaptionerStopped where that is not allowed."""
        url = data_url(image, max_side=self.settings.max_side)
        question = Question(prompt=prompt, image_url=url, max_tokens=self.settings.sampling.max_tokens)
        model = self.model
        return [
            (seat.client.address, self._exchange.send(question, model, only=seat))
            for seat in self._exchange.balance.seats
        ]

    @property
    def usage(self) -> Usage:
        """What was asked and spent until here."""
        return self._exchange.purse.usage

    @property
    def model(self) -> str:
        """The model that is asked; where none was named, the only one of the first server that answers.

        Raises CaptionerStopped where there is no such.
        """
        with self._naming:
            if not self._model:
                self._model = self._only_model()
            return self._model

    def close(self) -> None:
        """Let go of the connections; whoever waits in a call gets CaptionerStopped."""
        if isinstance(self._clock, SystemClock):
            self._clock.close()
        self._exchange.purse.close()
        for client in self._clients:
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ServerCaptioner({', '.join(self.settings.servers)})"

    def _asked(self, question: Question) -> Answer:
        model = self.model
        tries = _Tries(self._clock.now())
        while True:
            outcome = self._exchange.send(question, model)
            tries.requests += 1
            tries.cost += outcome.cost
            if outcome.message is not None:
                return self._read(outcome.message, question, tries)
            self._bear(outcome, tries)

    def _read(self, message: Message, question: Question, tries: _Tries) -> Answer:
        form = self.settings.answers if question.image_url else "text"
        try:
            return tries.answer(message, words_of(message, form))
        except CaptionerError as error:
            error.spent = tries.answer(message)
            raise

    def _bear(self, outcome: Outcome, tries: _Tries) -> None:
        """Wait before the next try; raises CaptionerError where there is none."""
        failure, patience = outcome.failure, self.settings.patience
        assert failure is not None
        if failure.kind in (Kind.SERVER, Kind.COMPLETION_TOKENS):
            return  # another server, or the stop, is what the next try meets
        tries.failures += failure.kind is Kind.PASSING
        is_over = self._clock.now() - tries.began > 2 * patience.outage  # others got through meanwhile
        if failure.kind is Kind.PICTURE or tries.failures >= patience.tries or is_over:
            raise CaptionerError(failure.message, reason=failure.reason, hint=failure.hint, spent=tries.answer(None))
        if failure.kind is Kind.PASSING:
            grown = grown_wait(tries.failures, first=patience.first_wait, longest=patience.longest_wait, rng=self._rng)
            self._clock.sleep(max(grown, min(failure.wait or 0.0, patience.longest_wait)))

    def _only_model(self) -> str:
        failure: Failure | None = None
        for client in self._clients:
            self._exchange.gate.enter(0.0)
            told = client.models()
            if isinstance(told, Failure):
                failure = told
                continue
            names = _model_names(told)
            if len(names) == 1:
                return names[0]
            several = f"has {len(names):,} models: {', '.join(names[:20])}" if names else "names no model"
            raise CaptionerStopped(f"{client.address} {several}", hint="say which, with --model")
        assert failure is not None
        raise stopped(failure)


def _model_names(told: Reply) -> list[str]:
    try:
        listed: Any = json.loads(told.body)
        return [str(model["id"]) for model in listed["data"]]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []
