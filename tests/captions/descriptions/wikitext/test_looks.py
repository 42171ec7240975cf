"""The sections on looks are found by their headings, with what is nested in them."""

import pytest
from tests.captions.descriptions.wiki_pages import RAVEN

from thuja.captions.descriptions.pages import Section
from thuja.captions.descriptions.wikitext.looks import is_on_looks, looks_of


def test_a_section_on_looks_comes_with_its_subsections_but_the_one_on_voice() -> None:
    assert looks_of(RAVEN.text) == (
        Section(heading="Description", text="It is all black, 56 to 69 cm long."),
        Section(heading="Plumage", text="Glossy feathers with a purple sheen."),
    )


def test_without_a_section_on_looks_the_introduction_is_taken() -> None:
    boxes = "{{Speciesbox|taxon=A b}}\n{{Use dmy dates}}\n"
    text = boxes + "A '''b''' is red.\n\n== Ecology ==\nIt eats.\n=== Larvae ===\nGreen."
    assert looks_of(text) == (Section(text="A b is red."),)


def test_a_section_on_looks_without_words_leaves_the_introduction() -> None:
    assert looks_of("A red one.\n== Description ==\n{{empty section}}\n== Uses ==\nx") == (Section(text="A red one."),)


def test_the_section_ends_where_a_heading_of_its_level_begins() -> None:
    text = (
        "x\n"
        + "===Description===\nRed.\n====Male====\nBlue.\n"
        + "===Cultivation===\nPots.\n====Flowers====\nCut.\n==Bark==\nGrey."
    )
    assert [(one.heading, one.text) for one in looks_of(text)] == [
        ("Description", "Red."),
        ("Male", "Blue."),
        ("Bark", "Grey."),
    ]


@pytest.mark.parametrize(
    "heading",
    [
        "Description",
        "Morphology",
        "Physical characteristics",
        "Appearance and behaviour",
        "Identification",
        "Plumage",
        "Description and habitat",
        "Field marks",
        "Flowers and fruit",
        "Adult",
        "Macroscopic features",
        "Leaves",
        "External anatomy",
        "DESCRIPTION",
    ],
)
def test_headings_on_looks(heading: str) -> None:
    assert is_on_looks(heading)


@pytest.mark.parametrize(
    "heading",
    [
        "Taxonomy and description",
        "Habitat and description",
        "Distribution",
        "Voice",
        "Etymology",
        "Similar species",
        "Life cycle",
        "Uses of leaves",
        "Described species",
        "Names",
        "Conservation status",
        "Genome features",
        "Microscopic features",
        "Feeding",
        "Larval food plants",
    ],
)
def test_headings_on_something_else(heading: str) -> None:
    assert not is_on_looks(heading)


def test_an_empty_page_tells_no_looks() -> None:
    assert looks_of("") == ()
    assert looks_of("{{Speciesbox|taxon=A b}}\n[[Category:X]]") == ()
