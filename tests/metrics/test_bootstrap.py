"""Intervals over clusters: what the plain definition gives, and no narrower for images that are alike."""

import numpy as np
import pytest

from thuja.errors import EmptyInput, ThujaError
from thuja.metrics import bootstrap as module
from thuja.metrics.accuracy import Hits
from thuja.metrics.bootstrap import bootstrap, mean_over_clusters, over_clusters


def test_the_mean_of_equal_clusters_has_the_interval_of_their_means() -> None:
    means = np.random.default_rng(0).normal(size=200)
    clusters = np.repeat(np.arange(200), 7)
    found = mean_over_clusters(np.repeat(means, 7), clusters, np.random.default_rng(1), replicates=4000)
    assert found.value == pytest.approx(means.mean())
    half = 1.96 * means.std() / np.sqrt(200)
    assert (found.low, found.high) == pytest.approx((means.mean() - half, means.mean() + half), abs=0.1 * half)


def test_images_of_a_cluster_that_are_alike_narrow_nothing() -> None:
    values = np.random.default_rng(0).integers(0, 2, size=30).astype(float)
    widths = []
    for copies in (1, 50):
        found = mean_over_clusters(
            np.repeat(values, copies), np.repeat(np.arange(30), copies), np.random.default_rng(1)
        )
        widths.append(found.high - found.low)
    assert widths[0] == pytest.approx(widths[1], rel=1e-12)


def test_any_statistic_over_clusters_agrees_with_the_mean() -> None:
    generator = np.random.default_rng(3)
    clusters = generator.integers(0, 40, size=500)
    values = generator.normal(size=500) + clusters / 10
    plain = mean_over_clusters(values, clusters, np.random.default_rng(5), replicates=3000)
    general = over_clusters(
        lambda rows: float(values[rows].mean()), clusters, np.random.default_rng(5), replicates=3000
    )
    assert general.value == plain.value
    assert (general.low, general.high) == pytest.approx((plain.low, plain.high), abs=0.05)


def test_replicates_without_a_value_are_left_out_and_nothing_to_score_is_said() -> None:
    found = over_clusters(lambda rows: 1.0 if len(set(rows)) > 1 else np.nan, [0, 1], np.random.default_rng(0))
    assert (found.low, found.high) == (1, 1)
    with pytest.raises(EmptyInput):
        mean_over_clusters([], [], np.random.default_rng(0))


def test_values_that_are_not_numbers_are_told() -> None:
    with pytest.raises(ThujaError, match="1 of 2 values are not numbers"):
        mean_over_clusters([0.5, np.nan], [0, 1], np.random.default_rng(0))
    with pytest.raises(ThujaError, match="1 values do not fit 2 images"):
        mean_over_clusters([0.5], [0, 1], np.random.default_rng(0))


def test_a_cluster_drawn_twice_brings_each_of_its_rows_twice() -> None:
    clusters, seen = np.array([4, 9, 4, 9, 9]), []

    def note(rows):
        seen.append(np.bincount(rows, minlength=5).tolist())
        return 0.0

    over_clusters(note, clusters, np.random.default_rng(0), replicates=50)
    assert all(counts == [n, 2 - n, n, 2 - n, 2 - n] for counts in seen[:-1] for n in [counts[0]])
    assert seen[-1] == [1] * 5
    assert {counts[0] for counts in seen} == {0, 1, 2}


def draws_of(generator, clusters, replicates):
    """How often each cluster is drawn in each replicate."""
    drawn = [generator.integers(clusters, size=clusters) for _ in range(replicates)]
    return np.array([np.bincount(each, minlength=clusters) for each in drawn])


@pytest.mark.parametrize("block", [2**22, 40])
def test_macro_accuracy_over_species_is_its_definition_draw_by_draw(monkeypatch, block) -> None:
    """Also where the draws come in several blocks: the same draws, hence the same interval."""
    generator = np.random.default_rng(8)
    species = generator.integers(0, 12, size=90)
    class_of = np.repeat(range(4), [5, 4, 2, 1])  # a class of many species, and one of one
    classes = class_of[species]
    is_right = generator.random(90) < 0.4
    draws = draws_of(np.random.default_rng(9), clusters=12, replicates=400)
    micro, macro = [], []
    for drawn in draws:
        micro.append(sum(drawn[species] * is_right) / sum(drawn[species]))
        shares, weights = [], []
        for one in range(4):
            inside = classes == one
            if drawn[species[inside]].sum():
                shares.append(sum(drawn[species[inside]] * is_right[inside]) / sum(drawn[species[inside]]))
                weights.append(drawn[class_of == one].mean())
        macro.append(np.average(shares, weights=weights))
    monkeypatch.setattr(module, "_BLOCK", block)
    hits = Hits(is_right=is_right, classes=classes, species=species)
    found = bootstrap(hits, np.random.default_rng(9), replicates=400)
    for interval, replicates in zip(found, (micro, macro), strict=True):
        assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(replicates, [0.025, 0.975])))


@pytest.mark.parametrize("block", [2**22, 40])
def test_the_mean_over_clusters_is_its_definition_draw_by_draw(monkeypatch, block) -> None:
    generator = np.random.default_rng(8)
    clusters, values = generator.integers(0, 12, size=90), generator.normal(size=90)
    draws = draws_of(np.random.default_rng(9), clusters=12, replicates=400)
    means = [np.average(values, weights=drawn[clusters]) for drawn in draws]
    monkeypatch.setattr(module, "_BLOCK", block)
    found = mean_over_clusters(values, clusters, np.random.default_rng(9), replicates=400)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])))
