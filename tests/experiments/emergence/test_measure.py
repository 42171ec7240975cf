"""What is measured of vectors whose answer is known by how they were made."""

from pathlib import Path

import numpy as np
import pytest

from thuja.biosphere import World, WorldConfig
from thuja.biosphere.evolution import brownian
from thuja.biosphere.traits import HABITATS
from thuja.embeddings import normalized
from thuja.experiments.emergence.across import balanced, explained, folds_of, read_across
from thuja.experiments.emergence.claims import Asked, asked, verdicts
from thuja.experiments.emergence.figures import arms_figure, scale_figure
from thuja.experiments.emergence.measure import ecology_scores, split_scores, theorem_scores, tree_scores
from thuja.experiments.emergence.page import TABLES, to_page
from thuja.experiments.emergence.rows import Point, read_points, same_as, write_points
from thuja.experiments.emergence.seen import Floats
from thuja.taxonomy import Rank

WORLD = World.make(WorldConfig(seed=4, species=60, images=4, misplaced=0.0, homonyms=0.0))
IS_HELD = np.arange(60) % 4 == 0


def pictures_of(means: Floats, *, spread: float = 0.01) -> Floats:
    """Six pictures of each species near its mean."""
    noise = np.random.default_rng(0).standard_normal((len(means), 6, means.shape[1]))
    return normalized(means[:, None] + spread * noise)


def test_a_space_that_grew_on_the_tree_lies_by_it_and_a_random_one_does_not() -> None:
    generator = np.random.default_rng(0)
    grown = tree_scores(pictures_of(brownian(WORLD.tree, 200, generator)), WORLD, IS_HELD)
    random = tree_scores(pictures_of(generator.standard_normal((60, 200))), WORLD, IS_HELD)
    assert grown["tau"] > 0.8
    assert grown["family"] > 0.9
    assert abs(random["tau"]) < 0.2
    assert random["family"] < 0.5


def test_habitats_are_read_where_they_show_and_not_where_they_do_not() -> None:
    generator = np.random.default_rng(1)
    habitat = np.array([HABITATS.index(species.habitat) for species in WORLD.species])
    noise = generator.standard_normal((60, 10))
    shown = np.column_stack([3 * (habitat[:, None] == np.arange(len(HABITATS))), noise])
    found = ecology_scores(pictures_of(shown), WORLD, np.random.default_rng(0))
    assert found["habitat"] > 0.9
    assert found["habitat_p"] == pytest.approx(1 / 101)
    blind = ecology_scores(pictures_of(noise), WORLD, np.random.default_rng(0))
    assert blind["habitat"] < 0.45
    assert blind["habitat_p"] > 0.05
    assert abs(blind["habitat"] - blind["habitat_null"]) < 0.25


def test_a_reading_across_folds_finds_what_is_linear_and_says_the_mean_of_what_is_not() -> None:
    generator = np.random.default_rng(2)
    features = generator.standard_normal((90, 5))
    targets = np.column_stack([features @ [1.0, -2.0, 0.0, 0.5, 0.0], generator.standard_normal(90)])
    folds = folds_of(np.repeat(np.arange(30), 3), 5, generator)
    assert all(len(np.unique(folds[clade * 3 : clade * 3 + 3])) == 1 for clade in range(30))
    assert np.bincount(folds).tolist() == [18] * 5
    r2 = explained(read_across(features, targets, folds), targets, folds)
    assert r2[0] > 0.95
    assert -0.2 < r2[1] < 0.1
    assert balanced(np.array([0, 0, 1]), np.array([0, 0, 2])) == 0.5


@pytest.mark.parametrize(("is_inside", "low", "high"), [(True, 0.98, 1 + 1e-9), (False, 0.0, 0.05)])
def test_variation_lies_inside_the_span_or_outside_as_it_was_made(is_inside: bool, low: float, high: float) -> None:
    generator = np.random.default_rng(3)
    means = np.zeros((40, 60))
    means[:, :10] = generator.standard_normal((40, 10))
    own = np.zeros((40, 12, 60))
    own[:, :, slice(0, 10) if is_inside else slice(30, 60)] = generator.standard_normal(
        (40, 12, 10 if is_inside else 30)
    )
    found = split_scores(means[:, None] + 0.3 * own, np.random.default_rng(0))
    assert low <= found["split"] <= high
    assert (found["log_split"] < -0.1) != is_inside


def test_short_deviations_cost_what_the_second_order_says_and_those_outside_the_span_nothing() -> None:
    generator = np.random.default_rng(4)
    texts = normalized(np.column_stack([generator.standard_normal((20, 15)), np.zeros((20, 5))]))
    inside = np.zeros((20, 300, 20))
    inside[:, :, :15] = 0.3 * generator.standard_normal((20, 300, 15))
    found = theorem_scores(texts[:, None] + inside, texts, 10.0)
    assert found["ratio"] == pytest.approx(1, abs=0.1)
    assert found["length"] == pytest.approx(10 * 0.3 * np.sqrt(15), rel=0.05)
    both = inside.copy()
    both[:, :, 15:] = 5 * generator.standard_normal((20, 300, 5))
    free = theorem_scores(texts[:, None] + both, texts, 10.0)
    assert free["penalised"] < found["penalised"]
    assert free["full_ratio"] == pytest.approx(found["full_ratio"], rel=0.05)


def points_of(*, tau: float) -> list[Point]:
    arms = {"emergence/plain": tau, "emergence/pixels": 0.0, "emergence/untrained": 0.1, "emergence/shuffled": 0.2}
    names = ("tau_neutral", "tau_other", "family_neutral", "family_other")
    return [
        Point(
            arm=arm,
            world=str(w),
            seed=s,
            config="c",
            seconds=1.0,
            scores=dict.fromkeys(names, round(value + 0.01 * w, 2)),
        )
        for arm, value in arms.items()
        for w in range(5)
        for s in range(2)
    ]


def test_a_claim_holds_where_every_number_lies_on_its_side() -> None:
    assert verdicts(points_of(tau=0.6))["C22"] == {"tau": True, "family": True}
    assert verdicts(points_of(tau=0.15))["C22"] == {"tau": False, "family": False}
    assert not any(any(parts.values()) for claim, parts in verdicts(points_of(tau=0.6)).items() if claim != "C22")
    near = Asked(claim="C", part="p", name=("tau_neutral",), constant=0.5, high=0.05)
    assert not near.holds(points_of(tau=0.6))  # 0.12 on the mean, above the range


def test_every_claim_asks_for_something_and_its_arms_are_told() -> None:
    assert {one.claim for one in asked()} == {f"C{number}" for number in range(22, 28)}
    assert same_as("scale/all") == ["controls/plain", "scale/all"]
    assert same_as("emergence/plain") == ["emergence/plain"]


def test_a_table_of_points_is_read_as_it_was_written(tmp_path: Path) -> None:
    points = points_of(tau=0.5)
    write_points(tmp_path / "table.csv", points)
    assert read_points(tmp_path / "table.csv") == points
    assert read_points(tmp_path / "none.csv") == []


def test_tables_and_figures_show_what_is_there() -> None:
    points = points_of(tau=0.5)
    page = to_page(points)
    assert all(f"### {shown.title}" in page for shown in TABLES)
    assert "| lineages | 0.520 |" in page.replace("|  |", "|")
    assert "| raw pixels |" in page
    assert "-0.500, -0.500 to -0.500" in page
    assert arms_figure(points).startswith("<?xml")
    assert scale_figure(points).startswith("<?xml")
    assert len(WORLD.clades[Rank.FAMILY]) == 60
