"""Addresses of any pictures of a world, found without the others."""

import numpy as np
import pytest

from thuja.biosphere import World, WorldConfig
from thuja.biosphere.addressing import addresses_at, shuffled


@pytest.mark.parametrize("blank", [0.0, 0.2])
def test_addresses_that_are_looked_up_are_those_of_the_world(blank):
    world = World.make(WorldConfig(seed=2, species=9, images=5, blank=blank))
    everything = world.addresses()
    assert addresses_at(world, np.arange(world.images)).tolist() == everything.tolist()
    order = shuffled(world.images, np.random.default_rng(0))
    assert addresses_at(world, order).tolist() == everything[order].tolist()


def test_an_order_has_every_number_once_and_four_bytes_for_each():
    order = shuffled(1_000, np.random.default_rng(0))
    assert sorted(order.tolist()) == list(range(1_000))
    assert order.tolist() != sorted(order.tolist())
    assert order.nbytes == 4_000


def test_ten_million_pictures_are_ordered_and_found():
    world = World.make(WorldConfig(seed=2, species=100, images=100_000))
    order = shuffled(world.images, np.random.default_rng(0))
    assert len(order) == 10_100_000
    species, number = addresses_at(world, order[-5:]).T
    counts = [*(kind.images for kind in world.species), world.blanks]
    ends = np.cumsum([0, *counts])
    assert (ends[species] + number == order[-5:]).all()
