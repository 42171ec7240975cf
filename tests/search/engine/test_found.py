"""Finds of segments are put together under the keys of the whole index."""

import numpy as np

from thuja.search.engine.found import Found, best, merged


def test_merging_keeps_the_best_of_all_segments() -> None:
    first = Found(rows=np.array([[3, 1]]), scores=np.array([[0.9, 0.2]], dtype=np.float32))
    second = Found(rows=np.array([[0, -1]]), scores=np.array([[0.5, -np.inf]], dtype=np.float32))
    found = merged([first, second], [0, 100], 4)
    assert found.rows.tolist() == [[3, 100, 1, -1]]
    assert found.scores.tolist() == [[np.float32(0.9), 0.5, np.float32(0.2), -np.inf]]


def test_picking_few_of_many_equals_a_full_sort() -> None:
    generator = np.random.default_rng(0)
    scores = generator.integers(0, 9, (20, 300)).astype(np.float32)  # full of ties
    rows = np.argsort(generator.random((20, 300)), axis=1)
    found = best(rows, scores, 7)
    for query in range(20):
        wanted = sorted(zip(-scores[query], rows[query], strict=True))[:7]
        assert found.rows[query].tolist() == [row for _, row in wanted]


def test_the_best_over_many_segments_are_those_of_all_at_once() -> None:
    """They are merged some at a time."""
    generator = np.random.default_rng(0)
    scores = -np.sort(-generator.random((40, 3, 4)).astype(np.float32), axis=2)  # (segments, Q, k)
    parts = [Found(rows=np.tile(np.arange(4), (3, 1)), scores=part) for part in scores]
    found = merged(parts, [4 * number for number in range(40)], 4)
    flat = scores.transpose(1, 0, 2).reshape(3, -1)
    order = np.argsort(-flat, axis=1)[:, :4]
    np.testing.assert_array_equal(found.rows, order)
    np.testing.assert_array_equal(found.scores, np.take_along_axis(flat, order, 1))
