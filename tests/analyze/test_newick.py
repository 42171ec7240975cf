from pathlib import Path

import numpy as np
import pytest

from thuja.analyze.newick import read_phylogeny
from thuja.biosphere import World, WorldConfig
from thuja.biosphere.phylogeny import covariance
from thuja.biosphere.tables import newick
from thuja.errors import BadFile, UsageError
from thuja.taxonomy import Taxon

TAXA = [Taxon(genus="Aa", species=name) for name in ("one", "two", "three", "four")]


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tree.nwk"
    path.write_text(text)
    return path


def test_species_share_the_time_before_they_parted(tmp_path: Path) -> None:
    path = written(tmp_path, "(((Aa_one:1,Aa_two:1):2,'Aa three':3):1,(Aa_four:3,Bb_other:3):1);")
    found = read_phylogeny(path, TAXA)
    order = [found.taxa.index(taxon) for taxon in TAXA]
    expected = [[4, 3, 1, 0], [3, 4, 1, 0], [1, 1, 4, 0], [0, 0, 0, 4]]
    np.testing.assert_allclose(found.covariance[np.ix_(order, order)], expected)
    np.testing.assert_allclose(found.distances[np.ix_(order, order)], 8 - 2 * np.array(expected))


def test_a_worlds_tree_is_read_as_the_world_knows_it(tmp_path: Path) -> None:
    world = World.make(WorldConfig(species=30, images=1))
    taxa = [species.taxon for species in world.species]
    found = read_phylogeny(written(tmp_path, newick(world)), taxa)
    order = [found.taxa.index(taxon) for taxon in taxa]
    np.testing.assert_allclose(found.covariance[np.ix_(order, order)], covariance(world.tree), atol=2e-5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("((Aa_one:1,Aa_two:1", "is not a tree in Newick's format"),
        ("(Aa_one,Aa_two,Aa_three);", "has no branch lengths"),
        ("(Aa_one:1,Aa_two:2,Aa_three:1);", "and not of one age"),
        ("((Aa_one:1,Aa_one:1):1,Aa_two:2,Aa_three:2);", "is not a tree in Newick's format|a species at two tips"),
    ],
)
def test_what_is_no_tree_of_time_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadFile, match=said):
        read_phylogeny(written(tmp_path, text), TAXA)


def test_a_tree_of_other_species_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has 1 of 4 species"):
        read_phylogeny(written(tmp_path, "(Aa_one:1,Bb_two:1);"), TAXA)
