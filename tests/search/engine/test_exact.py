"""Exact search finds what brute force finds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.search.bits import Bits
from thuja.search.engine import exact
from thuja.search.engine.exact import search_exactly
from thuja.search.engine.vectors import MappedVectors


def unit(generator: np.random.Generator, rows: int, dim: int = 8) -> np.ndarray:
    vectors = generator.normal(size=(rows, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), rows=st.integers(0, 60), k=st.integers(1, 70), share=st.floats(0, 1))
def test_exact_search_equals_a_full_sort(seed: int, rows: int, k: int, share: float) -> None:
    generator = np.random.default_rng(seed)
    halves = unit(generator, rows).astype(np.float16)
    if rows > 3:
        halves[rows // 2] = halves[0]  # a duplicate
    queries = unit(generator, 3)
    mask = generator.random(rows) < share
    found = search_exactly(MappedVectors(halves), queries, k, kept=Bits.from_mask(mask))
    scores = queries @ halves.astype(np.float32).T
    for query in range(3):
        wanted = sorted(np.flatnonzero(mask), key=lambda row: (-scores[query, row], row))[:k]
        count = len(wanted)
        np.testing.assert_allclose(found.scores[query, :count], scores[query, wanted], atol=1e-6)
        assert found.rows[query, count:].tolist() == [-1] * (k - count)
        assert np.all(found.scores[query, count:] == -np.inf)
        assert set(found.rows[query, :count]) <= set(np.flatnonzero(mask))
        assert len(set(found.rows[query, :count])) == count


def test_blocks_and_tiles_change_nothing(monkeypatch) -> None:
    generator = np.random.default_rng(1)
    vectors, queries = MappedVectors(unit(generator, 500).astype(np.float16)), unit(generator, 20)
    whole = search_exactly(vectors, queries, 7)
    monkeypatch.setattr(exact, "BLOCK_ROWS", 33)
    monkeypatch.setattr(exact, "BLOCK_QUERIES", 6)
    parts = search_exactly(vectors, queries, 7)
    assert np.array_equal(whole.rows, parts.rows)
    np.testing.assert_allclose(whole.scores, parts.scores, atol=1e-6)
