"""Participation ratios and energy are right in the mean, of few images too."""

import numpy as np
import pytest
from tests.structure.clouds import cloud, two_level_variances

from thuja.structure.breadth import breadth_of, participation_ratio
from thuja.structure.halves import cuts_of, halves_of


def test_a_participation_ratio_counts_directions_as_wide_as_each_other() -> None:
    assert participation_ratio(np.diag([2.0, 2, 2, 0])) == pytest.approx(3)
    assert participation_ratio(np.diag([1.0, 0, 0])) == pytest.approx(1)
    assert np.isnan(participation_ratio(np.zeros((2, 2))))


def test_directions_and_energy_are_right_in_the_mean_of_few_images() -> None:
    """Ten species of eight images along nine axes of 40: as they stand, the means would vary in all that images do."""
    variances = two_level_variances(0.2, 1.0, axes=9, width=40)
    found = []
    for seed in range(20):
        vectors, sample = cloud(seed, species=10, each=8, apart=1.0, variances=variances)
        cuts = cuts_of(sample, 2, np.random.default_rng(seed))
        found.append(breadth_of(halves_of(vectors, sample, cuts)))
    within = variances.sum() ** 2 / (variances**2).sum()
    between = 10 / 9 * 9  # the trace: nine axes of variance one, over S - 1
    assert np.mean([one.within_ratio for one in found]) == pytest.approx(within, rel=0.05)
    assert np.mean([one.between_ratio for one in found]) == pytest.approx(9, rel=0.15)
    assert np.mean([one.energy for one in found]) == pytest.approx(between / (between + variances.sum()), rel=0.1)
    assert found[0].within.sum() == pytest.approx(1)


def test_species_that_do_not_differ_have_no_direction_and_no_energy() -> None:
    vectors, sample = cloud(0, species=4, each=6, apart=0.0, variances=np.ones(5))
    centred = vectors - np.repeat(vectors.reshape(4, 6, 5).mean(axis=1), 6, axis=0)
    cuts = cuts_of(sample, 1, np.random.default_rng(0))
    found = breadth_of(halves_of(centred, sample, cuts))
    assert found.energy == 0
    assert np.isnan(found.between_ratio)
