"""What cannot be asked is said in one sentence."""

import numpy as np
import pytest

from thuja.errors import UsageError
from thuja.search.query import Direction, Query


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"k": 0}, "k is from 1 to 10,000, got 0"),
        ({"k": 10_001}, "k is from 1 to 10,000, got 10,001"),
        ({"offset": -1}, "results are shown from the first"),
        ({"offset": 99_999, "k": 2}, "to number 100,000, got 2 from 99,999 on"),
        ({"text": "x" * 100_000}, "at most 2,000 characters, got 100,000"),
        ({"text_weight": 1.5}, "text weight is from 0 to 1, got 1.5"),
        ({"diversity": float("nan")}, "diversity is from 0 to 1, got nan"),
        ({"collapse": 0.0}, "a cosine above 0 and up to 1, got 0"),
        ({"per_group": 0}, "at least one picture of a group"),
        ({"vector": np.array([1.0, np.nan])}, "one row of finite numbers"),
        ({"vector": np.zeros(4)}, "not all of them zero"),
        ({"vector": np.ones((2, 2))}, "one row of finite numbers"),
        ({"id": "a", "unlike": ("a",)}, '"a" can not be both like and unlike'),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(fields, said) -> None:
    with pytest.raises(UsageError, match=said):
        Query(**fields)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"from_ids": ("a",)}, "two ends"),
        ({"from_text": "small"}, "two ends"),
        ({}, "exactly one"),
        ({"from_ids": ("a",), "to_ids": ("b",), "vector": np.ones(2)}, "exactly one"),
        ({"vector": np.ones(2), "strength": 0.0}, "a number other than 0"),
        ({"vector": np.ones(2), "strength": float("inf")}, "a number other than 0"),
        ({"from_text": "x" * 3000, "to_text": "y"}, "at most 2,000"),
    ],
)
def test_a_direction_that_makes_no_sense_is_refused(fields, said) -> None:
    with pytest.raises(UsageError, match=said):
        Direction(**fields)


def test_pictures_in_hand_are_told_once() -> None:
    assert Query(id="a", like=("b", "a"), unlike=("c",)).known == ("a", "b", "c")
    assert Query().is_open
    assert not Query(unlike=("c",)).is_open
