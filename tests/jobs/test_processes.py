import os
import signal
import subprocess
import sys
from contextlib import closing
from multiprocessing import active_children

import pytest

from thuja.errors import BadFile, ThujaError, UsageError
from thuja.jobs import counted, spread, track


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


@pytest.mark.parametrize("workers", [-3, -1, 1_001])
@pytest.mark.parametrize("items", [0, 1, 5])
def test_a_number_of_workers_that_cannot_be_is_refused_at_once(workers: int, items: int) -> None:
    """With one item or none, -3 workers were as good as one."""
    with pytest.raises(UsageError, match=f"cannot work with {workers} workers"):
        spread(square, range(items), workers=workers)


@pytest.mark.parametrize(
    "shown", [lambda parts: counted(parts, total=None, label="x"), lambda parts: track(parts, total=None, label="x")]
)
def test_closing_what_shows_progress_ends_the_workers(shown) -> None:
    with closing(shown(spread(lists, range(40), workers=2))) as answers:
        assert list(next(answers)) == [0]
        assert active_children()
    assert not active_children()


def lists(number: int) -> list[int]:
    return [number]


@pytest.mark.parametrize("closed", ["closing", "nullcontext"])
def test_a_failure_between_two_answers_is_its_own_traceback_and_no_other(closed: str) -> None:
    """The workers of answers that nobody took were ended by one of their own threads: "cannot join current thread"."""
    script = f"""
from contextlib import closing, nullcontext
from thuja.jobs import spread
def main():
    with {closed}(spread(abs, range(400), workers=2)) as answers:
        for answer in answers:
            if answer == 3:
                raise OSError("no room")
if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        print(error)
        raise SystemExit(1) from error
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "no room\n", "")
