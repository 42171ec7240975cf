"""Redrawn sums over pairs against a plain loop; correlations against SciPy's."""

import numpy as np
import pytest
from scipy.stats import pearsonr
from tests.analyze.tree.making import grown

from thuja.analyze.tree import Redraws, partial_correlation
from thuja.analyze.tree.redraws import unit_rank
from thuja.taxonomy import Rank, Taxon


def redraws_of(numbers, draws):
    return Redraws(rank=Rank.FAMILY, numbers=np.array(numbers), draws=np.array(draws))


def test_sums_over_pairs_are_those_of_a_plain_loop():
    generator = np.random.default_rng(0)
    numbers = generator.integers(0, 3, 8)
    numbers[:3] = range(3)
    redraws = redraws_of(numbers, [[1, 1, 1], [2, 0, 1], [0, 3, 0]])
    values = generator.normal(size=(2, 28))
    found = redraws.pair_sums(values)
    first, second = np.triu_indices(8, 1)
    for row, draw in enumerate([np.ones(3, dtype=int), *redraws.draws]):
        weights = [
            draw[numbers[a]] if numbers[a] == numbers[b] else draw[numbers[a]] * draw[numbers[b]]
            for a, b in zip(first, second, strict=True)
        ]
        assert found[row] == pytest.approx(values @ np.array(weights))
    assert found[0] == pytest.approx(values.sum(axis=1))


def test_pairs_near_and_far_keep_their_shares_in_the_mean():
    generator = np.random.default_rng(0)
    redraws = Redraws.of(
        [Taxon(family=f"f{number % 10}") for number in range(30)], Rank.FAMILY, generator, replicates=4000
    )
    first, second = np.triu_indices(30, 1)
    is_kin = (first % 10 == second % 10).astype(float)
    kin, others = redraws.pair_sums(np.stack([is_kin, 1 - is_kin]))[1:].mean(axis=0)
    assert kin == pytest.approx(is_kin.sum(), rel=0.02)
    assert others == pytest.approx((1 - is_kin).sum() * 0.9, rel=0.02)  # 1 - 1 / C


def test_correlations_are_pearsons_and_partial_ones_those_of_residuals():
    generator = np.random.default_rng(0)
    x, y, z = generator.normal(size=(3, 45))
    x += z
    y += 0.5 * z + x
    found = redraws_of(np.arange(10), [np.ones(10, dtype=int)]).correlations([x, y, z])
    assert found.shape == (2, 3, 3)
    np.testing.assert_allclose(found[0], np.corrcoef([x, y, z]), atol=1e-12)
    np.testing.assert_allclose(found[1], found[0], atol=1e-12)

    def rest(values):
        design = np.column_stack([np.ones(45), z])
        return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]

    assert partial_correlation(found, (0, 1), given=2)[0] == pytest.approx(pearsonr(rest(x), rest(y)).statistic)


def test_what_does_not_vary_has_no_correlation():
    redraws = redraws_of(np.arange(4), [np.ones(4, dtype=int)])
    found = redraws.correlations([np.full(6, 0.3), np.arange(6.0)])
    assert np.isnan(found[:, 0, 1]).all()
    same = redraws.correlations([np.arange(6.0), np.arange(6.0) ** 2, np.arange(6.0)])
    assert np.isnan(partial_correlation(same, (0, 1), given=2)).all()


def test_the_unit_is_the_rank_wanted_or_the_next_one_down_with_eight_clades():
    _, taxa = grown(60)  # 18 families, 36 genera, 9 orders, 5 classes
    assert unit_rank(taxa, Rank.FAMILY) == Rank.FAMILY
    assert unit_rank(taxa, Rank.KINGDOM) == Rank.ORDER
    assert unit_rank(taxa[:2], Rank.FAMILY) == Rank.SPECIES


def test_ratios_of_units_without_weight_are_no_numbers():
    redraws = redraws_of([0, 0, 1], [[2, 0], [0, 2]])
    found = redraws.ratios([1.0, 0.0, 0.0], [1.0, 1.0, 0.0])
    assert found[:2].tolist() == [0.5, 0.5]
    assert np.isnan(found[2])


def test_units_that_bring_nothing_are_not_counted():
    assert redraws_of([0, 0, 1, 2], [[1, 1, 1]]).bringing([0, 1, 0, 1]) == 2
