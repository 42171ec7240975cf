"""Halves are cut by observation: images of one observation stand in one half, and both halves know every species."""

import numpy as np
import pytest
from tests.structure.clouds import cloud, two_level_variances, values

from thuja.errors import EmptyInput
from thuja.structure import Contrast, Specimens
from thuja.structure.halves import cuts_of
from thuja.structure.specimens import draw_contrast, draw_sample
from thuja.structure.variation import DEBIASED, SHARE, measure_variation

STAGE = Contrast(factor="life_stage", first="adult", second="young")


def test_no_observation_stands_in_both_halves_and_each_half_has_two_of_every_species() -> None:
    generator = np.random.default_rng(0)
    species = np.sort(generator.integers(7, size=300))
    groups = 10 * species + generator.integers(7, size=300)  # up to seven observations a species
    sample = draw_sample(species, generator, most=60, groups=groups)
    own = groups[sample.rows]
    for cut in cuts_of(sample, 4, generator, groups=own):
        assert not set(own[cut]) & set(own[~cut])
        for half in (cut, ~cut):
            sizes = [len(set(own[half & (sample.species == one)])) for one in range(sample.count)]
            assert min(sizes) >= 2
            assert max(sizes) <= 4


def test_images_of_many_observations_are_drawn_before_many_of_one() -> None:
    species = np.repeat([0, 1], 50)
    groups = np.concatenate([np.zeros(40, int), np.arange(1, 11), np.arange(20, 70)])
    sample = draw_sample(species, np.random.default_rng(0), most=12, groups=groups)
    assert len(set(groups[sample.rows[sample.species == 0]])) == 11


def test_an_observation_of_two_species_counts_for_the_one_that_it_shows_more_often() -> None:
    species = np.array([0] * 6 + [1] * 6)
    groups = np.array([1, 2, 3, 4, 5, 5, 5, 6, 7, 8, 9, 10])
    sample = draw_sample(species, np.random.default_rng(0), most=10, groups=groups)
    assert 6 not in sample.rows
    assert set(sample.rows) == set(range(12)) - {6}


def test_species_of_fewer_than_four_observations_are_too_few_however_many_their_images() -> None:
    species, groups = np.repeat([0, 1], 20), np.repeat(np.arange(6), [10, 5, 5, 10, 5, 5])
    with pytest.raises(EmptyInput, match="0 species with 4 observations or more"):
        draw_sample(species, np.random.default_rng(0), most=20, groups=groups)


def test_an_individual_seen_at_both_levels_is_in_one_half_at_both_and_counts_once_at_each() -> None:
    generator = np.random.default_rng(1)
    species = np.repeat(np.arange(3), 40)
    groups = 100 * species + np.tile(np.arange(40) // 3, 3)  # three images of each individual
    levels = np.where(generator.random(120) < 0.5, "young", "adult")
    specimens = Specimens(species=species, factors={"life_stage": levels}, groups=groups)
    sample = draw_contrast(specimens, STAGE, generator, most=40)
    own = groups[sample.rows]
    assert len(set(zip(own, sample.is_second, strict=True))) == len(own)
    assert len(set(own)) < len(own)  # some are there at both levels
    for cut in cuts_of(sample, 5, generator, groups=own):
        assert not set(own[cut]) & set(own[~cut])
        for half in (cut, ~cut):
            for one in range(3):
                is_own = half & (sample.species == one)
                assert (is_own & sample.is_second).sum() == (is_own & ~sample.is_second).sum() > 0


def test_copies_of_an_image_fill_the_span_unless_halves_are_cut_by_observation() -> None:
    """Five copies of each image: halves that part them see the same noise twice, and take it for species."""
    apart, together = [], []
    for seed in range(6):
        vectors, sample = cloud(
            seed, species=6, each=8, apart=1.0, variances=two_level_variances(0, 1, axes=5, width=40)
        )
        rows = np.repeat(np.arange(len(vectors)), 5)
        generator = np.random.default_rng(seed)
        copied = draw_sample(sample.species[rows], generator, most=40, groups=rows)
        taken, groups = vectors[rows][copied.rows], rows[copied.rows]
        for found, own in ((apart, None), (together, groups)):
            cuts = cuts_of(copied, 2, generator, groups=own)
            read = measure_variation(taken, copied, generator, cuts=cuts, subspaces=2, groups=own)
            found.append(values(read)[DEBIASED])
    assert np.mean(apart) > 0.03
    assert abs(np.mean(together)) < 0.015
    assert values(read)[SHARE] > 0.03
