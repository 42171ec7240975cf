"""Texts to sentences as an encyclopedia of organisms writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.captions.descriptions.sentences import split_sentences, without_cut_end

WHOLE = [
    "Rosa canina L. 1753 is a rose.",
    "The plant (R. canina, syn. R. alba. Mill.) is tall.",
    "It reaches c. 30 cm. in height.",
    "It was named by J. E. Gray in 1831.",
    "The tail, cf. Fig. 3, is long.",
    "It occurs in the U.S. state of Ohio.",
    "Its var. alba and subsp. minor are white.",
    "It is 3.5 to 4.2 mm long.",
    "Ficus elastica Roxb. Ex Hornem. is a fig.",
]


@pytest.mark.parametrize("sentence", WHOLE)
def test_an_abbreviation_ends_no_sentence(sentence):
    assert split_sentences(f"{sentence} Its wings are red.") == [sentence, "Its wings are red."]


def test_a_sentence_ends_after_a_place_a_measure_and_a_bracket():
    text = "It lives in Chile. Leaves reach 5 cm. 20 species are known (Fig. 2). They flower in May!"
    assert split_sentences(text) == [
        "It lives in Chile.",
        "Leaves reach 5 cm.",
        "20 species are known (Fig. 2).",
        "They flower in May!",
    ]


def test_a_sentence_ends_where_the_space_after_it_is_missing():
    assert split_sentences("It lives in Chile.It has red wings.") == ["It lives in Chile.", "It has red wings."]


def test_a_bracket_that_is_never_closed_does_not_join_the_rest_of_the_text():
    text = f"It is red (as all are. {'It is a long text on a bird and its ways ' * 5}. It is blue. It is grey."
    assert split_sentences(text)[-2:] == ["It is blue.", "It is grey."]


def test_a_blank_line_ends_a_sentence_and_a_line_break_does_not():
    assert split_sentences("A red\nbird\n\nA blue fish") == ["A red bird", "A blue fish"]


@given(st.text(alphabet="Ab. ()[]L?!\n\"'c1", max_size=80))
def test_no_letter_is_lost_or_moved(text):
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())


def test_a_sentence_that_the_extract_cut_short_is_left_out():
    assert without_cut_end("It is red. It is found only in the ...") == "It is red."
    assert without_cut_end("It is red. It is found …") == "It is red."
    assert without_cut_end("It is red.") == "It is red."
    assert without_cut_end("...") == ""
