"""Sentences to clauses."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.captions.descriptions.clauses import split_clauses


def parts(sentence: str) -> list[str]:
    return [sentence[start:end] for start, end in split_clauses(sentence)]


SPLIT = {
    "It is an orchid with two green leaves and is endemic to Peru.": [
        "It is an orchid",
        "with two green leaves",
        "and is endemic to Peru.",
    ],
    "The male is black, while the female is brown.": ["The male is black", "while the female is brown."],
    "It is a frog found in Ecuador and it has red legs.": ["It is a frog", "found in Ecuador", "and it has red legs."],
    "The body is dark; the forewing is silky grey.": ["The body is dark", "the forewing is silky grey."],
    "The cap is brown, often with a white edge.": ["The cap is brown", "often with a white edge."],
    "The shell of this snail, which reaches 3 cm, is mostly white.": [
        "The shell of this snail",
        "which reaches 3 cm",
        "is mostly white.",
    ],
}
WHOLE = [
    "It is covered with fine white hairs.",
    "It is found in wet meadows.",
    "It was formally described in 1894.",
    "The wings are black and white.",
    "Its name (from a word that is Greek) is old.",
    "It measures 17.57 - 18.06 mm in length.",
]


@pytest.mark.parametrize("sentence", SPLIT)
def test_each_thing_that_is_said_is_a_clause(sentence):
    assert parts(sentence) == SPLIT[sentence]


@pytest.mark.parametrize("sentence", WHOLE)
def test_what_is_said_in_one_stays_in_one(sentence):
    assert parts(sentence) == [sentence]


WORDS = ["it", "is", "red", "and", "with", "which", "that", "while", "the", ";", ",", "(", ")", "found", "in", "wings"]


@given(st.lists(st.sampled_from(WORDS), max_size=20))
def test_clauses_lie_in_order_and_only_spaces_and_marks_lie_between_them(words):
    sentence = " ".join(words)
    spans = split_clauses(sentence)
    assert spans[0][0] == 0
    assert spans[-1][1] == len(sentence)
    for (_, end), (start, _) in pairwise(spans):
        assert sentence[end:start].strip(" ,;") == ""
