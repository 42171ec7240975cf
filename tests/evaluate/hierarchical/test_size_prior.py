"""The power of a clade's size on images whose likeliest power is known, and against a fine grid."""

import numpy as np
import pytest
from tests.evaluate.hierarchical.worlds import ladder_of, lineage

from thuja.evaluate.hierarchical import fit_powers, likeliest_power
from thuja.taxonomy import Rank

SIZES = (1, 2, 3, 5, 8, 13)
SPECIES = [lineage(f"K P C O F g{size:02} s{number}") for size in SIZES for number in range(size)]
LADDER = ladder_of(SPECIES)  # all texts are nought: every posterior is flat
NOTHING = np.zeros((len(SPECIES), 2), dtype=np.float32)


def test_the_power_is_nought_for_images_spread_over_species_and_one_for_images_spread_over_clades():
    over_species = fit_powers(NOTHING, SPECIES, LADDER, scale=10.0)
    assert over_species[Rank.GENUS] == pytest.approx(0, abs=1e-4)
    firsts = [next(taxon for taxon in SPECIES if taxon.genus == f"g{size:02}") for size in SIZES]
    over_clades = fit_powers(NOTHING[:6], firsts, LADDER, scale=10.0)
    assert over_clades[Rank.GENUS] == pytest.approx(1, abs=1e-4)
    assert over_clades[Rank.FAMILY] == 0  # one family: nothing to correct


def test_the_power_is_the_likeliest_of_a_fine_grid():
    generator = np.random.default_rng(1)
    sizes = np.array([1, 4, 9, 30])
    masses = generator.dirichlet(np.ones(4), size=50).T  # (U, N)
    own = np.log(generator.choice(sizes, 50))
    place = np.searchsorted(np.log(sizes), own)

    def likelihood(power):
        weighed = masses * (sizes**-power)[:, None]
        return np.log(weighed[place, np.arange(50)] / weighed.sum(axis=0)).mean()

    grid = np.arange(-1, 2, 0.001)
    best = grid[np.argmax([likelihood(power) for power in grid])]
    assert likeliest_power(masses, np.log(sizes), own) == pytest.approx(best, abs=1e-3)


def test_the_power_stays_within_its_bounds_and_no_image_leaves_it_at_nought():
    masses, log_sizes = np.full((2, 1), 0.5), np.log([1, 10])
    assert likeliest_power(masses, log_sizes, log_sizes[:1]) == 2.0
    assert likeliest_power(masses, log_sizes, log_sizes[1:]) == -1.0
    assert likeliest_power(masses[:, :0], log_sizes, log_sizes[:0]) == 0.0
    assert fit_powers(NOTHING[:0], [], LADDER, scale=10.0)[Rank.GENUS] == 0.0
