"""What is spent, and that it never passes the budget: the most a request may cost is set aside before it is sent."""

import threading
from dataclasses import dataclass, replace

from thuja.captions.captioner import CaptionerStopped
from thuja.captions.server.settings import Spending


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a captioner has asked for and got.

    `cost` is of answers, by their own counts of tokens or, where they have none, the most that they may have cost.
    `unsure_cost` is the most that requests without an answer may have cost: a server may have worked for one whose
    answer did not arrive.
    """

    requests: int = 0
    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    unsure_cost: float = 0.0


class Purse:
    """Counts, and sets aside. For several threads at once."""

    def __init__(self, spending: Spending, *, spent: float = 0.0) -> None:
        self._spending = spending
        self._earlier = spent
        self._aside = 0.0
        self._usage = Usage()
        self._changed = threading.Condition()
        self._closed = False

    @property
    def usage(self) -> Usage:
        """What was spent until here, without what earlier runs spent."""
        with self._changed:
            return self._usage

    def set_aside(self, prompt_tokens: float, completion_tokens: float) -> float:
        """The price of so many tokens, kept for one request.

        Waits while what is set aside for others is all that stands in the way; raises CaptionerStopped where the budget
        does not reach.
        """
        price = self._spending.cost(prompt_tokens, completion_tokens)
        budget = self._spending.budget
        with self._changed:
            while budget is not None and not self._closed:
                spent = self._earlier + self._usage.cost + self._usage.unsure_cost
                if spent + price > budget * (1 + 1e-12):
                    raise CaptionerStopped(
                        f"the budget of {budget:g} does not reach: {spent:.6g} is spent, "
                        f"and the next request may cost {price:.3g}",
                        hint="a higher --budget",
                    )
                if spent + self._aside + price <= budget * (1 + 1e-12):
                    break
                self._changed.wait()
            self._aside += price
            self._usage = replace(self._usage, requests=self._usage.requests + 1)
        return price

    def pay(self, aside: float, tokens: tuple[int, int] | None) -> float:
        """Settle an answered request by its tokens read and written, None where the answer does not say; the cost."""
        read, written = tokens or (0, 0)
        cost = aside if tokens is None else self._spending.cost(read, written)
        with self._changed:
            self._aside -= aside
            usage = self._usage
            self._usage = replace(
                usage,
                answers=usage.answers + 1,
                prompt_tokens=usage.prompt_tokens + read,
                completion_tokens=usage.completion_tokens + written,
                cost=usage.cost + cost,
            )
            self._changed.notify_all()
        return cost

    def give_back(self, aside: float, *, is_unsure: bool) -> None:
        """Settle a request without an answer; `is_unsure` where it may have been paid for."""
        with self._changed:
            self._aside -= aside
            if is_unsure:
                self._usage = replace(self._usage, unsure_cost=self._usage.unsure_cost + aside)
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
