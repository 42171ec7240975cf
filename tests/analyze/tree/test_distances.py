"""Tree distances against the plain functions of the taxonomy, means in chunks against a plain loop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.classify.making import random_taxa

from thuja.analyze.tree import Metric, common_depths, means_by_species, pairwise_distances, tree_steps
from thuja.errors import ThujaError
from thuja.taxonomy import Taxon, common_ancestor, tree_distance


@settings(deadline=None, max_examples=30)
@given(count=st.integers(1, 12), seed=st.integers(0, 999))
def test_steps_of_incomplete_lineages_are_those_of_the_taxonomy(count, seed):
    taxa = random_taxa(np.random.default_rng(seed), count)
    depths, steps = common_depths(taxa), tree_steps(taxa)
    for row, first in enumerate(taxa):
        for column, second in enumerate(taxa):
            met = common_ancestor(first, second).rank
            assert depths[row, column] == (0 if met is None else met + 1)
            assert steps[row, column] == tree_distance(first, second)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 999), chunk=st.sampled_from([1, 7, 10**6]), is_unit=st.booleans())
def test_means_in_chunks_are_plain_means(seed, chunk, is_unit):
    generator = np.random.default_rng(seed)
    species = generator.integers(-1, 4, 30)
    species[:4] = range(4)
    vectors = generator.normal(size=(30, 3)).astype(np.float16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thuja.analyze.tree.distances._CHUNK", chunk)
        means, sizes = means_by_species(vectors, species, is_unit=is_unit)
    wide = vectors.astype(np.float64)
    rows = wide / np.linalg.norm(wide, axis=1, keepdims=True) if is_unit else wide
    for number in range(4):
        assert sizes[number] == (species == number).sum()
        np.testing.assert_allclose(means[number], rows[species == number].mean(axis=0), atol=1e-12)


def test_distances_are_those_of_the_formulae():
    rows = np.random.default_rng(0).normal(size=(6, 4)) + 3
    for metric, moved in ((Metric.COSINE, rows), (Metric.CENTRED, rows - rows.mean(axis=0))):
        units = moved / np.linalg.norm(moved, axis=1, keepdims=True)
        np.testing.assert_allclose(pairwise_distances(rows, metric), 1 - units @ units.T, atol=1e-9)
    gaps = np.linalg.norm(rows[:, None] - rows, axis=2)
    np.testing.assert_allclose(pairwise_distances(rows, Metric.EUCLIDEAN), gaps, atol=1e-9)


@pytest.mark.parametrize("metric", Metric)
def test_rows_that_are_all_alike_are_at_nought(metric):
    row = np.random.default_rng(0).normal(size=(1, 50)).astype(np.float16).astype(np.float64)
    found = pairwise_distances(np.repeat(row, 5, axis=0), metric)
    if metric == Metric.CENTRED:
        assert set(found[~np.eye(5, dtype=bool)]) == {1.0}, "what has no direction is 1 from all"
    else:
        assert not found.any()


def test_numbers_that_are_none_are_refused():
    with pytest.raises(ThujaError, match="not all numbers"):
        pairwise_distances(np.array([[1.0, np.nan], [0, 1]]))


def test_no_taxon_makes_an_empty_table():
    assert tree_steps([]).shape == (0, 0)
    assert tree_steps([Taxon(genus="a")]).tolist() == [[0]]
