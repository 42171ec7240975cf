"""Which taxa a name means among others."""

import pytest

from thuja.errors import EmptyInput, UsageError
from thuja.labels import Taxa, find_clade
from thuja.taxonomy import Taxon

TAXA = [
    Taxon.from_names(names)
    for names in (
        ["Animalia", "Chordata", "Aves", "Passeriformes", "Muscicapidae", "Oenanthe", "oenanthe"],
        ["Animalia", "", "", "", "", "Oenanthe", "deserti"],  # a lineage with holes
        ["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corax"],
        ["Plantae", "Tracheophyta", "Magnoliopsida", "Apiales", "Apiaceae", "Oenanthe", "crocata"],
        ["Animalia", "Ctenophora", "Nuda", "", "", "Beroe", "ovata"],
        ["Animalia", "Arthropoda", "Insecta", "Diptera", "Limoniidae", "Ctenophora", "pectinicornis"],
    )
]


def found(name: str) -> list[str]:
    return [taxon.species for taxon, kept in zip(TAXA, find_clade(Taxa.of(TAXA), name)[0], strict=True) if kept]


@pytest.mark.parametrize(
    ("name", "species"),
    [
        ("Aves", ["oenanthe", "corax"]),
        (" Corvidae ", ["corax"]),
        ("kingdom Animalia genus Oenanthe", ["oenanthe", "deserti"]),
        ("Animalia Chordata", ["oenanthe", "corax"]),
        ("phylum Ctenophora", ["ovata"]),
        ("Beroe", ["ovata"]),
    ],
)
def test_a_word_or_a_lineage_takes_what_lies_below(name: str, species: list[str]) -> None:
    assert found(name) == species


def test_a_lineage_with_holes_is_no_other_taxon() -> None:
    taxa = Taxa.of([taxon for taxon in TAXA if taxon.kingdom == "Animalia"])
    mask, ancestor = find_clade(taxa, "Oenanthe")
    assert (mask.sum(), ancestor) == (2, Taxon(genus="Oenanthe"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "Oenanthe",
            '"Oenanthe" means several taxa: Animalia Chordata Aves Passeriformes Muscicapidae Oenanthe and Plantae',
        ),
        ("Ctenophora", '"Ctenophora" is a name at several ranks: phylum and genus'),
    ],
)
def test_a_word_of_several_taxa_is_refused_with_words_that_mean_one(name: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        found(name)
    assert caught.value.message.startswith(said)
    hinted = caught.value.hint.split('"')[1]
    assert 0 < len(found(hinted)) < len(TAXA)


@pytest.mark.parametrize("name", ["Nobody", "corax", "genus Nobody", "kingdom", "", "  "])
def test_nothing_within_is_refused(name: str) -> None:
    with pytest.raises(EmptyInput, match="no taxon among the labels lies within"):
        found(name)


def test_a_word_in_small_letters_is_told_apart_from_none() -> None:
    with pytest.raises(EmptyInput) as caught:
        found("aves")
    assert caught.value.hint.startswith("did you mean Aves? ")


@pytest.mark.parametrize(
    ("name", "meant"), [("Avess", "Aves"), ("passeriforms", "Passeriformes"), ("Corvux", "Corvus")]
)
def test_a_misspelt_word_is_answered_with_the_nearest_name(name: str, meant: str) -> None:
    """The hint said how names are written, and not which one was nearly hit."""
    with pytest.raises(EmptyInput) as caught:
        found(name)
    assert caught.value.hint.startswith(f"did you mean {meant}? ")


def test_nothing_is_meant_by_a_word_that_is_far_from_all() -> None:
    with pytest.raises(EmptyInput) as caught:
        found("birds")
    assert caught.value.hint.startswith("one scientific name of genus or above")
