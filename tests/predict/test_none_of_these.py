"""The answer that competes with the others."""

import pytest

from thuja.errors import ThujaError
from thuja.predict.answers import Answer
from thuja.predict.none_of_these import NONE_OF_THESE, with_none

ANSWERS = (Answer(text="raven", score=0.6, unplaced=0.5), Answer(text="crow", score=0.3), Answer(text="jay", score=0.1))


def test_none_of_these_stands_where_its_probability_puts_it_and_all_still_sum_to_one():
    found = with_none(ANSWERS, 0.25)
    assert [one.text for one in found] == ["raven", NONE_OF_THESE, "crow", "jay"]
    assert [one.score for one in found] == pytest.approx([0.45, 0.25, 0.225, 0.075])
    assert found[0].unplaced == pytest.approx(0.375)
    assert sum(one.score for one in found) == pytest.approx(1)


def test_it_takes_a_place_among_the_best_k_or_is_not_among_them():
    assert [one.text for one in with_none(ANSWERS, 0.9, k=2)] == [NONE_OF_THESE, "raven"]
    assert [one.text for one in with_none(ANSWERS, 0.01, k=2)] == ["raven", "crow"]


def test_no_doubt_changes_no_answer():
    assert with_none(ANSWERS, 0.0)[:3] == ANSWERS


def test_what_is_no_probability_is_refused():
    with pytest.raises(ThujaError, match="got nan"):
        with_none(ANSWERS, float("nan"))
