"""Scores on all, clean and leaked images: closed forms, and what a mask without a leak gives."""

import numpy as np
import pytest

from thuja.errors import EmptyInput, ThujaError
from thuja.evaluate.leak_scores import COLUMNS, score_by_leak
from thuja.report import Report


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def test_the_parts_and_their_differences_are_those_of_the_images() -> None:
    values = np.array([1, 1, 0, 0, 1, 0, 1, 1])
    leaked = np.array([True, True, False, False, True, False, False, False])
    species = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    found = score_by_leak(values, leaked, species, generator=generator())
    assert (found.every.images, found.clean.images, found.leaked.images) == (8, 5, 3)
    assert (found.every.clusters, found.clean.clusters, found.leaked.clusters) == (3, 3, 2)
    assert (found.every.score.value, found.clean.score.value, found.leaked.score.value) == (5 / 8, 2 / 5, 1)
    assert found.inflation.value == pytest.approx(5 / 8 - 2 / 5)
    assert (found.gap.value, found.gap_clusters) == (1, 2)
    Report("Leaks").section("Leaks").table(COLUMNS, found.cells())


def test_leaks_of_easy_species_inflate_a_score_and_leave_no_gap_within_species() -> None:
    """Right by species alone: half of the species always, the others never; what leaks is nearly all of the first."""
    random = generator()
    species = np.repeat(np.arange(60), 20)
    values = (species % 2 == 0).astype(float)
    leaked = random.random(1200) < np.where(species % 2 == 0, 0.9, 0.1)
    found = score_by_leak(values, leaked, species, generator=random)
    assert found.leaked.score.value > 0.85
    assert found.clean.score.value < 0.15
    assert (found.gap.value, found.gap.low, found.gap.high) == (0, 0, 0)
    assert found.inflation.low > 0


def test_the_interval_of_the_inflation_is_paired_and_so_narrower_than_that_of_the_scores() -> None:
    random = generator()
    species = np.repeat(np.arange(80), 10)
    values = (random.random(80) < 0.5)[species].astype(float)
    leaked = np.tile(np.arange(10) == 0, 80)
    found = score_by_leak(values, leaked, species, generator=random)
    assert (found.inflation.value, found.inflation.low, found.inflation.high) == pytest.approx((0, 0, 0), abs=1e-12)
    assert found.every.score.high - found.every.score.low > 0.15


@pytest.mark.parametrize("leaked", [[False] * 3, [True] * 3])
def test_without_both_kinds_of_images_there_is_nothing_to_compare(leaked: list[bool]) -> None:
    found = score_by_leak([1, 0, 1], leaked, [0, 0, 1], generator=generator())
    assert found.every.score.value == pytest.approx(2 / 3)
    assert (found.inflation, found.gap) == (None, None)
    assert (found.leaked.score is None, found.clean.score is None) == (not leaked[0], leaked[0])


def test_masks_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ThujaError, match="differ"):
        score_by_leak([1, 0], [True], [0, 0], generator=generator())
    with pytest.raises(EmptyInput):
        score_by_leak([], [], [], generator=generator())
