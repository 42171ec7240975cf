"""Measures against numbers worked out by hand."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix

from thuja.errors import EmptyInput
from thuja.metrics.accuracy import Hits, confusion, is_in_top, per_class_accuracy
from thuja.metrics.bootstrap import bootstrap


def hits(is_right, classes, species=None):
    classes = np.array(classes)
    return Hits(is_right=np.array(is_right, bool), classes=classes, species=classes if species is None else species)


def test_macro_accuracy_weighs_classes_alike_and_accuracy_weighs_images_alike():
    found = hits([1, 1, 1, 0, 0], [0, 0, 0, 0, 7])
    assert found.accuracy() == pytest.approx(3 / 5)
    assert found.macro_accuracy() == pytest.approx((3 / 4 + 0) / 2)
    assert per_class_accuracy(found.is_right, found.classes).tolist() == [0.75, 0.0]


def test_macro_accuracy_and_confusion_are_scikit_learns():
    generator = np.random.default_rng(0)
    truth, said = generator.integers(0, 6, 200), generator.integers(0, 6, 200)
    assert hits(truth == said, truth).macro_accuracy() == pytest.approx(balanced_accuracy_score(truth, said))
    np.testing.assert_array_equal(confusion(truth, said, 6), confusion_matrix(truth, said, labels=range(6)))


def test_confusion_leaves_out_images_without_a_class_or_an_answer():
    assert confusion(np.array([0, -1, 1]), np.array([1, 0, -1]), 2).tolist() == [[0, 1], [0, 0]]


def test_a_truth_counts_in_the_top_k_from_its_place_on():
    ranked = np.array([[3, 1, 2], [0, 2, 1]])
    truth = np.array([2, 0])
    assert [is_in_top(ranked, truth, k).tolist() for k in (1, 2, 3)] == [[False, True], [False, True], [True, True]]


def test_no_image_to_score_is_said():
    with pytest.raises(EmptyInput, match="no image"):
        hits([], [])


def test_the_bootstrap_draws_species_not_images():
    """One species of 1,000 right pictures beside one of a single wrong one: the truth is very uncertain."""
    found = hits([1] * 1000 + [0], [0] * 1000 + [1])
    accuracy, macro = bootstrap(found, np.random.default_rng(0))
    assert accuracy.value == pytest.approx(1000 / 1001)
    assert (accuracy.low, accuracy.high) == (0.0, 1.0)
    assert (macro.low, macro.value, macro.high) == (0.0, 0.5, 1.0)


def test_the_bootstrap_of_many_species_has_the_width_of_the_normal_formula():
    generator = np.random.default_rng(1)
    is_right = generator.random(400) < 0.3
    accuracy, macro = bootstrap(hits(is_right, np.arange(400)), generator, replicates=4000)
    half = 1.96 * np.sqrt(accuracy.value * (1 - accuracy.value) / 400)
    assert (accuracy.high - accuracy.low) / 2 == pytest.approx(half, rel=0.1)
    assert macro == accuracy


def test_a_class_whose_species_were_not_drawn_is_left_out_of_that_draw():
    found = hits([1, 1, 0], [0, 0, 1], species=np.array([0, 1, 2]))
    _, macro = bootstrap(found, np.random.default_rng(0), replicates=3000)
    assert macro.value == 0.5
    assert (macro.low, macro.high) == (0.0, 1.0)


def test_the_same_seed_gives_the_same_interval():
    found = hits(np.arange(60) % 3 == 0, np.arange(60) % 20)
    first, second = (bootstrap(found, np.random.default_rng(5)) for _ in range(2))
    assert first == second
