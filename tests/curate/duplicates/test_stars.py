"""Stars against the plain greedy, and what makes them stars."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.curate.duplicates import stars
from thuja.curate.duplicates.bands import Integers

PAIRS = st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)).filter(lambda pair: pair[0] != pair[1]), max_size=60)


def greedy(pairs: set[frozenset[int]], count: int) -> list[int]:
    """Rows in turn, the best first: a row near a kept one is dropped for the best such."""
    centres: list[int] = []
    found = []
    for row in range(count):
        near = [centre for centre in centres if frozenset((centre, row)) in pairs]
        found.append(near[0] if near else row)
        if not near:
            centres.append(row)
    return found


def array(pairs: list[tuple[int, int]]) -> Integers:
    return np.array(pairs, np.int64).reshape(-1, 2)


@settings(max_examples=200, deadline=None)
@given(PAIRS, st.randoms())
def test_stars_are_those_of_the_greedy_whatever_the_order_of_pairs(
    pairs: list[tuple[int, int]], random: object
) -> None:
    expected = greedy({frozenset(pair) for pair in pairs}, 20)
    assert stars(array(pairs), 20).tolist() == expected
    random.shuffle(pairs)  # type: ignore[attr-defined]
    assert stars(array([(b, a) for a, b in pairs]), 20).tolist() == expected


def test_a_chain_is_not_a_group() -> None:
    """1 and 3 are near 0 and 2; 2 is not near 0, and stays."""
    assert stars(array([(0, 1), (1, 2), (2, 3)]), 4).tolist() == [0, 0, 2, 2]


def test_a_long_ordered_chain_ends_as_the_greedy_does() -> None:
    """As rounds it would take half as many as rows; after 64 it is walked."""
    rows = np.arange(10_000, dtype=np.int64)
    found = stars(np.stack([rows[:-1], rows[1:]], axis=1), len(rows))
    np.testing.assert_array_equal(found, rows - rows % 2)


def test_without_pairs_every_row_is_kept() -> None:
    assert stars(array([]), 3).tolist() == [0, 1, 2]
