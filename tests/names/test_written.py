"""What is read from a written name before any backbone is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.names.spelling import fold_common
from thuja.names.written import read_name


@pytest.mark.parametrize(
    "text",
    ["Corvus corax", "corvus_corax", "  Corvus   corax ", "0042_Corvus corax", "Corvus corax Linnaeus, 1758"],
)
def test_the_binomial_is_found_whatever_stands_around_it(text: str) -> None:
    written = read_name(text)
    assert written.binomial == "Corvus corax"
    assert written.canonical == "Corvus corax"


def test_open_names_keep_their_qualifier() -> None:
    assert (read_name("Corvus sp.").genus, read_name("Corvus sp.").qualifier) == ("Corvus", "sp.")
    assert (read_name("Corvus cf. corax").binomial, read_name("Corvus cf. corax").qualifier) == ("", "cf. corax")


def test_a_subspecies_is_a_species_and_a_third_name() -> None:
    written = read_name("Junco hyemalis oreganus")
    assert (written.binomial, written.infraspecific) == ("Junco hyemalis", "oreganus")


def test_lineages_are_read_from_folder_names_and_from_strings() -> None:
    folder = read_name("00042_Animalia_Chordata_Aves_Passeriformes_Corvidae_Corvus_corax")
    line = read_name("Animalia Chordata Aves Passeriformes Corvidae Corvus corax")
    tagged = read_name("kingdom Animalia family Corvidae genus Corvus species corax")
    assert folder.lineage == line.lineage
    assert folder.lineage.family == tagged.lineage.family == "Corvidae"
    assert folder.binomial == line.binomial == tagged.binomial == "Corvus corax"


def test_an_english_name_is_not_a_genus_with_its_author() -> None:
    """`Anna Hummingbird` parses as the genus Anna, published by Hummingbird: a plant for a bird."""
    assert read_name("Anna_Hummingbird").canonical == ""


@pytest.mark.parametrize("text", ["Giant panda", "Green heron", "copepod calanoid", "trichodesmium puff", "pillow"])
def test_english_labels_do_not_look_like_binomials(text: str) -> None:
    assert not read_name(text).is_binomial_like


@pytest.mark.parametrize(
    "text", ["Anas strepera", "Cyanocorax luxuosus", "Picoides pubescens", "Coccothraustes vespertinus"]
)
def test_latin_names_look_like_binomials(text: str) -> None:
    assert read_name(text).is_binomial_like


@pytest.mark.parametrize("text", ["", "  ", "unknown", "N/A", "not_classified"])
def test_placeholders_are_no_names(text: str) -> None:
    assert read_name(text).text == ""


def test_common_names_fold_alike_whatever_their_hyphens_possessives_and_greys() -> None:
    assert fold_common("Black-footed Albatross") == fold_common("black_footed albatross")
    assert fold_common("Anna’s Hummingbird") == fold_common("Anna Hummingbird")
    assert fold_common("Grey Catbird") == fold_common("Gray catbird")


@given(st.text(max_size=80))
def test_any_text_is_read_without_an_error(text: str) -> None:
    written = read_name(text)
    assert len(written.text) <= 500
    assert written.genus == "" or written.canonical != ""
