"""Chance against the mean over every order of the candidates."""

from itertools import permutations

import numpy as np
import pytest

from thuja.metrics.chance import (
    average_precision_chance,
    hit_chance,
    ndcg_chance,
    reciprocal_rank_chance,
)

ORDERS = {right: [np.array(order) < right for order in permutations(range(6))] for right in (1, 2, 6)}


@pytest.mark.parametrize("right", ORDERS)
@pytest.mark.parametrize("depth", [1, 3, 6, 9])
def test_chance_is_the_mean_over_all_orders(right: int, depth: int) -> None:
    places = np.arange(1, 7)
    discounts = 1 / np.log2(places + 1)
    hits, precision, gains, ranks = [], [], [], []
    for order in ORDERS[right]:
        cut = order & (places <= depth)
        hits.append(cut.any())
        precision.append((cut * np.cumsum(order) / places).sum() / right)
        gains.append((cut * discounts).sum() / discounts[: min(right, depth)].sum())
        ranks.append(1 / places[cut][0] if cut.any() else 0)
    assert hit_chance(right, 6, depth) == pytest.approx(np.mean(hits))
    assert average_precision_chance(right, 6, depth, normaliser=right) == pytest.approx(np.mean(precision))
    assert ndcg_chance(right, 6, depth) == pytest.approx(np.mean(gains))
    assert reciprocal_rank_chance(right, 6, depth) == pytest.approx(np.mean(ranks))


def test_chance_of_a_hit_takes_many_questions_at_once() -> None:
    found = hit_chance(np.array([1, 2, 0, 3]), np.array([4, 4, 4, 3]), np.array([1, 2, 4, 0]))
    assert found == pytest.approx([1 / 4, 1 - 2 / 4 * 1 / 3, 0, 0])


def test_one_candidate_alone_is_always_found() -> None:
    assert average_precision_chance(1, 1, 50, normaliser=1) == 1
    assert ndcg_chance(1, 1, 50) == 1
    assert reciprocal_rank_chance(1, 1, 50) == 1


def test_one_relevant_image_among_five_million_is_found_by_chance_once_in_a_hundred_thousand() -> None:
    assert hit_chance(1, 5_000_000, 50) == pytest.approx(50 / 5_000_000, rel=1e-6)
