import os
import signal

import pytest

from thuja.errors import BadFile, ThujaError
from thuja.jobs import spread


def square(number: int) -> int:
    if number == 13:
        raise BadFile("an unlucky number")
    return number * number


def die(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("workers", [1, 2])
def test_answers_come_in_the_order_of_the_items(workers: int) -> None:
    assert list(spread(square, range(12), workers=workers)) == [number * number for number in range(12)]
    assert list(spread(square, [], workers=workers)) == []


def test_items_are_taken_a_few_ahead_and_no_more() -> None:
    taken = []
    items = (taken.append(number) or number for number in range(12))
    answers = spread(square, items, workers=2)
    assert next(answers) == 0
    assert len(taken) <= 4
    answers.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_worker_raises_is_raised_here(workers: int) -> None:
    with pytest.raises(BadFile, match="unlucky"):
        list(spread(square, range(20), workers=workers))


def test_a_killed_worker_is_one_sentence() -> None:
    with pytest.raises(ThujaError, match="worker process was killed"):
        list(spread(die, range(8), workers=2))
