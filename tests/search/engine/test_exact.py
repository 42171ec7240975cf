"""Exact search finds what brute force finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.search.engine.clusters import clustered

from thuja.search.bits import Bits
from thuja.search.engine import exact
from thuja.search.engine.exact import search_exactly
from thuja.search.engine.vectors import MappedVectors


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(0, 60),
    k=st.integers(1, 70),
    share=st.floats(0, 1),
    count=st.sampled_from([3, 20]),
)
def test_exact_search_equals_a_full_sort(seed: int, rows: int, k: int, share: float, count: int) -> None:
    generator = np.random.default_rng(seed)
    halves = clustered(rows, seed).astype(np.float16)
    if rows > 3:
        halves[rows // 2] = halves[0]  # a duplicate
    queries = clustered(count, seed + 1)
    mask = generator.random(rows) < share
    found = search_exactly(MappedVectors(halves), queries, k, kept=Bits.from_mask(mask))
    scores = queries @ halves.astype(np.float32).T
    for query in range(count):
        wanted = sorted(np.flatnonzero(mask), key=lambda row: (-scores[query, row], row))[:k]
        full = len(wanted)
        np.testing.assert_allclose(found.scores[query, :full], scores[query, wanted], atol=1e-6)
        assert found.rows[query, full:].tolist() == [-1] * (k - full)
        assert np.all(found.scores[query, full:] == -np.inf)
        assert set(found.rows[query, :full]) <= set(np.flatnonzero(mask))
        assert len(set(found.rows[query, :full])) == full


@pytest.mark.parametrize("count", [3, 20])
def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Neither where few queries read float16, nor where many are a product of matrices."""
    vectors, queries = MappedVectors(clustered(500, seed=1).astype(np.float16)), clustered(count, seed=2)
    whole = search_exactly(vectors, queries, 7)
    monkeypatch.setattr(exact, "BLOCK_ROWS", 33)
    parts = search_exactly(vectors, queries, 7)
    assert np.array_equal(whole.rows, parts.rows)
    np.testing.assert_allclose(whole.scores, parts.scores, atol=1e-6)
