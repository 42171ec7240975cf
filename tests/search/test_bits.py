import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from thuja.search.bits import Bits


@given(st.lists(st.booleans(), max_size=80), st.lists(st.booleans(), max_size=80))
def test_sets_of_rows_are_those_of_their_masks(first: list[bool], second: list[bool]) -> None:
    size = min(len(first), len(second))
    ours, theirs = np.array(first[:size], dtype=bool), np.array(second[:size], dtype=bool)
    left, right = Bits.from_mask(ours), Bits.from_mask(theirs)
    assert left.count == ours.sum()
    assert (left & right).mask().tolist() == (ours & theirs).tolist()
    assert (left | right).mask().tolist() == (ours | theirs).tolist()
    assert left.inverted().mask().tolist() == (~ours).tolist()
    assert left.inverted().inverted().packed.tolist() == left.packed.tolist()
    assert Bits.from_rows(left.rows()[::-1], size=size).packed.tolist() == left.packed.tolist()


@given(st.integers(0, 90), st.integers(0, 90), st.integers(0, 90))
def test_a_range_holds_the_rows_from_its_start_up_to_its_stop(start: int, stop: int, size: int) -> None:
    kept = Bits.from_range(start, stop, size=size)
    assert kept.rows().tolist() == list(range(start, min(stop, size)))
    assert Bits.all(size).count == size


@given(st.sets(st.integers(0, 200), max_size=60), st.integers(200, 220))
def test_ranges_hold_the_rows_between_their_edges(edges: set[int], size: int) -> None:
    ascending = sorted(edges)[: len(edges) // 2 * 2]
    starts, stops = ascending[::2], ascending[1::2]
    kept = Bits.from_ranges(starts, stops, size=size)
    rows = [row for start, stop in zip(starts, stops, strict=True) for row in range(start, stop)]
    assert kept.rows().tolist() == rows


def test_many_ranges_are_drawn_as_few_are() -> None:
    starts = np.arange(0, 9_000, 9)
    kept = Bits.from_ranges(starts, starts + 4, size=9_001)
    assert kept.count == 4_000
    assert kept.rows()[:5].tolist() == [0, 1, 2, 3, 9]
    assert kept.packed.tolist() == Bits.from_mask(np.append(np.arange(9_000) % 9 < 4, False)).packed.tolist()
