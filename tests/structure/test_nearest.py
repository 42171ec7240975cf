"""The nearest vectors by tiles are those of the whole matrix of cosines."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.errors import UsageError
from thuja.structure.nearest import nearest_of


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 6), tile=st.integers(4, 4000), is_self=st.booleans())
def test_the_nearest_by_tiles_are_the_nearest_of_all(seed: int, count: int, tile: int, *, is_self: bool) -> None:
    generator = np.random.default_rng(seed)
    vectors = generator.standard_normal((37, 6)).astype(np.float32)
    rows = generator.permutation(37)[:9]
    queries = vectors[rows] if is_self else generator.standard_normal((9, 6)).astype(np.float32)
    places, cosines = nearest_of(queries, vectors, count=count, exclude=rows if is_self else None, tile_bytes=tile)
    unit = [one / np.linalg.norm(one, axis=1, keepdims=True) for one in (queries, vectors)]
    whole = unit[0] @ unit[1].T
    if is_self:
        whole[np.arange(9), rows] = -np.inf
    np.testing.assert_array_equal(places, np.argsort(-whole, axis=1, kind="stable")[:, :count])
    np.testing.assert_allclose(cosines, -np.sort(-whole, axis=1)[:, :count], atol=1e-6)


def test_float16_is_widened_and_a_vector_of_nothing_is_near_nothing() -> None:
    vectors = np.array([[0, 0], [3, 0], [0, 2]], dtype=np.float16)
    places, cosines = nearest_of(np.array([[1, 0.1]], dtype=np.float16), vectors, count=3)
    assert places.tolist() == [[1, 2, 0]]
    assert cosines[0, 2] == 0


def test_more_neighbours_than_there_are_is_a_clear_error() -> None:
    with pytest.raises(UsageError, match="3 nearest of 2 vectors cannot be told"):
        nearest_of(np.ones((3, 2)), np.ones((3, 2)), count=3, exclude=np.arange(3))
