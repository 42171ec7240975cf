"""The candidates at each rank, and which of them are open once their ancestor is chosen."""

import numpy as np
import pytest
from tests.evaluate.hierarchical.worlds import ladder_of, lineage, space

from thuja.errors import EmptyInput, ThujaError
from thuja.evaluate.hierarchical import Ladder
from thuja.taxonomy import Rank, Taxon

SPECIES = [lineage("K P C - F G a"), lineage("K P C O H J b"), lineage("K P C O H J c"), lineage("K P C O H L d")]


def test_a_ladder_has_the_named_clades_of_its_species_and_their_sizes():
    ladder = ladder_of(SPECIES)
    names = {rank: [taxon[rank] for taxon in ladder.texts[rank].taxa] for rank in ladder.ranks}
    assert names[Rank.ORDER] == ["O"]
    assert names[Rank.FAMILY] == ["F", "H"]
    assert names[Rank.GENUS] == ["G", "J", "L"]
    assert ladder.sizes(Rank.ORDER).tolist() == [3]
    assert ladder.sizes(Rank.GENUS).tolist() == [1, 2, 1]


def test_a_rank_at_which_no_species_has_a_name_is_absent():
    ladder = ladder_of([lineage("K - - - F G a"), lineage("K - - - F G b")])
    assert ladder.ranks == (Rank.KINGDOM, Rank.FAMILY, Rank.GENUS, Rank.SPECIES)


def test_taxa_have_places_only_where_they_are_candidates():
    ladder = ladder_of(SPECIES)
    places = ladder.places(
        [SPECIES[1], lineage("K P C O H J new"), lineage("K P C O H"), Taxon(), lineage("X P C O H J b")]
    )
    assert places[:, Rank.GENUS].tolist() == [1, 1, -1, -1, -1]
    assert places[:, Rank.FAMILY].tolist() == [1, 1, 1, -1, -1]
    assert places[:, Rank.SPECIES].tolist()[1:] == [-1, -1, -1, -1]


def test_siblings_hang_on_the_nearest_ancestor_that_has_a_name():
    groups = {(group.above, group.parent): group.members.tolist() for group in ladder_of(SPECIES).siblings(Rank.FAMILY)}
    assert groups == {(Rank.CLASS, 0): [0], (Rank.ORDER, 0): [1]}
    roots = ladder_of(SPECIES).siblings(Rank.KINGDOM)
    assert [(root.above, root.parent, root.members.tolist()) for root in roots] == [(None, -1, [0])]


def test_labels_of_other_taxa_are_refused():
    ladder = ladder_of(SPECIES)
    fewer = ladder.texts[Rank.GENUS].subset([0, 1])
    with pytest.raises(ThujaError, match="rank genus are 2 taxa, not the 3"):
        Ladder(texts={**ladder.texts, Rank.GENUS: fewer})
    genera = [taxon.at(Rank.GENUS) for taxon in SPECIES]
    with pytest.raises(EmptyInput, match="no species"):
        Ladder.build(genera, lambda taxa: space(taxa, np.zeros((len(taxa), 2), np.float32)))
