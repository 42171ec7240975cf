"""Sets of subtrees against every antichain there is, and the claims that make their prices a conformity score."""

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.classify.making import random_taxa, space, units

from thuja.classify import marginals
from thuja.classify.calibrate.placement import places_of
from thuja.classify.calibrate.subtrees import (
    Subtree,
    candidates_of,
    covering_prices,
    covers_wholly,
    jitter,
    subtrees_at,
    told_as,
    touches,
)
from thuja.classify.clades import Tree
from thuja.errors import ThujaError
from thuja.taxonomy import RANKS, Rank, Taxon


def looked(seed: int, count: int, *, images: int = 4, names: int = 2, scale: float = 6.0):
    generator = np.random.default_rng(seed)
    labels = space(units(generator, count), random_taxa(generator, count, names=names))
    tree = Tree.of(labels)
    block = next(marginals(units(generator, images), labels, scale=scale, k=min(32, count), tree=tree))
    return tree, block


def labels_in(tree: Tree, subtrees: list[Subtree]) -> set[int]:
    return {
        label
        for subtree in subtrees
        for label in range(tree.edges[subtree.rank][subtree.index], tree.edges[subtree.rank][subtree.index + 1])
    }


def best_worth(tree: Tree, candidates, row: int, price: float) -> float:
    """The most that any set of disjoint candidates is worth, by trying them all."""
    spans = {}
    for rank, nodes in candidates.items():
        for column, index in enumerate(nodes.indices[row].tolist()):
            if index >= 0:
                span = (int(tree.edges[rank][index]), int(tree.edges[rank][index + 1]))
                spans[span] = max(
                    spans.get(span, -np.inf), nodes.masses[row, column] - price * nodes.costs[row, column]
                )
    worth = list(spans.items())
    sets = chain.from_iterable(combinations(worth, size) for size in range(4))
    disjoint = (one for one in sets if all(a[1] <= b[0] or b[1] <= a[0] for (a, _), (b, _) in combinations(one, 2)))
    return max(sum(value for _, value in one) for one in disjoint)


@given(st.integers(0, 300), st.floats(0.001, 0.6))
def test_a_set_is_worth_as_much_as_the_best_of_all_sets_of_disjoint_clades(seed, price) -> None:
    tree, block = looked(seed, 3, images=2)
    candidates = candidates_of(block, tree)
    for row, subtrees in enumerate(subtrees_at(candidates, np.full(2, price), tree)):
        held = sorted(labels_in(tree, subtrees))
        assert len(held) == sum(tree.sizes(one.rank)[one.index] for one in subtrees), "clades of a set overlap"
        worth = sum(one.mass - price * np.sqrt(tree.sizes(one.rank)[one.index]) for one in subtrees)
        assert worth == pytest.approx(best_worth(tree, candidates, row, price), abs=1e-5)


@settings(max_examples=25)
@given(st.integers(0, 300), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.5, 6.0, 40.0]))
def test_what_is_covered_only_grows_as_the_price_falls(seed, power, scale) -> None:
    """At a scale of 40 sums of float32 let clades fall behind their children, and a cheaper set covered less."""
    tree, block = looked(seed, 60, names=3, scale=scale)
    candidates = candidates_of(block, tree, power=power)
    before: list[set[int]] = [set() for _ in range(4)]
    for price in np.geomspace(1, 1e-9, 40):
        held = [labels_in(tree, subtrees) for subtrees in subtrees_at(candidates, np.full(4, price), tree)]
        for smaller, larger in zip(before, held, strict=True):
            assert smaller <= larger
        before = held
    free = subtrees_at(candidates, np.zeros(4), tree)
    assert all(len(labels_in(tree, subtrees)) == 60 for subtrees in free)


