"""Triples on which two trees part: whose share it is, and what a redraw of clades makes of it."""

import numpy as np
import pytest

from thuja.analyze.tree import Redraws
from thuja.analyze.tree.two_trees import Parted
from thuja.taxonomy import Rank


def _parted() -> Parted:
    generator = np.random.default_rng(0)
    triples = np.array([generator.permutation(9)[:3] for _ in range(40)]).T
    return Parted(anchor=triples[0], taxonomic=triples[1], true=triples[2])


def test_a_unit_moves_the_share_by_every_triple_that_it_has_a_part_in() -> None:
    """Anchors alone were redrawn once, and intervals of spaces that know neither tree missed a half in 8 of 60."""
    parted, numbers, step = _parted(), np.repeat(np.arange(3), 3), 1e-6
    values = np.random.default_rng(1).integers(0, 3, 40) / 2
    redraws = Redraws(rank=Rank.FAMILY, numbers=numbers, draws=np.array([[2, 1, 0], [1, 1, 1]]))
    units = [set(numbers[list(one)]) for one in zip(parted.anchor, parted.taxonomic, parted.true, strict=True)]

    def share(weights: np.ndarray) -> float:
        products = np.array([np.prod(weights[list(one)]) for one in units])
        return float(products @ values / products.sum())

    slopes = [(share(np.ones(3) + step * np.eye(3)[unit]) - values.mean()) / step for unit in range(3)]
    found = parted.redrawn(values, redraws)
    assert found[0] == found[2] == pytest.approx(values.mean())
    assert found[1] == pytest.approx(values.mean() + slopes[0] - slopes[2], abs=1e-4)


def test_a_space_follows_the_phylogeny_where_its_kin_are_nearer() -> None:
    parted = Parted(anchor=np.array([0, 0, 0]), taxonomic=np.array([1, 2, 1]), true=np.array([2, 1, 3]))
    distances = np.array([[0, 3, 1, 3], [3, 0, 2, 2], [1, 2, 0, 2], [3, 2, 2, 0]], dtype=float)
    assert parted.follows_truth(distances).tolist() == [1.0, 0.0, 0.5]
