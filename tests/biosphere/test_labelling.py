"""Labels part from the phylogeny for the share of species that was asked."""

import numpy as np
import pytest

from thuja.biosphere.config import WorldConfig
from thuja.biosphere.labelling import Labelling
from thuja.biosphere.tree import Tree
from thuja.taxonomy import Rank

GROUPS = WorldConfig().groups


def labelled(seed: int, share: float) -> tuple[Tree, np.ndarray, Labelling]:
    tree = Tree.grow(200, np.random.default_rng(seed), extinction=0.5, unevenness=0.2)
    clades = np.stack([tree.clades(count) for count in GROUPS])
    return tree, clades, Labelling.of(clades, tree, share, np.random.default_rng([seed, 1]))


@pytest.mark.parametrize("seed", range(5))
def test_no_share_leaves_every_label_where_its_clade_is(seed):
    _, clades, labelling = labelled(seed, 0.0)
    np.testing.assert_array_equal(labelling.groups, clades)
    assert set(labelling.reasons) == {""}


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("seed", range(5))
def test_as_many_species_part_from_the_tree_as_were_asked(seed, share):
    _, clades, labelling = labelled(seed, share)
    reasons = np.array(labelling.reasons)
    assert (reasons != "").sum() == round(share * 200)
    differs = (labelling.groups != clades).any(axis=0)
    assert differs.sum() == round(share * 200)
    np.testing.assert_array_equal(differs, reasons != "")
    assert 0 < (reasons == "split").sum() <= round(share * 200) // 2


@pytest.mark.parametrize("seed", range(5))
def test_each_group_stands_in_one_group_of_the_rank_above(seed):
    _, _, labelling = labelled(seed, 0.1)
    for rank in range(1, 6):
        pairs = {(int(a), int(b)) for a, b in zip(labelling.groups[rank], labelling.groups[rank - 1], strict=True)}
        assert len(pairs) == len({below for below, _ in pairs})


@pytest.mark.parametrize("seed", range(5))
def test_a_misplaced_species_stands_in_a_family_of_strangers(seed):
    _, clades, labelling = labelled(seed, 0.1)
    for species in np.flatnonzero(np.array(labelling.reasons) == "misplaced"):
        assert labelling.groups[Rank.FAMILY, species] != clades[Rank.FAMILY, species]
        assert labelling.groups[Rank.ORDER, species] == clades[Rank.ORDER, species]


@pytest.mark.parametrize("seed", range(5))
def test_a_split_leaves_a_group_that_is_no_clade(seed):
    """What a split takes out is a clade; the rest of its genus or family does not hold all that its ancestor led to."""
    tree, clades, labelling = labelled(seed, 0.1)
    found = 0
    for rank in (Rank.GENUS, Rank.FAMILY):
        new = np.unique(labelling.groups[rank][labelling.groups[rank] > clades[rank].max()])
        for group in new:
            inside = set(np.flatnonzero(labelling.groups[rank] == group).tolist())
            assert any(set(tips) == inside for tips in tree.members().values()), "a new group is a clade"
            home = clades[rank, next(iter(inside))]
            rest = {s for s in np.flatnonzero(clades[rank] == home).tolist() if not labelling.reasons[s]}
            assert rest
            smallest = min((set(tips) for tips in tree.members().values() if rest <= set(tips)), key=len)
            assert len(rest) == 1 or smallest & inside or rank == Rank.FAMILY
            found += 1
    assert found > 0
