"""Selective prediction against the definition of Geifman and El-Yaniv, written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.errors import EmptyInput, ThujaError, UsageError
from thuja.metrics.bootstrap import over_clusters
from thuja.metrics.selective import aurc, excess_aurc, risk_at_coverage, risk_coverage

LOSSES = st.one_of(st.integers(0, 1), st.integers(0, 7))
ANSWERS = st.lists(st.tuples(st.integers(-3, 3), LOSSES), min_size=1, max_size=25)


def risk_from(threshold, answers):
    kept = [loss for confidence, loss in answers if confidence >= threshold]
    return sum(kept) / len(kept)


def written_out_aurc(answers):
    """The mean, over the images' confidences as thresholds, of the risk of what is kept."""
    return sum(risk_from(threshold, answers) for threshold, _ in answers) / len(answers)


@given(ANSWERS)
def test_aurc_and_its_excess_are_their_definitions(answers) -> None:
    confidences, losses = zip(*answers, strict=True)
    assert aurc(confidences, losses) == pytest.approx(written_out_aurc(answers))
    best = [(-place, loss) for place, loss in enumerate(sorted(losses))]
    assert excess_aurc(confidences, losses) == pytest.approx(
        written_out_aurc(answers) - written_out_aurc(best), abs=1e-12
    )


@given(ANSWERS)
def test_the_excess_is_never_below_0_and_the_curve_ends_at_the_overall_risk(answers) -> None:
    confidences, losses = zip(*answers, strict=True)
    assert excess_aurc(confidences, losses) >= -1e-12
    curve = risk_coverage(confidences, losses)
    assert (curve.coverage[-1], curve.risk[-1]) == pytest.approx((1, np.mean(losses)))
    assert (np.diff(curve.coverage) > 0).all()
    assert (np.diff(curve.threshold) < 0).all()


@given(ANSWERS, st.floats(0.01, 1))
def test_risk_at_coverage_keeps_the_fewest_that_suffice(answers, coverage) -> None:
    confidences, losses = zip(*answers, strict=True)
    for threshold in sorted(set(confidences), reverse=True):
        if sum(one >= threshold for one in confidences) / len(answers) >= coverage:
            break
    assert risk_at_coverage(confidences, losses, coverage) == pytest.approx(risk_from(threshold, answers))


def test_known_curves() -> None:
    curve = risk_coverage([0.9, 0.8, 0.7, 0.6], [0, 0, 1, 1])
    assert curve.coverage.tolist() == [0.25, 0.5, 0.75, 1]
    assert curve.risk.tolist() == pytest.approx([0, 0, 1 / 3, 0.5])
    assert risk_at_coverage([0.9, 0.8, 0.7, 0.6], [0, 0, 1, 1], 0.5) == 0
    assert aurc([0.9, 0.8, 0.7, 0.6], [0, 0, 1, 1]) == pytest.approx((1 / 3 + 0.5) / 4)
    assert excess_aurc([0.9, 0.8, 0.7, 0.6], [0, 0, 1, 1]) == pytest.approx(0)


def test_a_confidence_that_is_always_the_same_has_the_overall_risk() -> None:
    assert aurc([0.5] * 4, [0, 1, 0, 0]) == 0.25
    assert risk_at_coverage([0.5] * 4, [1, 0, 0, 0], 0.1) == 0.25


def test_the_best_area_is_near_the_closed_form_of_the_paper() -> None:
    """Geifman et al. 2019: about r + (1 - r) ln(1 - r) for an error r."""
    losses = np.arange(10_000) < 2_000
    best = aurc(-losses.astype(float) - np.linspace(0, 0.5, 10_000), losses)
    assert best == pytest.approx(0.2 + 0.8 * np.log(0.8), abs=1e-4)
    assert excess_aurc(-losses.astype(float) - np.linspace(0, 0.5, 10_000), losses) == pytest.approx(0, abs=1e-12)


def test_an_interval_is_had_over_clusters() -> None:
    confidences, losses = np.linspace(1, 0, 20), np.repeat([0, 1], 10)
    species = np.repeat([0, 1], 10)
    found = over_clusters(lambda rows: aurc(confidences[rows], losses[rows]), species, np.random.default_rng(0))
    assert (found.low, found.high) == (0, 1)
    assert found.value == pytest.approx(sum((n - 10) / n for n in range(11, 21)) / 20)


def test_what_cannot_be_ranked_is_told() -> None:
    with pytest.raises(EmptyInput):
        aurc([], [])
    with pytest.raises(ThujaError, match="1 of 2 losses are not numbers"):
        aurc([1, 2], [0, np.nan])
    with pytest.raises(ThujaError, match="1 losses do not fit 2 images"):
        excess_aurc([1, 2], [0])
    with pytest.raises(UsageError, match="coverage"):
        risk_at_coverage([1.0], [0], 0)
