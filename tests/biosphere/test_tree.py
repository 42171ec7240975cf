"""The tree: birth and death, survivors, and the clades cut from it."""

import numpy as np
import pytest

from thuja.biosphere.tree import Tree


def colless(tree: Tree) -> int:
    """How lopsided a tree is: the sum over splits of the difference in tips between both sides."""
    sizes = {branch: len(tips) for branch, tips in tree.members().items()}
    children: dict[int, list[int]] = {}
    for branch, parent in enumerate(tree.parent.tolist()):
        children.setdefault(parent, []).append(branch)
    return sum(abs(sizes[pair[0]] - sizes[pair[1]]) for parent, pair in children.items() if parent >= 0)


def gamma(tree: Tree) -> float:
    """Where the splits lie: below 0 near the root, above 0 near the present (Pybus and Harvey 2000)."""
    splits = np.sort(np.unique(tree.birth[1:]))
    count = len(tree.tips)
    waits = np.diff(np.append(splits, 1.0)) * np.arange(2, count + 1)
    sums = np.cumsum(waits)
    return float((sums[:-1].mean() - sums[-1] / 2) / (sums[-1] * np.sqrt(1 / (12 * (count - 2)))))


@pytest.mark.parametrize(("extinction", "unevenness"), [(0.0, 0.0), (0.5, 0.2), (0.9, 0.5)])
@pytest.mark.parametrize("species", [1, 2, 3, 60])
def test_a_tree_is_binary_and_every_tip_reaches_the_present(species, extinction, unevenness):
    for seed in range(5):
        tree = Tree.grow(species, np.random.default_rng(seed), extinction=extinction, unevenness=unevenness)
        assert len(tree.tips) == species
        assert len(tree.parent) == 2 * species - 1
        np.testing.assert_allclose(tree.death[tree.tips], 1)
        assert (np.diff(tree.birth) >= 0).all(), "branches are numbered in order of birth"
        for branch, parent in enumerate(tree.parent[1:], start=1):
            assert tree.birth[branch] == pytest.approx(tree.death[parent])
            assert tree.death[branch] > tree.birth[branch]
        counts = np.bincount(tree.parent[1:], minlength=2 * species - 1)
        assert set(counts.tolist()) <= {0, 2}


def test_survivors_keep_their_splits_and_lose_dead_sisters():
    """Lineage 0 splits at 1 into 1 and 2; 1 splits at 2 into 3 and 4; 4 dies; 2 splits at 3 into 5 and 6."""
    splits = [(0, 1, 2, 1.0), (1, 3, 4, 2.0), (2, 5, 6, 3.0)]
    tree = Tree.of_survivors(splits, [3, 5, 6], 5.0)
    np.testing.assert_allclose(tree.birth, [0, 0, 0, 0.5, 0.5])
    np.testing.assert_allclose(tree.death, [0, 1, 0.5, 1, 1])
    assert tree.parent.tolist() == [-1, 0, 0, 2, 2]
    assert tree.tips.tolist() == [1, 3, 4]


def test_extinction_pulls_splits_towards_the_present():
    """Young lineages have not had the time to die: the pull of the present (Nee et al. 1994)."""
    gammas = {
        extinction: [gamma(Tree.grow(100, np.random.default_rng(s), extinction=extinction)) for s in range(30)]
        for extinction in (0.0, 0.8)
    }
    assert abs(np.mean(gammas[0.0])) < 0.6
    assert np.mean(gammas[0.8]) > np.mean(gammas[0.0]) + 1.0


def test_unequal_paces_make_clades_more_uneven():
    plain, uneven = (
        np.mean([colless(Tree.grow(100, np.random.default_rng(s), unevenness=unevenness)) for s in range(40)])
        for unevenness in (0.0, 0.6)
    )
    assert uneven > 1.2 * plain


def test_clades_are_nested_and_as_many_as_asked():
    tree = Tree.grow(50, np.random.default_rng(0), extinction=0.5, unevenness=0.3)
    finer = tree.clades(50)
    assert len(set(finer)) == 50
    for count in (20, 8, 3, 1):
        clades = tree.clades(count)
        assert len(set(clades)) == count
        for clade in set(finer):
            assert len(set(clades[finer == clade])) == 1
        finer = clades
