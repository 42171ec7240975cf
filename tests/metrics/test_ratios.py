"""Ratios on the same redraws: the plain definition, and differences that are paired."""

import numpy as np
import pytest

from thuja.errors import EmptyInput, ThujaError
from thuja.metrics.bootstrap import mean_over_clusters
from thuja.metrics.ratios import Ratio, interval, redrawn


def test_a_ratio_of_rows_is_their_mean_with_the_interval_over_clusters() -> None:
    generator = np.random.default_rng(0)
    clusters = generator.integers(0, 60, size=900)
    values = generator.normal(size=900) + clusters / 20
    drawn = redrawn([Ratio.of_rows(values, clusters)], np.random.default_rng(1), replicates=4000)
    found, plain = (
        interval(drawn[:, 0]),
        mean_over_clusters(values, clusters, np.random.default_rng(2), replicates=4000),
    )
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=0.05)


def test_two_equal_ratios_differ_by_nothing_in_any_redraw() -> None:
    values = np.random.default_rng(0).normal(size=40)
    drawn = redrawn([Ratio.mean(values), Ratio.mean(values + 3)], np.random.default_rng(1))
    difference = interval(drawn[:, 1] - drawn[:, 0])
    assert (difference.value, difference.low, difference.high) == pytest.approx((3, 3, 3))
    alone = interval(drawn[:, 0])
    assert alone.high - alone.low > 0.4


def test_redraws_in_blocks_are_as_wide_as_the_normal_interval() -> None:
    """With 5,000 clusters the draws do not fit in one block."""
    values = np.random.default_rng(0).normal(size=5000)
    found = interval(redrawn([Ratio.mean(values)], np.random.default_rng(1), replicates=1500)[:, 0])
    half = 1.96 * values.std() / np.sqrt(5000)
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.15 * half)


def test_a_ratio_over_nothing_is_no_number_and_its_redraws_are_left_out() -> None:
    chosen = np.array([False, False, True])
    drawn = redrawn([Ratio.of_rows([1, 2, 3], [0, 0, 1], chosen), Ratio.of_rows([1, 2, 3], [0, 0, 1])], _seeded())
    assert np.isnan(drawn[1:, 0]).any()
    assert interval(drawn[:, 0]).value == interval(drawn[:, 0]).low == 3
    assert np.isnan(interval(redrawn([Ratio.of_rows([1], [0], [False])], _seeded())[:, 0]).value)


def test_what_cannot_be_redrawn_or_paired_is_said() -> None:
    with pytest.raises(EmptyInput):
        redrawn([Ratio.mean([])], _seeded())
    with pytest.raises(ThujaError, match="cannot be paired"):
        redrawn([Ratio.mean([1]), Ratio.mean([1, 2])], _seeded())
    with pytest.raises(ThujaError, match="two numbers a cluster"):
        Ratio(tops=np.ones(2), bottoms=np.ones(3))


def _seeded() -> np.random.Generator:
    return np.random.default_rng(0)
