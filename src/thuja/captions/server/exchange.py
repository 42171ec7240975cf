"""One request, from its price set aside to its price paid: within budget and rates, to the least busy server."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from thuja.captions.captioner import CaptionerStopped
from thuja.captions.server.answers import Message, read_message
from thuja.captions.server.balance import Balance, Seat
from thuja.captions.server.budget import Purse
from thuja.captions.server.client import Client, Reply
from thuja.captions.server.failures import Failure, Kind, no_completion
from thuja.captions.server.question import Question
from thuja.captions.server.rates import Gate, Pass
from thuja.captions.server.settings import ServerSettings
from thuja.captions.server.waiting import Clock

_SPARE: Final = 1.1
"""An image is taken for so many times the tokens of the costliest one so far."""
_LEAST_LETTERS: Final = 6
"""Bytes of text to a token at the most, when the rest of a prompt's tokens are taken for the image's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one request: a message or a failure, and its price."""

    message: Message | None = None
    failure: Failure | None = None
    cost: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Permit:
    """A request that may be sent: where to, and what is set aside for it."""

    seat: Seat
    entered: Pass
    aside: float
    sent: float


class Exchange:
    """Sends questions. For several threads at once."""

    def __init__(self, settings: ServerSettings, clients: Sequence[Client], clock: Clock, *, spent: float) -> None:
        self._settings, self._clock = settings, clock
        self.purse = Purse(settings.spending, spent=spent)
        self.balance = Balance(clients, settings.patience, clock)
        self.gate = Gate(settings.rates, clock)
        self._tokens_field = "max_tokens"
        self._image_tokens = float(settings.image_tokens)  # of the costliest one so far
        self._has_learnt = settings.spending.budget is None and settings.rates.tokens_per_minute is None
        self._learning = threading.Lock()

    def send(self, question: Question, model: str, *, only: Seat | None = None) -> Outcome:
        """Ask once, of `only` this server if one is given; raises CaptionerStopped where nothing more may be asked."""
        if question.image_url and not self._has_learnt:
            with self._learning:  # what an image takes is learnt from one, and then nobody waits any longer
                if not self._has_learnt:
                    return self._sent(question, model, only)
        return self._sent(question, model, only)

    def _sent(self, question: Question, model: str, only: Seat | None) -> Outcome:
        read = question.text_tokens() + (self._image_tokens if question.image_url else 0.0)
        with self._permitted((read, question.max_tokens), only) as permit:
            tokens_field = self._tokens_field
            told = permit.seat.client.ask(question.body(self._settings, model, tokens_field=tokens_field))
            return self._settled(permit, question, told, tokens_field=tokens_field)

    @contextmanager
    def _permitted(self, tokens: tuple[float, float], only: Seat | None) -> Iterator[_Permit]:
        """A server and the right to send; whatever happens, nothing stays set aside or under way."""
        aside = self.purse.set_aside(*tokens)
        permit: _Permit | None = None
        try:
            while permit is None or (only is None and permit.seat.paused_until > permit.sent):
                if permit is not None:  # it went away while we waited for our turn
                    self.balance.leave(permit.seat)
                    self.gate.leave(permit.entered, 0.0)
                    permit = None
                permit = self._admitted(sum(tokens), aside, only)
        except BaseException:
            self.purse.give_back(aside, is_unsure=False)
            raise
        is_settled = False
        try:
            yield permit
            is_settled = True
        finally:
            if not is_settled:
                self.balance.leave(permit.seat)
                self.purse.give_back(aside, is_unsure=True)

    def _admitted(self, tokens: float, aside: float, only: Seat | None) -> _Permit:
        seat = self.balance.pick(only)
        try:
            entered = self.gate.enter(tokens)
        except BaseException:
            self.balance.leave(seat)
            raise
        return _Permit(seat=seat, entered=entered, aside=aside, sent=self._clock.now())

    def _settled(self, permit: _Permit, question: Question, told: Reply | Failure, *, tokens_field: str) -> Outcome:
        message = read_message(told.body) if isinstance(told, Reply) else None
        if message is not None:
            self.balance.done(permit.seat, permit.sent, None)
            permit.seat.has_seen = permit.seat.has_seen or bool(question.image_url)
            cost = self.purse.pay(permit.aside, message.tokens)
            if message.tokens is not None:
                self.gate.leave(permit.entered, sum(message.tokens))
            self._learn(question, message.tokens)
            return Outcome(message=message, cost=cost)
        failure = told if isinstance(told, Failure) else no_completion(told.body)
        failure = self._understood(failure, permit.seat, tokens_field)
        self.balance.done(permit.seat, permit.sent, failure)
        self.purse.give_back(permit.aside, is_unsure=failure.is_paid)
        if not failure.is_paid:
            self.gate.leave(permit.entered, 0.0)
        return Outcome(failure=failure, cost=permit.aside if failure.is_paid else 0.0)

    def _understood(self, failure: Failure, seat: Seat, tokens_field: str) -> Failure:
        if failure.kind is Kind.UNKNOWN:
            return replace(failure, kind=Kind.PICTURE if seat.has_answered else Kind.SERVER)
        if failure.kind is Kind.BLIND:
            return replace(failure, kind=Kind.PICTURE if seat.has_seen else Kind.SERVER)
        if failure.kind is Kind.COMPLETION_TOKENS:
            if tokens_field == "max_completion_tokens":
                return replace(failure, kind=Kind.SERVER)
            self._tokens_field = "max_completion_tokens"
        return failure

    def _learn(self, question: Question, tokens: tuple[int, int] | None) -> None:
        if not question.image_url:
            return
        if tokens is not None:
            text = len((question.prompt.system + question.prompt.text).encode("utf-8", errors="replace"))
            self._image_tokens = max(self._image_tokens, (tokens[0] - text / _LEAST_LETTERS) * _SPARE)
        self._has_learnt = True


def stopped(failure: Failure) -> CaptionerStopped:
    """The error of a failure that concerns all pictures."""
    return CaptionerStopped(failure.message, hint=failure.hint)
