"""The true taxa of labelled tables, in the lineages of a label space."""

import numpy as np
import pyarrow as pa
import pytest

from thuja.classify import Tree
from thuja.errors import UsageError
from thuja.labels import LabelSpace
from thuja.predict.true_names import TrueNames, true_names
from thuja.taxonomy import RANKS, Rank, Taxon

BIRDS = ["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae"]
TAXA = [
    Taxon.from_names([*BIRDS, "Corvus", "corax"], "raven"),
    Taxon.from_names([*BIRDS, "Corvus", "corone"]),
    Taxon.from_names([*BIRDS, "Pica", "pica"]),
    Taxon.from_names(["Plantae", "", "", "Fabales", "Fabaceae", "Pica", "falsa"]),
]
TREE = Tree.of(LabelSpace(texts=list("abcd"), vectors=np.eye(4, dtype=np.float32), model="m", taxa=TAXA))


def told(**columns):
    return true_names(pa.table(columns), TREE)


def test_a_name_alone_finds_its_label() -> None:
    found = told(scientific_name=["Corvus corax", "  Pica   pica ", None])
    assert found.taxa == (TAXA[0], TAXA[2], Taxon())
    assert found.unknown == ()


@pytest.mark.parametrize(
    "columns",
    [
        {"species": ["Corvus corax"]},
        {"genus": ["Corvus"], "species": ["corax"]},
        {"Genus": ["Corvus"], "Species": ["Corvus corax"]},
        {"family": ["Corvidae"], "taxon": ["Corvus corax"]},
        {rank.label: [TAXA[0][rank]] for rank in RANKS},
    ],
)
def test_every_way_to_write_a_species_is_the_labels_own_lineage(columns) -> None:
    assert told(**columns).taxa == (TAXA[0],)


def test_a_name_that_two_taxa_bear_is_told_by_what_else_the_row_says() -> None:
    found = told(kingdom=["Plantae", "Animalia"], genus=["Pica", "Pica"])
    assert found.taxa == (TAXA[3].at(Rank.GENUS), TAXA[2].at(Rank.GENUS))


@pytest.fixture(scope="module")
def strangers() -> TrueNames:
    return told(scientific_name=["Corvus frugilegus", "Turdus merula", "Nosuch thingus", "Corvus corax"])


def test_a_species_that_is_no_label_hangs_below_the_labels_genus_or_order(strangers) -> None:
    assert strangers.taxa[0] == Taxon.from_names([*BIRDS, "Corvus", "frugilegus"])
    assert strangers.taxa[1].names[:4] == tuple(BIRDS[:4])
    assert strangers.taxa[1].binomial == "Turdus merula"


def test_a_name_that_nobody_knows_is_told(strangers) -> None:
    assert strangers.unknown == ("Nosuch thingus",)
    assert strangers.taxa[2:] == (Taxon(), TAXA[0])


def test_a_table_that_names_no_taxa_is_refused() -> None:
    with pytest.raises(UsageError, match="names no taxa"):
        told(file=["a.jpg"])
