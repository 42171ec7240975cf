"""The curve from a probability to how often it is right."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.classify.calibrate.reliability_maps import BetaMap, calibration_error
from thuja.metrics.calibration import ece


def drawn(curve: BetaMap, count: int, seed: int = 0):
    generator = np.random.default_rng(seed)
    given_ = generator.random(count)
    return given_, generator.random(count) < curve(given_)


@pytest.mark.parametrize("curve", [BetaMap(), BetaMap(a=0.5, b=1.5, c=-0.3), BetaMap(a=2.0, b=2.0, c=0.5)])
def test_the_curve_that_answers_were_drawn_by_is_found(curve: BetaMap) -> None:
    given_, is_right = drawn(curve, 20_000)
    found = BetaMap.fit(given_, is_right)
    points = np.linspace(0.05, 0.95, 19)
    assert found(points) == pytest.approx(curve(points), abs=0.02)


def test_few_answers_leave_the_identity_nearly_as_it_is() -> None:
    found = BetaMap.fit([0.6, 0.7, 0.8], [False, False, False])
    assert 0.45 < found(0.7) < 0.7
    assert BetaMap.fit([], [])(0.7) == pytest.approx(0.7)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30))
def test_a_curve_never_falls_and_stays_between_nought_and_one(answers) -> None:
    probabilities, is_right = zip(*answers, strict=True) if answers else ((), ())
    told = BetaMap.fit(probabilities, is_right)(np.linspace(0, 1, 101))
    assert (np.diff(told) >= -1e-12).all()
    assert told[0] == 0
    assert told.max() <= 1


@given(st.lists(st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.booleans()), min_size=1, max_size=40))
def test_the_calibration_error_is_that_of_evaluate(answers) -> None:
    confidences, is_right = zip(*answers, strict=True)
    assert calibration_error(confidences, is_right) == pytest.approx(ece(confidences, is_right), abs=1e-12)
