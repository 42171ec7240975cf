"""Ranked lists: scikit-learn's measures, INQUIRE's normaliser, and each definition written out as a loop."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score, ndcg_score

from thuja.errors import EmptyInput, ThujaError, UsageError
from thuja.metrics.ranking import (
    Normaliser,
    average_precision,
    hit_at,
    in_order,
    ndcg_at,
    recall_at,
    reciprocal_rank,
)

LISTS = st.tuples(st.integers(1, 6), st.integers(1, 8)).flatmap(lambda shape: arrays(np.bool_, shape))


def ranked(seed=0, queries=40, images=30):
    """Scores without ties, and which of the images are right, at least one a query."""
    generator = np.random.default_rng(seed)
    relevant = generator.random((queries, images)) < 0.2
    relevant[:, 0] = True
    return generator.permuted(np.tile(np.linspace(0, 1, images), (queries, 1)), axis=1), relevant


def written_out_ap(flags, total, k, normaliser):
    """Precision at each right answer within k, one after the other."""
    seen, summed = 0, 0.0
    for place, is_right in enumerate(flags[:k], start=1):
        if is_right:
            seen += 1
            summed += seen / place
    most = total if normaliser is Normaliser.RELEVANT else min(total, k)
    return summed / most if total else math.nan


def test_average_precision_and_ndcg_are_scikit_learns() -> None:
    scores, relevant = ranked()
    found = average_precision(in_order(scores, relevant))
    np.testing.assert_allclose(found, [average_precision_score(*pair) for pair in zip(relevant, scores, strict=True)])
    for k in (1, 5, 30):
        ours = ndcg_at(in_order(scores, relevant), k=k).mean()
        assert ours == pytest.approx(ndcg_score(relevant, scores, k=k))


def test_inquires_measures_of_a_cut_list_are_those_of_its_code() -> None:
    """Its AP is scikit-learn's times the right ones listed, over min(right ones, k); its nDCG appends the missed."""
    scores, relevant = ranked(seed=1)
    total, k = relevant.sum(axis=1), 7
    cut = in_order(scores, relevant)[:, :k]
    falling = np.arange(k, 0, -1)
    for row, ours in enumerate(average_precision(cut, total, normaliser=Normaliser.REACHABLE)):
        inside = cut[row].sum()
        theirs = average_precision_score(cut[row], falling) * inside / min(total[row], k) if inside else 0
        assert ours == pytest.approx(theirs)
    missed = [int(all_ - inside) for all_, inside in zip(total, cut.sum(axis=1), strict=True)]
    theirs = [
        ndcg_score([[*cut[row], *[1] * more]], [[*falling, *[-100] * more]], k=k) for row, more in enumerate(missed)
    ]
    np.testing.assert_allclose(ndcg_at(cut, total, k=k), theirs)


@given(LISTS, st.integers(0, 3), st.integers(1, 10), st.sampled_from(Normaliser))
def test_average_precision_is_its_definition(lists, unseen, k, normaliser) -> None:
    total = lists.sum(axis=1) + unseen
    found = average_precision(lists, total, k=k, normaliser=normaliser)
    expected = [written_out_ap(flags, all_, k, normaliser) for flags, all_ in zip(lists, total, strict=True)]
    np.testing.assert_allclose(found, expected)


@given(LISTS, st.integers(0, 3), st.integers(1, 10))
def test_the_other_measures_are_their_definitions(lists, unseen, k) -> None:
    total = lists.sum(axis=1) + unseen
    places = [[place for place, is_right in enumerate(flags, start=1) if is_right and place <= k] for flags in lists]

    def over(values, most):
        return [value / all_ if all_ else math.nan for value, all_ in zip(values, most, strict=True)]

    np.testing.assert_allclose(recall_at(lists, total, k=k), over([len(found) for found in places], total))
    some = [1 if all_ else math.nan for all_ in total]
    np.testing.assert_allclose(hit_at(lists, total, k=k), np.multiply([bool(found) for found in places], some))
    first = [1 / found[0] if found else 0 for found in places]
    np.testing.assert_allclose(reciprocal_rank(lists, total, k=k), np.multiply(first, some))
    gains = [sum(1 / math.log2(place + 1) for place in found) for found in places]
    ideal = [sum(1 / math.log2(place + 1) for place in range(1, min(all_, k) + 1)) for all_ in total]
    np.testing.assert_allclose(ndcg_at(lists, total, k=k), over(gains, ideal))


def test_all_right_answers_first_is_1_and_a_query_without_any_is_no_number() -> None:
    lists = [[1, 1, 0, 0], [0, 0, 0, 0]]
    for measure in (average_precision, reciprocal_rank):
        np.testing.assert_array_equal(measure(lists), [1, np.nan])
    for measure in (ndcg_at, recall_at, hit_at):
        np.testing.assert_array_equal(measure(lists, k=2), [1, np.nan])


def test_the_two_normalisers_part_where_more_are_right_than_fit() -> None:
    lists, total = [[1, 1]], [10]
    assert average_precision(lists, total)[0] == pytest.approx(0.2)
    assert average_precision(lists, total, normaliser=Normaliser.REACHABLE)[0] == 1


@given(st.data())
def test_the_order_is_that_of_a_sort_with_the_wrong_first_among_equals(data) -> None:
    count = data.draw(st.integers(1, 8))
    answers = data.draw(st.lists(st.tuples(st.integers(-2, 2), st.booleans()), min_size=count, max_size=count))
    scores, relevant = zip(*answers, strict=True)
    expected = [is_right for _, is_right in sorted(answers, key=lambda one: (-one[0], one[1]))]
    assert in_order([scores], [relevant]).tolist() == [expected]


def test_a_model_that_cannot_tell_gains_nothing_from_the_order_of_columns() -> None:
    found = in_order(np.ones((2, 4)), [[1, 0, 0, 0], [0, 0, 0, 1]])
    np.testing.assert_array_equal(found, [[0, 0, 0, 1], [0, 0, 0, 1]])
    np.testing.assert_array_equal(in_order(np.float16([[1, 2, 2, 3]]), [[1, 1, 0, 0]]), [[0, 0, 1, 1]])


def test_lists_that_cannot_be_scored_are_told() -> None:
    with pytest.raises(EmptyInput):
        average_precision(np.zeros((0, 3), bool))
    with pytest.raises(ThujaError, match="queries by places"):
        reciprocal_rank([1, 0])
    with pytest.raises(ThujaError, match="list 1 holds 2 right answers, and 1 are said"):
        average_precision([[1, 0], [1, 1]], [1, 1])
    with pytest.raises(ThujaError, match="graded"):
        ndcg_at([[3, 0]], k=1)
    with pytest.raises(UsageError, match="first 0 answers"):
        recall_at([[1]], k=0)
    with pytest.raises(ThujaError, match="1 of 2 scores are not numbers"):
        in_order([[np.nan, 1.0]], [[1, 0]])
    with pytest.raises(ThujaError, match="do not fit"):
        in_order([[1.0]], [[1, 0]])
