"""The best few, of a matrix and of rows that come by, against a full sort."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.classify import top_k
from thuja.classify.top import SLICE, Running, slice_peaks, top_rows
from thuja.errors import UsageError


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(1, 12), st.integers(0, 99), st.data())
def test_top_k_equals_a_full_stable_sort_ties_included(rows, columns, seed, data):
    k = data.draw(st.integers(1, columns))
    scores = np.random.default_rng(seed).integers(0, 4, size=(rows, columns)).astype(np.float32)
    best = top_k(scores, k)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(best.indices, expected)
    np.testing.assert_array_equal(best.scores, np.take_along_axis(scores, expected, axis=1))


@pytest.mark.parametrize("k", [0, -1, 3])
def test_k_outside_the_labels_is_a_usage_error(k):
    with pytest.raises(UsageError, match=f"best {k} of 2"):
        top_k(np.zeros((1, 2), np.float32), k)


@settings(deadline=None, max_examples=60)
@given(
    tiles=st.lists(st.integers(1, 3 * SLICE), min_size=1, max_size=5),
    columns=st.integers(1, 4),
    levels=st.sampled_from([2, 7, 10**6]),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_rows_that_come_by_in_tiles_give_the_best_of_a_full_stable_sort(tiles, columns, levels, seed, data):
    k = data.draw(st.integers(1, min(9, sum(tiles))))
    matrix = np.random.default_rng(seed).integers(0, levels, size=(sum(tiles), columns)).astype(np.float32)
    running = Running(k, columns)
    for start, size in zip(np.cumsum(tiles) - tiles, tiles, strict=True):
        tile = matrix[start : start + size]
        running.add(tile, slice_peaks(tile))
    expected = np.argsort(-matrix, axis=0, kind="stable")[:k]
    np.testing.assert_array_equal(running.rows, expected)
    np.testing.assert_array_equal(running.values, np.take_along_axis(matrix, expected, axis=0))


def test_the_best_rows_of_each_column_are_those_of_its_transpose():
    matrix = np.random.default_rng(0).integers(0, 30, size=(300, 7)).astype(np.float32)
    best, expected = top_rows(matrix, 5), top_k(matrix.T, 5)
    np.testing.assert_array_equal(best.indices, expected.indices)
    np.testing.assert_array_equal(best.scores, expected.scores)
