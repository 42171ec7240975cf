"""A Prediction as JSON and back is the same Prediction."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.predict import Answer, Guess, Judgement, Prediction
from thuja.predict.outputs.stored import from_line, to_line
from thuja.taxonomy import Rank, Taxon

words = st.text(st.characters(exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=1, max_size=8)
shares = st.floats(0, 1, width=32)
taxa = st.builds(lambda names, common: Taxon.from_names(names, common), st.lists(words, max_size=7), words)
answers = st.builds(Answer, text=words, score=shares, taxon=st.none() | taxa, unplaced=st.none() | shares)
several = st.lists(answers, max_size=3).map(tuple)
guesses = st.builds(
    Guess,
    value=words | st.floats(allow_nan=False, allow_infinity=False) | st.lists(words, max_size=3).map(tuple),
    probability=st.none() | shares,
    low=st.none() | shares,
    high=st.none() | shares,
)
judgements = st.builds(
    Judgement,
    answers=several,
    path=several,
    settled=st.none() | answers,
    within=st.none() | several,
    unseen=st.dictionaries(st.sampled_from(Rank), shares, max_size=3),
    targets=st.dictionaries(words, guesses, max_size=2),
)
predictions = st.builds(
    Prediction,
    file_name=words,
    id=words,
    judgement=judgements,
    images=st.integers(1, 9),
    failed=st.integers(0, 9),
    box=st.just("") | words,
    cells=st.dictionaries(words, words | st.integers() | shares | st.booleans() | st.none(), max_size=3),
    reason=st.just("") | words,
    error=st.just("") | words,
)


@given(predictions)
@settings(max_examples=25)
def test_a_prediction_comes_back_from_its_line_as_it_was(prediction):
    again = from_line(to_line(prediction))
    assert again == prediction
    for mine, theirs in zip(prediction.answers, again.answers, strict=True):
        assert mine.taxon is None or mine.taxon.common == theirs.taxon.common


def test_cells_that_json_has_no_word_for_are_text_and_what_is_no_number_is_nothing():
    cells = {
        "day": datetime(2020, 5, 1, 9, tzinfo=UTC),
        "price": Decimal("1.50"),
        "nan": float("nan"),
        "list": (1, "a"),
    }
    again = from_line(to_line(Prediction(file_name="x", cells=cells)))
    assert again.cells == {"day": "2020-05-01 09:00:00+00:00", "price": "1.50", "nan": None, "list": [1, "a"]}
