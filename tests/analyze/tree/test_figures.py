"""Figures of few and of many leaves: what is drawn, by which rank, and how tangled."""

import numpy as np
import pytest
from tests.analyze.tree.making import drifted, grown, space_of

from thuja.analyze.tree import Metric, TreeSettings
from thuja.analyze.tree.figures import distance_figure, tanglegram
from thuja.analyze.tree.kin import Kin, Side
from thuja.taxonomy import Taxon

SETTINGS = TreeSettings(replicates=10)


def seen(species):
    generator = np.random.default_rng(0)
    tree, taxa = grown(species, groups=tuple(min(count, species) for count in (2, 3, 5, 9, 18, 36)))
    space = space_of(drifted(tree, generator), taxa, generator, images=1)
    kin = Kin.of(space, generator, SETTINGS)
    return kin, Side.of_images("a model", space.vectors, kin=kin, metric=Metric.COSINE)


@pytest.mark.parametrize(
    ("species", "most", "each"), [(4, 60, "4 leaves, each a species"), (60, 20, "18 leaves, each one family")]
)
def test_leaves_are_species_or_else_the_clades_that_fit(species, most, each):
    kin, side = seen(species)
    figure = tanglegram(kin, side, "t", metric=Metric.COSINE, most=most)
    assert each in figure.caption
    assert figure.drawing.count("a model") == 1
    for taxon in kin.taxa if species == 4 else ():
        assert figure.drawing.count(f">{taxon.scientific_name}<") == 2, "a name on each side"


def test_where_the_rank_above_says_nothing_the_largest_clades_are_shown():
    generator = np.random.default_rng(0)
    taxa = [
        Taxon(family="ab"[genus % 2], genus=f"g{genus}", species=f"s{number}")
        for genus in range(20)
        for number in range(1 + (genus < 5))
    ]
    space = space_of(generator.normal(size=(25, 8)), taxa, generator, images=1)
    kin = Kin.of(space, generator, SETTINGS)
    side = Side.of_images("a model", space.vectors, kin=kin, metric=Metric.COSINE)
    figure = tanglegram(kin, side, "t", metric=Metric.COSINE, most=5)
    assert "5 leaves, each one genus" in figure.caption
    assert all(f">g{genus}<" in figure.drawing for genus in range(5))


def test_boxes_are_drawn_for_each_rank_at_which_pairs_meet():
    kin, side = seen(20)
    figure = distance_figure(kin, [side, side], "d")
    for depth in np.unique(kin.depths[np.triu_indices(20, 1)]):
        name = ["none (root)", "kingdom", "phylum", "class", "order", "family", "genus"][depth]
        assert f">{name}<" in figure.drawing
