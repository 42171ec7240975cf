"""Neighbours in tiles, of some queries, and without kin of a group, each against a plain loop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.classify.making import random_taxa

from thuja.errors import EmptyInput, ThujaError
from thuja.structure.neighbours import agreed, nearest, rank_codes, stratified_queries
from thuja.taxonomy import RANKS, Rank, Taxon


@settings(deadline=None, max_examples=25)
@given(
    count=st.integers(2, 30), seed=st.integers(0, 99), tile=st.sampled_from([1, 200, 10**6]), is_grouped=st.booleans()
)
def test_neighbours_by_tiles_are_those_of_a_plain_loop(count, seed, tile, is_grouped):
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(count, 3))
    groups = generator.integers(-1, 4, count) if is_grouped else None
    queries = np.sort(generator.permutation(count)[: max(1, count // 2)])
    codes = rank_codes(random_taxa(generator, count))
    found = nearest(vectors, queries, groups=groups, tile_bytes=tile)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for place, query in enumerate(queries):
        others = [
            row
            for row in range(count)
            if row != query and (groups is None or groups[row] < 0 or groups[row] != groups[query])
        ]
        best = max(others, key=lambda row: units[row] @ units[query], default=-1)
        assert found.places[place] == best
        for rank in RANKS:
            own = codes[:, rank]
            told = agreed(own, found, groups=groups)
            same = [row for row in others if own[row] == own[query] and own[query] >= 0]
            assert told.is_asked[place] == (own[query] >= 0)
            assert told.is_right[place] == (best in same)
            assert told.is_possible[place] == bool(same)
            assert told.chance[place] == pytest.approx(len(same) / len(others) if others else 0)


def test_a_row_whose_group_is_all_there_is_has_no_neighbour():
    found = nearest(np.eye(2), groups=np.array([3, 3]))
    assert found.places.tolist() == [-1, -1]
    assert not agreed(np.array([1, 1]), found, groups=np.array([3, 3])).is_right.any()


def test_the_chance_is_what_random_vectors_come_to():
    generator = np.random.default_rng(0)
    taxa = [Taxon(kingdom="K", genus=f"g{number % 5}") for number in range(2000)]
    told = agreed(rank_codes(taxa)[:, Rank.GENUS], nearest(generator.normal(size=(2000, 30))))
    assert told.chance.mean() == pytest.approx(399 / 1999)
    assert told.is_right.mean() == pytest.approx(0.2, abs=0.03)


def test_stratified_queries_ask_rare_strata_in_full():
    strata = np.array([0] * 90 + [1] * 6 + [2] * 4)
    chosen = stratified_queries(strata, 24, np.random.default_rng(0))
    assert np.bincount(strata[chosen]).tolist() == [14, 6, 4]
    assert stratified_queries(strata, 1000, np.random.default_rng(0)).tolist() == list(range(100))


def test_what_has_no_neighbour_is_refused():
    with pytest.raises(EmptyInput, match="two rows, got 1"):
        nearest(np.ones((1, 2)))
    with pytest.raises(ThujaError, match="1 of 3 vectors are nought"):
        nearest(np.array([[1.0, 0], [0, 0], [0, 1]]))