@settings(max_examples=25)
@given(st.integers(0, 300))
def test_a_covering_price_is_the_greatest_at_which_the_truth_is_in_the_set(seed) -> None:
    tree, block = looked(seed, 50, images=6, names=3)
    truth = np.random.default_rng(seed).integers(0, len(tree), 6)
    taxa = [tree.taxa[Rank.SPECIES][np.searchsorted(tree.edges[Rank.SPECIES], label, "right") - 1] for label in truth]
    places, candidates = places_of(taxa, tree), candidates_of(block, tree)
    prices = covering_prices(candidates, places)
    assert (prices > 0).all()
    for factor, expected in ((1 - 1e-6, True), (1 + 1e-6, False)):
        sets = subtrees_at(candidates, prices * factor, tree)
        for place, price, subtrees in zip(places.at_rank, prices, sets, strict=True):
            if price * factor < 1:
                assert covers_wholly(subtrees, place, tree) is expected


def test_a_clade_with_one_species_is_told_as_that_species() -> None:
    taxa = [Taxon.from_names([*"kpcof", "g", "s"]), Taxon.from_names([*"kpco", "f2", "g2", "s2"])]
    tree = Tree.of(space(units(np.random.default_rng(0), 2), taxa))
    assert told_as(tree, Rank.FAMILY, 0) == (Rank.SPECIES, 0)
    assert told_as(tree, Rank.KINGDOM, 0) == (Rank.ORDER, 0)
    block = next(
        marginals(units(np.random.default_rng(1), 1), space(units(np.random.default_rng(0), 2), taxa), scale=1, k=2)
    )
    (subtrees,) = subtrees_at(candidates_of(block, tree), np.array([1e-9]), tree)
    assert [(one.rank, one.index) for one in subtrees] == [(Rank.ORDER, 0)]
    assert subtrees[0].mass == pytest.approx(1)


def test_a_truth_outside_the_labels_is_covered_only_by_its_whole_clade() -> None:
    """A wrong species of the right genus touches the genus, and does not hold it."""
    taxa = [Taxon.from_names([*"kpcof", "g", name]) for name in "ab"] + [Taxon.from_names([*"kpcof", "h", "c"])]
    tree = Tree.of(space(units(np.random.default_rng(0), 3), taxa))
    place = places_of([Taxon.from_names([*"kpcof", "g", "stranger"])], tree).at_rank[0]
    species, genus, family = (
        Subtree(rank=Rank.SPECIES, index=0, mass=1),
        *(Subtree(rank=rank, index=0, mass=1) for rank in (Rank.GENUS, Rank.FAMILY)),
    )
    assert [covers_wholly([one], place, tree) for one in (species, genus, family)] == [False, True, True]
    assert touches([species], place, tree)
    assert not touches([Subtree(rank=Rank.SPECIES, index=2, mass=1)], place, tree)
    assert not touches([family], np.full(7, -1), tree)


def test_fewer_best_taxa_than_the_calibration_had_are_refused() -> None:
    generator = np.random.default_rng(0)
    labels = space(units(generator, 40), random_taxa(generator, 40, names=9))
    block = next(marginals(units(generator, 2), labels, scale=5.0, k=5))
    with pytest.raises(ThujaError, match="need the 32 best taxa of each rank, got 5"):
        candidates_of(block, Tree.of(labels))


def test_candidates_are_the_best_taxa_and_all_above_them() -> None:
    tree, block = looked(3, 200, names=4, images=5)
    candidates = candidates_of(block, tree)
    for row in range(5):
        for rank in RANKS[1:]:
            nodes, above = candidates[rank], candidates[Rank(rank - 1)]
            assert set(block.clades[rank].indices[row].tolist()) <= set(nodes.indices[row].tolist())
            for index, parent in zip(nodes.indices[row].tolist(), nodes.parents[row].tolist(), strict=True):
                if index >= 0:
                    taxon = tree.taxa[rank][index]
                    assert tree.taxa[Rank(rank - 1)][above.indices[row, parent]] == taxon.at(Rank(rank - 1))


def test_jitter_hangs_on_the_image_alone_and_parts_equal_scores() -> None:
    _, block = looked(0, 50, images=500)
    factors = jitter(block)
    assert (factors == jitter(block)).all()
    assert factors.min() >= 1
    assert factors.max() <= 1 + 1e-5
    assert len(np.unique(factors)) > 450
