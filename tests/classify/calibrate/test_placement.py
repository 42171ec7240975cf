"""Where true taxa stand among the clades of labels."""

import numpy as np
from tests.classify.making import random_taxa, space, units

from thuja.classify.calibrate.placement import label_rank, places_of
from thuja.classify.clades import Tree
from thuja.taxonomy import RANKS, Rank, Taxon


def bird(genus: str, species: str = "", family: str = "Corvidae") -> Taxon:
    return Taxon.from_names(["Animalia", "Chordata", "Aves", "Passeriformes", family, genus, species])


LABELS = [bird("Corvus", "corax"), bird("Corvus", "corone"), bird("Pica", "pica")]
TREE = Tree.of(space(units(np.random.default_rng(0), 3), LABELS))


def test_a_truth_among_the_labels_stands_at_its_own_clade_of_every_rank() -> None:
    generator = np.random.default_rng(1)
    taxa = random_taxa(generator, 60)
    tree = Tree.of(space(units(generator, 60), taxa))
    places = places_of(taxa, tree)
    for taxon, stands in zip(taxa, places.at_rank.tolist(), strict=True):
        for rank in RANKS:
            if taxon.rank is not None and rank <= taxon.rank:
                assert tree.taxa[rank][stands[rank]] == taxon.at(rank)
            else:
                assert stands[rank] == -1
    assert not places.is_outside.any()


def test_a_truth_outside_the_labels_stands_down_to_its_deepest_clade_inside() -> None:
    truths = [bird("Corvus", "frugilegus"), bird("Garrulus", "glandarius"), bird("Turdus", "merula", "Turdidae")]
    places = places_of([*truths, bird("Corvus"), Taxon(kingdom="Fungi"), Taxon()], TREE)
    assert places.deepest.tolist() == [Rank.GENUS, Rank.FAMILY, Rank.ORDER, Rank.GENUS, -1, -1]
    assert places.is_outside.tolist() == [True, True, True, False, True, False]
    assert TREE.taxa[Rank.GENUS][places.at_rank[0, Rank.GENUS]].genus == "Corvus"
    assert places.among(np.array([3])).deepest.tolist() == [Rank.GENUS]


def test_the_labels_rank_is_that_of_most_of_them() -> None:
    assert label_rank(TREE) == Rank.SPECIES
    genera = [bird("Corvus"), bird("Pica"), bird("Turdus", "merula", "Turdidae")]
    assert label_rank(Tree.of(space(units(np.random.default_rng(0), 3), genera))) == Rank.GENUS
