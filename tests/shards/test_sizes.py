import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.errors import UsageError
from thuja.shards import even_sizes


@given(total=st.integers(0, 100_000), most=st.integers(1, 12_000))
def test_sizes_are_even_and_as_few_as_can_be(total: int, most: int) -> None:
    sizes = even_sizes(total, most)
    assert sum(sizes) == total
    assert len(sizes) == -(-total // most)
    assert max(sizes, default=0) <= most
    assert max(sizes, default=0) - min(sizes, default=0) <= 1
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(("total", "most"), [(5, 0), (-1, 3)])
def test_sizes_that_hold_nothing_are_refused(total: int, most: int) -> None:
    with pytest.raises(UsageError, match="at least one"):
        even_sizes(total, most)
