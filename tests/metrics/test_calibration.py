"""Calibration against loops, scikit-learn's Brier score, and models that are calibrated by construction."""

from math import erf, exp, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from thuja.errors import EmptyInput, ThujaError
from thuja.metrics.bootstrap import over_clusters
from thuja.metrics.calibration import (
    Binning,
    brier,
    brier_by_class,
    brier_of_answers,
    ece,
    ece_if_calibrated,
    reliability,
)

ANSWERS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)
ROUND_ANSWERS = st.lists(st.tuples(st.integers(0, 10).map(lambda n: n / 10), st.booleans()), min_size=1, max_size=40)


def written_out_ece(answers, bins):
    total = 0.0
    for b in range(bins):
        low, high = b / bins, (b + 1) / bins
        inside = [(c, r) for c, r in answers if low < c <= high or (b == 0 and c == 0)]
        if inside:
            gap = abs(sum(r for _, r in inside) / len(inside) - sum(c for c, _ in inside) / len(inside))
            total += len(inside) / len(answers) * gap
    return total


@given(st.one_of(ANSWERS, ROUND_ANSWERS), st.sampled_from([1, 2, 5, 10, 15]))
def test_ece_of_equal_widths_is_its_definition(answers, bins) -> None:
    confidences, is_right = zip(*answers, strict=True)
    assert ece(confidences, is_right, bins=bins) == pytest.approx(written_out_ece(answers, bins), abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.booleans()), min_size=1, max_size=40, unique_by=lambda one: one[0]))
def test_ece_of_equal_masses_is_its_definition(drawn) -> None:
    answers = sorted((number / 10**6, is_right) for number, is_right in drawn)
    parts = [part for part in np.array_split(np.array(answers), min(5, len(answers))) if len(part)]
    expected = sum(len(part) / len(answers) * abs(part[:, 1].mean() - part[:, 0].mean()) for part in parts)
    confidences, is_right = zip(*answers, strict=True)
    assert ece(confidences, is_right, bins=5, binning=Binning.MASS) == pytest.approx(expected, abs=1e-12)


@given(ROUND_ANSWERS, st.randoms(use_true_random=False))
def test_the_order_of_images_changes_nothing_even_with_equal_confidences(answers, random) -> None:
    shuffled = random.sample(answers, len(answers))
    for binning in Binning:
        first, second = (ece(*zip(*each, strict=True), bins=4, binning=binning) for each in (answers, shuffled))
        assert first == pytest.approx(second, abs=1e-12)


def test_equal_masses_hold_as_many_images_and_equal_confidences_stay_together() -> None:
    generator = np.random.default_rng(0)
    assert reliability(generator.random(100), np.ones(100), bins=10, binning=Binning.MASS).counts.tolist() == [10] * 10
    tied = reliability([0.5] * 7 + [0.9] * 3, np.ones(10), bins=5, binning=Binning.MASS)
    assert tied.counts.tolist() == [7, 3]
    assert reliability([0.5] * 4, np.ones(4), bins=5, binning=Binning.MASS).counts.tolist() == [4]


def test_the_bins_of_a_diagram_have_their_bounds_and_empty_ones_are_left_out() -> None:
    found = reliability([0.0, 0.2, 0.21, 1.0], [0, 1, 1, 1], bins=5)
    assert found.low.tolist() == pytest.approx([0, 0.2, 0.8])
    assert found.high.tolist() == pytest.approx([0.2, 0.4, 1])
    assert found.counts.tolist() == [2, 1, 1]
    assert found.confidence.tolist() == pytest.approx([0.1, 0.21, 1])
    assert found.accuracy.tolist() == [0.5, 1, 1]


def test_sure_and_always_wrong_is_1_and_sure_and_always_right_0() -> None:
    assert ece([1.0, 1.0], [0, 0]) == 1
    assert ece([1.0, 1.0], [1, 1]) == 0


def test_the_debiased_ece_is_twice_the_plain_less_what_redrawn_bins_show() -> None:
    """Kumar's estimator, with the simulation that its code runs."""
    generator = np.random.default_rng(2)
    confidences = generator.random(300)
    is_right = generator.random(300) < confidences**2
    table = reliability(confidences, is_right)
    weights = table.counts / 300
    errors = np.sqrt(table.accuracy * (1 - table.accuracy) / table.counts)
    drawn = generator.normal(table.accuracy, errors, size=(40_000, len(weights)))
    simulated = (np.abs(drawn - table.confidence) @ weights).mean()
    found = ece(confidences, is_right, is_debiased=True)
    assert found == pytest.approx(2 * ece(confidences, is_right) - simulated, abs=5e-4)


def test_one_bin_is_debiased_by_the_formula_written_out() -> None:
    accuracy, confidence, error = 0.75, 0.6, sqrt(0.75 * 0.25 / 8)
    gap = accuracy - confidence
    drawn = error * sqrt(2 / pi) * exp(-(gap**2) / (2 * error**2)) + gap * erf(gap / (error * sqrt(2)))
    assert ece([confidence] * 8, [1] * 6 + [0] * 2, is_debiased=True) == pytest.approx(2 * gap - drawn)


def mean_ece(gap, images=1500, samples=300):
    """Of models whose confidences are too high by `gap`: the mean of the plain and of the debiased measure."""
    generator = np.random.default_rng(3)
    found = np.empty((samples, 2))
    for sample in range(samples):
        chances = generator.uniform(0.1, 0.9, size=images)
        is_right = generator.random(images) < chances
        found[sample] = [ece(chances + gap, is_right, is_debiased=each) for each in (False, True)]
    return found.mean(axis=0)


