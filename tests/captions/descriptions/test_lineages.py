"""Whether a page is about a taxon is told by the lineage of its box."""

import pytest

from thuja.captions.descriptions.lineages import Verdict, bears_name, compare, names_ancestor
from thuja.captions.descriptions.wikitext.kinds import TaxonomyStep
from thuja.captions.descriptions.wikitext.taxobox import Taxobox
from thuja.taxonomy import Taxon

WHEATEAR = Taxon.from_lineage("Animalia Chordata Aves Passeriformes Muscicapidae Oenanthe oenanthe")


def box(lineage: str, **fields: object) -> Taxobox:
    return Taxobox(kind="taxobox", taxon=Taxon.from_lineage(lineage), **fields)  # type: ignore[arg-type]


def chain(*steps: str) -> list[TaxonomyStep]:
    return [TaxonomyStep(name=name, rank=rank, parent="x") for rank, name in (step.split() for step in steps)]


@pytest.mark.parametrize(
    ("theirs", "verdict"),
    [
        ("Animalia Chordata Aves Passeriformes Muscicapidae Oenanthe oenanthe", Verdict.SAME),
        ("Animalia Chordata Aves Passeriformes Turdidae Oenanthe oenanthe", Verdict.SAME),
        ("kingdom Plantae family Apiaceae genus Oenanthe", Verdict.OTHER),
        ("kingdom Plantae genus Oenanthe", Verdict.OTHER),
        ("kingdom Animalia genus Oenanthe", Verdict.SAME),
        ("family Apiaceae genus Oenanthe", Verdict.OTHER),
        ("genus Oenanthe species oenanthe", Verdict.UNKNOWN),
    ],
)
def test_one_shared_ancestor_is_enough_and_another_kingdom_is_too_much(theirs: str, verdict: Verdict) -> None:
    assert compare(WHEATEAR, box(theirs)) is verdict


def test_the_steps_of_the_automatic_taxonomy_are_compared_too() -> None:
    bare = box("genus Oenanthe species oenanthe", key="Oenanthe (bird)")
    assert compare(WHEATEAR, bare, chain("genus Oenanthe", "familia Muscicapidae")) is Verdict.SAME
    assert compare(WHEATEAR, bare, chain("genus Oenanthe", "familia Apiaceae")) is Verdict.OTHER
    assert compare(WHEATEAR, bare, chain("genus Oenanthe", "tribus Saxicolini")) is Verdict.UNKNOWN
    assert compare(WHEATEAR, bare, chain("genus Oenanthe", "ordo Passeriformes", "regnum Plantae")) is Verdict.OTHER


def test_names_of_a_group_with_other_endings_are_the_same() -> None:
    oak = Taxon.from_lineage("kingdom Plantae phylum Tracheophyta genus Quercus species robur")
    assert compare(oak, box("phylum Tracheophytes genus Quercus")) is Verdict.SAME


def test_a_box_bears_the_name_of_its_species_alone() -> None:
    assert bears_name(box("genus Oenanthe species oenanthe"), WHEATEAR)
    assert not bears_name(box("genus Oenanthe species deserti"), WHEATEAR)
    assert not bears_name(box("genus Oenanthe"), WHEATEAR)
    assert not bears_name(box("genus Oenanthe species oenanthe", is_below_species=True), WHEATEAR)
    assert bears_name(box("genus Oenanthe"), WHEATEAR.at(WHEATEAR.rank.__class__.GENUS))


def test_a_redirect_from_a_synonym_is_believed_where_the_epithet_or_the_box_says_so() -> None:
    tit = Taxon(genus="Parus", species="caeruleus")
    new = box("genus Cyanistes species caerulea")
    assert bears_name(new, tit, asked="Parus caeruleus")
    assert not bears_name(new, tit, asked="Blue tit")
    assert not bears_name(box("genus Cyanistes species teneriffae"), tit, asked="Parus caeruleus")
    assert bears_name(box("genus Lusus species novus", synonyms=("Parus caeruleus",)), tit)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("albus", "alba", True), ("rufum", "rufa", True), ("niger", "nigra", True), ("rubrum", "ruber", True),
        ("asper", "aspera", True), ("viridis", "viride", True), ("minor", "minus", True), ("smithi", "smithii", True),
        ("minor", "major", False), ("albus", "albicans", False), ("ater", "alta", False),
    ],
)  # fmt: skip
def test_an_epithet_of_another_gender_is_the_same_however_short(one: str, other: str, is_same: bool) -> None:
    """Short ones were held to differ, so that the redirect from Casmerodius albus to Ardea alba was not believed."""
    box_of_other = box(f"genus Ardea species {other}")
    assert bears_name(box_of_other, Taxon(genus="Casmerodius", species=one), asked=f"Casmerodius {one}") is is_same


def test_a_hybrids_sign_makes_no_other_name() -> None:
    assert bears_name(box("genus Mentha species × piperita"), Taxon(genus="Mentha", species="piperita"))


def test_words_on_a_page_stand_for_a_lineage() -> None:
    assert names_ancestor("A bird of the family Muscicapidae.", WHEATEAR)
    assert names_ancestor("[[Category:Birds of Europe]] a small bird", WHEATEAR)
    assert not names_ancestor("An animal that thirds know, in birdsong.", WHEATEAR)
    assert names_ancestor("A plant.", Taxon(kingdom="Plantae", genus="Oenanthe", species="crocata"))
