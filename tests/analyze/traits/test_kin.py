"""What the tree alone tells equals the prediction of the simulated world, which inverts a matrix a fold."""

import numpy as np
import pytest
from tests.analyze.traits.worlds import World, along_tree

from thuja.analyze.ancestry import signals
from thuja.analyze.traits import from_kin_left_out
from thuja.biosphere.probes import from_all_other_kin


def test_one_species_left_out_equals_the_worlds_own_floor() -> None:
    world = World.make(np.random.default_rng(1))
    values = along_tree(world.ancestry, 0.7, 3, np.random.default_rng(2))
    found = from_kin_left_out(values, np.arange(len(values)), world.ancestry)
    assert found.values == pytest.approx(from_all_other_kin(values, world.ancestry), abs=2e-3)


def test_whole_clades_left_out_equal_the_plain_formula() -> None:
    world = World.make(np.random.default_rng(1))
    values = along_tree(world.ancestry, 0.7, 1, np.random.default_rng(2))
    folds = np.arange(len(values)) % 4
    found = from_kin_left_out(values, folds, world.ancestry)
    lambda_ = float(signals(values, world.ancestry)[0][0])
    whole = lambda_ * world.ancestry.covariance + (1 - lambda_) * np.eye(len(values))
    for fold in range(4):
        train, test = folds != fold, folds == fold
        inverse = np.linalg.inv(whole[np.ix_(train, train)])
        root = (inverse @ values[train]).sum() / inverse.sum()
        said = root + whole[np.ix_(test, train)] @ inverse @ (values[train] - root)
        assert found.values[test] == pytest.approx(said, abs=1e-6)
