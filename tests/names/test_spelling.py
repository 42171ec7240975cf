"""Keys: what is one name however it is written, and that the indexes miss nothing one edit away."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from thuja.names.spelling import TRIGRAMS, fold, fold_common, letters_of, shortened, stemmed, trigrams

WORDS = st.text("abcde-", min_size=1, max_size=9)


def stem(epithet: str) -> str:
    return str(pl.select(stemmed(pl.lit(epithet))).item())


@pytest.mark.parametrize(
    "forms",
    [
        ("albus", "alba", "album"),
        ("niger", "nigra", "nigrum"),
        ("tristis", "triste"),
        ("smithi", "smithii", "smithiy"),
        ("novae-zelandiae", "novaezelandiae"),
        ("caeruleus", "coeruleus", "ceruleus", "cæruleus"),
        ("philippensis", "filipensis"),
        ("hyacinthinus", "hiacintinus"),
        ("mülleri", "mulleri"),
    ],
)
def test_spellings_of_one_epithet_have_one_stem(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1


def test_a_man_and_a_woman_who_are_honoured_have_two_stems() -> None:
    assert stem("smithi") != stem("smithae")
    assert stem("major") != stem("minor")


def test_a_scientific_name_folds_to_one_key() -> None:
    assert fold("  CORVUS_corax ") == "corvus corax"
    assert fold("Prunus ×yedoensis") == fold("Prunus x yedoensis") == "prunus × yedoensis"
    assert fold("Isoëtes lacustris") == "isoetes lacustris"


def test_a_common_name_folds_to_one_key() -> None:
    forms = ["Grey Heron", "gray_herons", "Gray heron (juvenile)"]
    assert {fold_common(form) for form in forms} == {"gray heron"}
    assert fold_common("Grass") == "grass"


@given(WORDS, WORDS)
def test_words_one_edit_apart_share_a_shortened_form(left: str, right: str) -> None:
    forms = [set(shortened(pl.Series([word]))["form"]) for word in (left, right)]
    if OSA.distance(left, right) <= 1:
        assert forms[0] & forms[1]


@given(WORDS, WORDS)
def test_words_differ_in_at_most_two_letters_an_edit(left: str, right: str) -> None:
    ours, theirs = letters_of(pl.Series([left, right]))
    assert int(ours ^ theirs).bit_count() <= 2 * OSA.distance(left, right)


def test_every_three_letters_of_a_word_are_counted_with_its_ends() -> None:
    code, owner = trigrams(pl.Series(["ab", "é", ""]))
    assert owner.tolist() == [0, 0, 0, 1, 1, 2]
    assert (code < TRIGRAMS).all()
    assert code[0] != code[1]
