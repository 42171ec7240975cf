"""What is spent never passes the budget, whatever is under way."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.captions.captioner import CaptionerStopped
from thuja.captions.server.budget import Purse
from thuja.captions.server.settings import ServerSettings, Spending
from thuja.errors import UsageError

PRICES = Spending(prompt_price=1e6, completion_price=2e6)  # one and two a token


@given(
    budget=st.floats(1, 200),
    asked=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5), st.floats(0, 1), st.booleans()), max_size=60),
)
def test_a_budget_is_never_passed(budget: float, asked: list[tuple[int, int, float, bool]]) -> None:
    purse = Purse(Spending(prompt_price=1e6, completion_price=2e6, budget=budget))
    spent = 0.0
    for read, written, share, is_answered in asked:
        try:
            aside = purse.set_aside(read, written)
        except CaptionerStopped:
            assert spent + read + 2 * written > budget
            continue
        if is_answered:
            spent += purse.pay(aside, (int(read * share), int(written * share)))
        else:
            purse.give_back(aside, is_unsure=share > 0.5)
            spent += aside if share > 0.5 else 0.0
        assert spent <= budget * (1 + 1e-9)
    assert purse.usage.cost + purse.usage.unsure_cost == pytest.approx(spent)


def test_threads_together_do_not_pass_a_budget_and_use_it_up() -> None:
    purse = Purse(Spending(prompt_price=1e6, budget=100.0))
    together = Barrier(8)

    def ask(_: int) -> int:
        together.wait()
        done = 0
        while True:
            try:
                aside = purse.set_aside(10, 0)
            except CaptionerStopped:
                return done
            purse.pay(aside, (3, 0))
            done += 1

    with ThreadPoolExecutor(8) as pool:
        done = sum(pool.map(ask, range(8)))
    assert purse.usage.cost == pytest.approx(3 * done)
    assert 90 < purse.usage.cost <= 100


def test_who_waits_for_others_goes_on_when_they_cost_less() -> None:
    purse = Purse(Spending(prompt_price=1e6, budget=10.0))
    first = purse.set_aside(8, 0)
    told: list[float] = []
    began = Event()

    def wait() -> None:
        began.set()
        told.append(purse.set_aside(5, 0))

    thread = Thread(target=wait)
    thread.start()
    began.wait()
    purse.pay(first, (2, 0))
    thread.join()
    assert told == [pytest.approx(5.0)]


def test_an_answer_without_counts_is_taken_for_the_most_it_may_cost() -> None:
    purse = Purse(PRICES)
    assert purse.pay(purse.set_aside(10, 5), None) == pytest.approx(20.0)
    assert purse.usage.prompt_tokens == 0
    assert purse.usage.cost == pytest.approx(20.0)


def test_what_earlier_runs_spent_counts() -> None:
    purse = Purse(Spending(prompt_price=1e6, budget=100.0), spent=95.0)
    with pytest.raises(CaptionerStopped, match="of 100 does not reach: 95 is spent, and the next request may cost 6"):
        purse.set_aside(6, 0)
    assert purse.usage.cost == 0


def test_a_budget_without_prices_is_refused() -> None:
    with pytest.raises(UsageError, match="a budget of 5 needs prices"):
        Spending(budget=5.0)


def test_shares_of_several_processes_add_up_to_no_more_than_the_whole() -> None:
    from thuja.captions.server.settings import Rates

    whole = ServerSettings(
        servers=("http://h/v1",),
        rates=Rates(concurrency=64, requests_per_minute=100, tokens_per_minute=10_000),
        spending=Spending(prompt_price=1.0, budget=9.0),
    )
    share = whole.share(3)
    assert share.rates == Rates(concurrency=21, requests_per_minute=33, tokens_per_minute=3333)
    assert share.spending.budget == pytest.approx(3.0)
    with pytest.raises(UsageError, match="can not share"):
        whole.share(101)
