import numpy as np
import pytest
from sklearn.linear_model import Ridge as Reference

from thuja.classify.examples.labelled import Labelled
from thuja.classify.examples.ridge import _PENALTIES, Ridge, _solved
from thuja.errors import EmptyInput


def drawn(observations=60, images=1, seed=0):
    """Numbers that lie along one direction, with an error that images of an observation share."""
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(observations, 10))
    numbers = 20 + 5 * (vectors / np.linalg.norm(vectors, axis=1, keepdims=True))[:, 0]
    numbers += generator.normal(size=observations)
    groups = np.repeat(np.arange(observations), images)
    return Labelled.of(vectors[groups], np.zeros(len(groups)), groups), numbers[groups]


def test_the_solutions_are_scikit_learns():
    labelled, numbers = drawn()
    weights, bias = _solved(labelled.vectors.astype(float), numbers)
    for place in (0, 10, 32):
        reference = Reference(alpha=_PENALTIES[place]).fit(labelled.vectors.astype(float), numbers)
        np.testing.assert_allclose(weights[place], reference.coef_, atol=1e-6)
        assert bias[place] == pytest.approx(reference.intercept_)


def test_an_error_is_that_of_the_regression_that_did_not_see_the_observation():
    labelled, numbers = drawn(images=2)
    ridge = Ridge.fit(labelled, numbers)
    rounds = labelled.rounds()
    for row in (0, 13, 77):
        rest = rounds != rounds[row]
        reference = Reference(alpha=ridge.penalty).fit(labelled.vectors[rest].astype(float), numbers[rest])
        expected = abs(reference.predict(labelled.vectors[[row]].astype(float))[0] - numbers[row])
        assert ridge.errors[row] == pytest.approx(expected, abs=1e-3)


def plain_interval(ridge, vector, coverage):
    """CV+ as the paper writes it, an example an observation: the floor(a (n + 1))-th and its mirror."""
    said = np.array([vector @ ridge.weights[1 + number] + ridge.bias[1 + number] for number in ridge.rounds])
    count = len(said)
    rank = int(np.floor((1 - coverage) * (count + 1) + 1e-9))
    return np.sort(said - ridge.errors)[rank - 1], np.sort(said + ridge.errors)[count - rank]


def test_the_interval_is_cv_plus_written_out():
    labelled, numbers = drawn(observations=57)
    ridge = Ridge.fit(labelled, numbers)
    asked = drawn(observations=20, seed=1)[0].vectors
    for coverage in (0.8, 0.9, 0.95):
        low, high = ridge.intervals(asked, coverage)
        expected = [plain_interval(ridge, vector, coverage) for vector in asked]
        np.testing.assert_allclose(np.stack([low, high], axis=1), expected, atol=1e-4)


def test_nine_of_ten_new_observations_lie_inside_however_many_images_some_have():
    inside = []
    for seed in range(12):
        plain, numbers = drawn(observations=60, seed=seed)
        copies = np.where(np.arange(60) < 3, 100, 1)  # three observations have a hundred images each
        rows = np.repeat(np.arange(60), copies)
        ridge = Ridge.fit(Labelled.of(plain.vectors[rows], np.zeros(len(rows)), rows), numbers[rows])
        asked, truth = drawn(observations=200, seed=100 + seed)
        low, high = ridge.intervals(asked.vectors)
        inside.append(((low <= truth) & (truth <= high)).mean())
    assert 0.87 <= np.mean(inside) <= 0.96


def test_with_too_few_observations_the_interval_is_everything():
    labelled, numbers = drawn(observations=8)
    low, high = Ridge.fit(labelled, numbers).intervals(labelled.vectors)
    assert np.isinf(low).all()
    assert np.isinf(high).all()


def test_examples_of_one_observation_teach_no_number():
    labelled, numbers = drawn(observations=1, images=5)
    with pytest.raises(EmptyInput, match="one observation"):
        Ridge.fit(labelled, numbers)
