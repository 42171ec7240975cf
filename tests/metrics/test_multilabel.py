"""F1 and average precision of many labels: scikit-learn's, and weighed as clusters drawn twice would weigh."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from thuja.metrics.multilabel import Ranking, Tallies


@pytest.fixture
def drawn() -> np.random.Generator:
    return np.random.default_rng(0)


def test_f1_is_scikit_learns_by_label_macro_and_micro(drawn: np.random.Generator) -> None:
    truth, said = drawn.random((2, 200, 6)) > 0.6
    tallies = Tallies.of(truth, said, drawn.integers(9, size=200))
    np.testing.assert_allclose(tallies.f1()[0], f1_score(truth, said, average=None))
    assert tallies.macro_f1() == pytest.approx(f1_score(truth, said, average="macro"))
    assert tallies.micro_f1() == pytest.approx(f1_score(truth, said, average="micro"))
    assert tallies.select(np.array([0, 1])).macro_f1() == pytest.approx(
        f1_score(truth, said, average="macro", labels=[0, 1])
    )


def test_a_label_that_neither_occurs_nor_is_said_counts_nothing_or_is_left_out() -> None:
    truth = np.array([[True, False, False], [True, False, False]])
    said = np.array([[True, False, True], [True, False, False]])
    tallies = Tallies.of(truth, said, np.zeros(2, dtype=np.int64))
    np.testing.assert_array_equal(tallies.f1(), [[1, 0, 0]])
    assert tallies.macro_f1() == pytest.approx(1 / 3)
    assert tallies.macro_f1(is_occurring_only=True) == 1
    assert np.isnan(
        Tallies.of(truth[:, 1:2], said[:, 1:2], np.zeros(2, dtype=np.int64)).macro_f1(is_occurring_only=True)
    )


def test_a_cluster_that_weighs_twice_counts_as_its_images_twice_over(drawn: np.random.Generator) -> None:
    truth, said = drawn.random((2, 60, 3)) > 0.5
    clusters = drawn.integers(4, size=60)
    weights = np.array([[2.0, 0.0, 1.0, 3.0], [1.0, 1.0, 0.0, 1.0]])
    tallies = Tallies.of(truth, said, clusters)
    for replicate, times in enumerate(weights):
        rows = np.repeat(np.arange(60), times[clusters].astype(int))
        np.testing.assert_allclose(tallies.f1(weights)[replicate], f1_score(truth[rows], said[rows], average=None))
        for average, found in (("macro", tallies.macro_f1(weights)), ("micro", tallies.micro_f1(weights))):
            assert found[replicate] == pytest.approx(f1_score(truth[rows], said[rows], average=average))


@pytest.mark.parametrize("levels", [1000, 4, 1])
def test_average_precision_is_scikit_learns_ties_and_weights_too(levels: int, drawn: np.random.Generator) -> None:
    truth = drawn.random((150, 5)) > 0.7
    scores = drawn.integers(levels, size=(150, 5)).astype(np.float32)
    weights = drawn.integers(4, size=150).astype(np.float64)
    ranking = Ranking.of(truth, scores)
    np.testing.assert_allclose(ranking.average_precision(), average_precision_score(truth, scores, average=None))
    np.testing.assert_allclose(
        ranking.average_precision(weights), average_precision_score(truth, scores, average=None, sample_weight=weights)
    )


def test_a_label_that_is_true_of_no_image_has_no_average_precision() -> None:
    truth = np.array([[True, False], [False, False]])
    found = Ranking.of(truth, np.array([[0.0, 1.0], [1.0, 0.0]])).average_precision()
    assert found[0] == 0.5
    assert np.isnan(found[1])