def test_debiasing_takes_at_most_a_tenth_of_a_standard_error_too_much_off() -> None:
    """Bins of some 120 images whose accuracies have a standard error of about 0.04, off by 0.05."""
    plain, debiased = mean_ece(gap=0.05)
    assert plain > 0.053
    assert 0.05 - 0.1 * 0.04 < debiased < 0.05


def test_debiasing_leaves_59_per_cent_of_what_a_calibrated_model_shows() -> None:
    """Of |x| with normal x of mean 0, E|x + x'| is sqrt(2) E|x|: 2 - sqrt(2) remains."""
    plain, debiased = mean_ece(gap=0.0)
    assert debiased / plain == pytest.approx(2 - sqrt(2), abs=0.02)


@pytest.mark.parametrize("binning", Binning)
def test_the_floor_of_ece_is_what_calibrated_models_show(binning) -> None:
    generator = np.random.default_rng(4)
    confidences = generator.beta(4, 2, size=150)
    floor = ece_if_calibrated(confidences, generator, bins=10, binning=binning, replicates=2000)
    shown = [ece(confidences, generator.random(150) < confidences, bins=10, binning=binning) for _ in range(2000)]
    assert floor.value == pytest.approx(np.mean(shown), rel=0.03)
    assert (floor.low, floor.high) == pytest.approx(tuple(np.quantile(shown, [0.025, 0.975])), rel=0.06)


def test_the_floor_falls_with_the_number_of_images_and_is_0_for_certainty() -> None:
    generator = np.random.default_rng(5)
    few, many = (ece_if_calibrated(generator.random(n), generator).value for n in (100, 10_000))
    assert many == pytest.approx(few / 10, rel=0.3)
    certain = ece_if_calibrated([0.0, 1.0, 1.0], generator)
    assert (certain.low, certain.value, certain.high) == (0, 0, 0)


def test_brier_scores_are_scikit_learns() -> None:
    generator = np.random.default_rng(6)
    probabilities = generator.dirichlet(np.ones(5), size=80)
    truth = generator.integers(0, 5, size=80)
    assert brier(probabilities, truth).mean() == pytest.approx(brier_score_loss(truth, probabilities, labels=range(5)))
    for one, score in enumerate(brier_by_class(probabilities, truth)):
        assert score == pytest.approx(brier_score_loss(truth == one, probabilities[:, one]))
    assert brier_by_class(probabilities, truth).sum() == pytest.approx(brier(probabilities, truth).mean())
    is_right = probabilities.argmax(axis=1) == truth
    confidences = probabilities.max(axis=1)
    assert brier_of_answers(confidences, is_right).mean() == pytest.approx(brier_score_loss(is_right, confidences))


def test_brier_of_known_answers_and_in_half_precision() -> None:
    sure = np.float16([[1, 0, 0], [1, 0, 0], [1 / 3, 1 / 3, 1 / 3]])
    assert brier(sure, [0, 1, 2]).tolist() == pytest.approx([0, 2, 2 / 3], abs=1e-3)
    assert brier(sure, np.array([0, 1, 2], np.uint8)).dtype == np.float64


def test_a_large_table_is_scored_in_blocks_that_join() -> None:
    generator = np.random.default_rng(7)
    table = generator.random((5, 1_500_000), dtype=np.float32)
    truth = np.array([0, 3, 1, 4, 1_499_999])
    expected = [(np.float64(row) ** 2).sum() - 2 * float(row[one]) + 1 for row, one in zip(table, truth, strict=True)]
    np.testing.assert_allclose(brier(table, truth), expected)


def test_an_interval_of_ece_is_had_over_clusters() -> None:
    confidences, is_right = np.full(20, 0.5), np.repeat([0, 1], 10)
    species = np.repeat([0, 1], 10)
    found = over_clusters(lambda rows: ece(confidences[rows], is_right[rows]), species, np.random.default_rng(0))
    assert (found.low, found.value, found.high) == (0, 0, 0.5)


def test_confidences_that_are_none_are_told() -> None:
    with pytest.raises(EmptyInput):
        ece([], [])
    with pytest.raises(ThujaError, match="1 of 2 confidences are not numbers"):
        ece([0.5, np.nan], [1, 0])
    with pytest.raises(ThujaError, match="between 0 and 1, got 24"):
        ece([0.5, 24.0], [1, 0])
    with pytest.raises(ThujaError, match="true or false"):
        ece([0.5, 0.5], [1, np.nan])
    with pytest.raises(ThujaError, match="do not fit 2 images"):
        ece([0.5, 0.5], [1])
    with pytest.raises(ThujaError, match="0 bins"):
        ece([0.5], [1], bins=0)
    assert ece(np.float16([1.001]), [1]) == 0


def test_probabilities_and_truths_that_do_not_fit_are_told() -> None:
    table = np.full((2, 2), 0.5)
    with pytest.raises(EmptyInput):
        brier(np.zeros((0, 2)), np.zeros(0, int))
    with pytest.raises(ThujaError, match="0 to 1"):
        brier(table, [0, -1])
    with pytest.raises(ThujaError, match="0 to 1"):
        brier(table, [0, 2])
    with pytest.raises(ThujaError, match="do not fit"):
        brier(table, [0])
    with pytest.raises(ThujaError, match="lie between 0 and 1"):
        brier(np.array([[np.nan, 0.5]]), [0])
