"""Clades of a taxonomy in a built tree: all of the true ones, none of shuffled ones, against plain sets."""

import numpy as np
import pytest
from tests.analyze.tree.making import drifted, grown

from thuja.analyze.tree import Clades, find_clades, grow, pairwise_distances, robinson_foulds, shuffle_labels
from thuja.biosphere.phylogeny import covariance, patristic
from thuja.taxonomy import Rank, Taxon


def test_the_tree_of_exact_distances_has_every_clade():
    tree, taxa = grown(60)
    clades = Clades.of(taxa)
    found = find_clades(grow(patristic(covariance(tree))), clades.members)
    assert found.is_found.all()
    assert (found.best == 1).all()
    split = robinson_foulds(clades, found)
    assert (split.missed, split.normalised) == (0, split.least)
    assert split.distance == split.built - split.reference


def test_drift_in_many_dimensions_gives_nearly_the_true_tree():
    tree, taxa = grown(60)
    clades = Clades.of(taxa)
    near = pairwise_distances(drifted(tree, np.random.default_rng(0), width=4000))
    found = find_clades(grow(near), clades.members)
    assert found.is_found.mean() > 0.9
    assert robinson_foulds(clades, found).missed < 0.1


def test_clades_are_found_as_plain_sets_say():
    generator = np.random.default_rng(0)
    _, taxa = grown(14, groups=(2, 2, 3, 4, 6, 9))
    clades = Clades.of(taxa)
    tree = grow(pairwise_distances(generator.normal(size=(14, 2))))
    nodes = [{leaf} for leaf in range(14)]
    for left, right, _, _ in tree:
        nodes.append(nodes[int(left)] | nodes[int(right)])
    found = find_clades(tree, clades.members)
    for column in range(len(clades.taxa)):
        own = set(np.flatnonzero(clades.members[:, column]).tolist())
        assert found.is_found[column] == (own in nodes)
        assert found.is_split[column] == (own in nodes or set(range(14)) - own in nodes)
        assert found.best[column] == pytest.approx(max(len(own & node) / len(own | node) for node in nodes[:-1]))


def test_labels_permuted_find_few_clades_and_the_true_tree_more():
    tree, taxa = grown(60)
    clades = Clades.of(taxa)
    built = grow(patristic(covariance(tree)))
    shuffled = shuffle_labels(built, clades, np.random.default_rng(0), shuffles=40)
    assert shuffled.found.mean() < 0.05
    assert shuffled.p_value(1.0) == 1 / 41
    assert shuffled.p_value(0.0) == 1


def test_the_p_of_clades_is_uniform_on_noise():
    generator = np.random.default_rng(0)
    _, taxa = grown(12, groups=(1, 2, 2, 3, 4, 6))
    clades = Clades.of(taxa)
    found = []
    for _ in range(200):
        built = grow(pairwise_distances(generator.normal(size=(12, 4))))
        value = float(find_clades(built, clades.members).best.mean())
        found.append(shuffle_labels(built, clades, generator, shuffles=19).p_value(value))
    # 20 values are possible, each as likely; equal means make p a little too large, never too small.
    assert 0.02 <= np.mean(np.array(found) <= 0.05) <= 0.09
    assert 0.45 <= np.mean(found) <= 0.6


def test_clades_of_one_or_of_all_species_are_no_clades():
    taxa = [Taxon(kingdom="K", genus="a", species="x"), Taxon(kingdom="K", genus="a", species="y"),
            Taxon(kingdom="K", genus="b", species="z")]  # fmt: skip
    clades = Clades.of(taxa)
    assert [(taxon.genus, rank) for taxon, rank in zip(clades.taxa, clades.ranks, strict=True)] == [("a", Rank.GENUS)]
    assert clades.distinct.tolist() == [], "with three leaves no split says anything"


def test_a_clade_and_all_the_rest_are_one_split():
    taxa = [Taxon(kingdom=kingdom, genus=kingdom + genus, species=kingdom + genus + species)
            for kingdom in "AB" for genus in "x" for species in "12"]  # fmt: skip
    clades = Clades.of(taxa)
    assert len(clades.taxa) == 4  # two kingdoms, two genera, all the same split
    assert len(clades.distinct) == 1
