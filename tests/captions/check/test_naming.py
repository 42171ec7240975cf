"""Names: present and right, missing, another's, or where none must be."""

from dataclasses import replace

import pytest

from thuja.captions.check.finding import Subject
from thuja.captions.check.naming import Naming, without_names
from thuja.taxonomy import Taxon

OTHERS = Naming.of(["house finch", "Carduelis carduelis", "finch", "bullfinch"])


@pytest.mark.parametrize(
    "text",
    [
        "American Goldfinches on a thistle",
        "an american gold-finch on a thistle",
        "a yellow SPINUS TRISTIS on a thistle",
        "a yellow S. tristis on a thistle",
        "the American goldfinch's black cap",
        "an American goldfinch beside a house finch",
    ],
)
def test_a_name_counts_in_any_case_number_and_spelling(text: str, goldfinch: Subject) -> None:
    assert OTHERS(text, goldfinch).facts == {"kind": "right"}


def test_a_missing_name_is_told_from_another_species_name(goldfinch: Subject) -> None:
    assert OTHERS("A yellow bird on a thistle", goldfinch).reason == "the name is missing: American goldfinch"
    found = OTHERS("A House-Finch on a thistle", goldfinch)
    assert found.facts == {"kind": "wrong"}
    assert found.reason == 'it is called "House-Finch", its name is American goldfinch'


def test_words_in_the_form_of_a_binomial_are_a_wrong_name_without_any_list(goldfinch: Subject) -> None:
    assert Naming()("A yellow Carduelis pinensis on a thistle", goldfinch).facts == {"kind": "wrong"}
    assert Naming()("Conspicuous alula of a bird on a thistle", goldfinch).facts == {"kind": "missing"}


def test_part_of_the_own_name_is_no_other_species(goldfinch: Subject) -> None:
    found = Naming.of(["goldfinch"])("A yellow goldfinch on a thistle", goldfinch)
    assert found.facts == {"kind": "missing"}


def test_a_name_leaks_where_none_must_be(goldfinch: Subject) -> None:
    nameless = replace(goldfinch, is_name_wanted=False)
    assert OTHERS("A yellow bird on a thistle", nameless).facts == {"kind": "unnamed"}
    assert OTHERS("Spinus tristis on a thistle", nameless).reason == 'it must not be named: "Spinus tristis"'
    assert OTHERS("A bullfinch on a thistle", nameless).is_fault
    assert OTHERS("A Spinus on a thistle", nameless).reason == 'it must not be named: "Spinus"'


def test_nothing_is_asked_where_no_name_is_known() -> None:
    assert not Naming()("A yellow bird on a thistle", Subject(taxon=Taxon())).is_fault


def test_names_are_taken_out_before_words_are_judged() -> None:
    bear = Subject(taxon=Taxon(genus="Ursus", species="americanus", common="black bear"), names=("black bear",))
    assert without_names("A brown black bear, U. americanus too", bear).split() == [
        "A",
        "brown",
        ",",
        "U.",
        "americanus",
        "too",
    ]


def test_an_abbreviated_name_is_cut_out_where_it_stands_behind_letters_that_unfold(goldfinch: Subject) -> None:
    """Places were told in a text in which a ligature had become two letters."""
    assert without_names("A \ufb02u\ufb00y S. tristis on a twig", goldfinch).split() == [
        "A",
        "\ufb02u\ufb00y",
        "on",
        "a",
        "twig",
    ]
