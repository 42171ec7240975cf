"""The overlap knob sets the true geometry, and what is drawn follows it."""

import numpy as np
import pytest

from thuja.biosphere.config import WorldConfig
from thuja.biosphere.geometry import INDIVIDUAL, TOGETHER, expected_geometry, sampled_geometry
from thuja.biosphere.within import AXES
from thuja.biosphere.world import World


def world_of(overlap: float, seed: int = 0, species: int = 200) -> World:
    return World.make(WorldConfig(seed=seed, species=species, overlap=overlap))


@pytest.mark.parametrize("overlap", [0.0, 0.3, 0.7, 1.0])
def test_each_axis_has_just_the_share_inside_the_species_span_that_the_knob_says(overlap):
    for seed in range(3):
        found = expected_geometry(world_of(overlap, seed), np.random.default_rng(0))
        for axis in (*AXES, TOGETHER):
            assert found[axis].share == pytest.approx(overlap, abs=1e-9)


def test_the_span_is_of_all_traits_but_noise_and_a_random_one_holds_as_much_as_it_is_wide():
    world = world_of(0.3)
    found = expected_geometry(world, np.random.default_rng(0))
    assert found.span == np.count_nonzero(world.variation.spread < 1)
    assert found["stage"].random == found.span / found.width
    assert found["stage"].matched > found["stage"].random, "much of the variance is within species, where it leans to"


def test_individuals_vary_mostly_outside_the_span():
    """Noise traits have variance 1, the others 0.05."""
    world = world_of(0.3)
    found = expected_geometry(world, np.random.default_rng(0))
    inside = found.span * 0.05
    assert found[INDIVIDUAL].share == pytest.approx(inside / (inside + np.count_nonzero(world.variation.spread == 1)))


@pytest.mark.slow
def test_what_is_drawn_follows_the_knob():
    """Curves and thresholds bend the shares, but in order."""
    generator = np.random.default_rng(1)
    shares = [
        [sampled_geometry(world_of(overlap, species=80), generator, individuals=4)[axis].share for axis in AXES]
        for overlap in (0.0, 0.5, 1.0)
    ]
    for none, half, all_ in zip(*shares, strict=True):
        assert none < 0.2
        assert none + 0.1 < half < all_ - 0.1
        assert all_ > 0.65
