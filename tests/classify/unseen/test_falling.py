"""The falling curve, against scikit-learn's logistic regression and at its limits."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from thuja.classify.unseen.falling import Falling
from thuja.errors import ThujaError


def test_the_curve_is_the_weighted_logistic_regression():
    """With many cases Platt's targets are zeros and ones."""
    generator = np.random.default_rng(0)
    scores = generator.normal(3, 2, 20_000)
    happened = generator.random(20_000) < 1 / (1 + np.exp(2 * scores - 5))
    weights = np.where(happened, 1.0, 9.0)
    found = Falling.fit(scores, happened, weights)
    other = LogisticRegression(C=np.inf, tol=1e-8).fit(scores[:, None], happened, sample_weight=weights)
    assert found.steepness == pytest.approx(-other.coef_[0, 0], rel=5e-3)
    assert found.height == pytest.approx(other.intercept_[0], rel=5e-3)


def test_a_score_that_would_rise_with_the_cases_says_only_how_many_there_are():
    scores, happened = np.arange(100.0), np.arange(100) >= 80
    found = Falling.fit(scores, happened, np.ones(100))
    assert found.steepness == 0
    assert found([-1e9, 0, 1e9]) == pytest.approx(np.full(3, 0.2), abs=0.01)


def test_cases_parted_without_a_mistake_give_a_curve_with_an_end():
    found = Falling.fit(np.array([0.0, 1, 2, 10, 11, 12]), np.arange(6) < 3, np.ones(6))
    assert 0 < found.steepness < 10
    assert found([1.0])[0] > 0.7 > 0.3 > found([11.0])[0]


def test_scores_that_are_all_one_give_the_share_of_cases():
    found = Falling.fit(np.full(1000, 7.0), np.arange(1000) < 300, np.ones(1000))
    assert found([7.0])[0] == pytest.approx(0.3, abs=0.01)


def test_far_scores_give_no_overflow_and_a_rising_curve_is_refused():
    assert Falling(height=0.0, steepness=1.0)([-1e300, 1e300]).tolist() == pytest.approx([1.0, 0.0], abs=1e-300)
    with pytest.raises(ThujaError, match="steepness -1"):
        Falling(height=0.0, steepness=-1.0)
