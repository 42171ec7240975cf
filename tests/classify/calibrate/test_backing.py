"""The path of best taxa, and how deep it is trusted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.classify.making import random_taxa, space, units

from thuja.classify import marginals, roll_up, zero_shot
from thuja.classify.calibrate.backing import Paths, paths_of, settled_ranks
from thuja.classify.clades import Tree
from thuja.taxonomy import RANKS, Rank, Taxon


def written_out(posterior, taxa_at, row):
    """Down from the best kingdom, each time to the best taxon within, of the whole posterior."""
    path, above = [], Taxon()
    for rank in RANKS:
        within = [i for i, taxon in enumerate(taxa_at[rank]) if rank == 0 or taxon.at(Rank(rank - 1)) == above]
        best = max(within, key=lambda index: (posterior[rank][row, index], -index))
        path.append(best)
        above = taxa_at[rank][best]
    return path


@settings(max_examples=25)
@given(st.integers(0, 1000), st.sampled_from([1.0, 8.0]))
def test_a_path_is_the_walk_down_the_whole_posterior(seed, scale) -> None:
    generator = np.random.default_rng(seed)
    labels = space(units(generator, 30), random_taxa(generator, 30))
    tree, vectors = Tree.of(labels), units(generator, 5)
    block = next(marginals(vectors, labels, scale=scale, k=30, tree=tree))
    paths = paths_of(block, tree)
    flat = zero_shot(vectors, labels, scale=scale)
    rolled = {rank: roll_up(flat, labels, rank) for rank in RANKS}
    for row in range(5):
        path = written_out(
            {rank: sums for rank, (sums, _) in rolled.items()}, {r: t for r, (_, t) in rolled.items()}, row
        )
        told = [rolled[rank][0][row, index] for rank, index in enumerate(path)]
        assert paths.probabilities[row] == pytest.approx(told, abs=2e-6)
        assert (np.diff(paths.probabilities[row]) <= 0).all()
        for rank in RANKS[1:]:  # each within the one before it
            above = tree.taxa[Rank(rank - 1)][paths.indices[row, rank - 1]]
            assert tree.taxa[rank][paths.indices[row, rank]].at(Rank(rank - 1)) == above


@given(st.integers(0, 1000))
def test_above_one_half_a_path_is_the_best_taxon_of_every_rank(seed) -> None:
    generator = np.random.default_rng(seed)
    labels = space(units(generator, 40), random_taxa(generator, 40))
    tree = Tree.of(labels)
    block = next(marginals(units(generator, 20), labels, scale=6.0, k=5, tree=tree))
    paths = paths_of(block, tree)
    for rank in RANKS:
        sure = block.clades[rank].scores[:, 0] > 0.5 + 1e-6
        assert (paths.indices[sure, rank] == block.clades[rank].indices[sure, 0]).all()


def test_a_path_ends_at_a_genus_that_holds_none_of_the_best_species_at_hand() -> None:
    """Nine species of one genus, each less likely than the lone one of another, together more."""
    taxa = [Taxon.from_names([*"kpcof", "Great", f"s{n}"]) for n in range(9)] + [
        Taxon.from_names([*"kpcof", "Lone", "s"])
    ]
    cosines = np.array([*[0.7] * 9, 0.8])
    vectors = np.stack([cosines, np.sqrt(1 - cosines**2)], axis=1).astype(np.float32)
    labels = space(vectors, taxa)
    tree = Tree.of(labels)
    image = np.array([[1.0, 0.0]], dtype=np.float32)
    short = paths_of(next(marginals(image, labels, scale=10.0, k=1, tree=tree)), tree)
    assert tree.taxa[Rank.GENUS][short.indices[0, Rank.GENUS]].genus == "Great"
    assert short.indices[0, Rank.SPECIES] == -1
    assert short.probabilities[0, Rank.SPECIES] == 0
    whole = paths_of(next(marginals(image, labels, scale=10.0, k=10, tree=tree)), tree)
    assert tree.taxa[Rank.SPECIES][whole.indices[0, Rank.SPECIES]].genus == "Great"


def test_what_is_settled_is_the_deepest_named_taxon_that_reaches_the_confidence() -> None:
    """The order has no name: at 0.7 the class is said, not an order without a name."""
    tree = Tree.of(space(units(np.random.default_rng(0), 1), [Taxon.from_names(["k", "p", "c", "", "f", "g", "s"])]))
    paths = Paths(indices=np.zeros((1, 7), dtype=np.int64), probabilities=np.zeros((1, 7), dtype=np.float32))
    told = np.array([[0.99, 0.95, 0.9, 0.8, 0.6, 0.5, 0.1]])
    for confidence, rank in ((0.999, -1), (0.99, 0), (0.92, 1), (0.7, 2), (0.55, 4), (0.05, 6)):
        assert settled_ranks(paths, told, tree, confidence=confidence).tolist() == [rank]
