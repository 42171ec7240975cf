"""The whole pipeline on spaces whose answer is known: p-values where nothing is there, and what is there is found."""

import numpy as np
import pytest
from scipy import stats
from tests.analyze.traits.worlds import World, along_tree

from thuja.analyze.ancestry import EQUAL_STEPS, GRAFEN
from thuja.analyze.traits import Axes, Measured, Problem, SpeciesTrait, TraitSettings, make_problem, measure

RUNS = 200


def measured(world: World, trait: SpeciesTrait, generator: np.random.Generator, *, draws: int = 59) -> Measured:
    problem = make_problem(trait, generator, TraitSettings(draws=draws, folds=6))
    assert isinstance(problem, Problem)
    axes = Axes.of(world.vectors[problem.trait.species])
    assert axes is not None
    return measure(problem, axes)[""]


def categories(liabilities: np.ndarray) -> np.ndarray:
    return (liabilities > np.median(liabilities)).astype(np.float64)


def null_runs(lambda_: float, *, is_category: bool, is_grafen: bool = True) -> list[Measured]:
    generator = np.random.default_rng(7)
    found = []
    for _ in range(RUNS):
        world = World.make(generator, is_grafen=is_grafen)
        values = along_tree(world.ancestry, lambda_, 1, generator)[:, 0]
        trait = world.trait(categories(values), ("no", "yes")) if is_category else world.trait(values)
        found.append(measured(world, trait, generator))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("lambda_", [1.0, 0.0], ids=["along the tree", "independent"])
def test_p_values_beyond_ancestry_are_uniform_where_vectors_carry_the_tree_alone(lambda_: float) -> None:
    """200 worlds, and traits that know nothing of the vectors but the tree, by the branch lengths that are true.

    Scores depend on lambda as the regression's t does not: a null of uncertain lambda is wide for them, and errs on the
    side of saying nothing.
    """
    runs = null_runs(lambda_, is_category=False)
    p_values = [run.ts[GRAFEN].p_value for run in runs]
    assert stats.kstest(p_values, "uniform").pvalue > 0.01
    assert np.mean([run.scores[GRAFEN].p_value <= 0.05 for run in runs]) <= 0.08
    assert np.mean([run.beyond_p <= 0.05 for run in runs]) <= 0.08


@pytest.mark.slow
def test_p_values_of_categories_are_uniform_too() -> None:
    runs = null_runs(1.0, is_category=True)
    assert stats.kstest([run.ts[GRAFEN].p_value for run in runs], "uniform").pvalue > 0.01
    assert np.mean([run.beyond_p <= 0.05 for run in runs]) <= 0.08


@pytest.mark.slow
def test_the_plain_p_value_of_the_regression_is_not_uniform() -> None:
    """Why simulated traits decide: a prediction without a clade leans away from what that clade is like."""
    runs = null_runs(0.0, is_category=False)
    plain = [float(stats.norm.sf(run.regressions[GRAFEN].t[0])) for run in runs]
    assert stats.kstest(plain, "uniform").pvalue < 1e-6
    assert np.mean(plain) > 0.6


def test_a_variable_that_knows_no_tree_is_found() -> None:
    generator = np.random.default_rng(3)
    world = World.make(generator, orders=10)
    ecology = generator.standard_normal(len(world.taxa))
    world.vectors[:, 0] += 3 * ecology
    found = measured(world, world.trait(10 + 2 * ecology), generator)
    assert found.scores[GRAFEN].value > 0.6
    assert found.score_p == pytest.approx(1 / 60)
    assert found.beyond_p == pytest.approx(1 / 60)
    assert found.ts[EQUAL_STEPS].value > 5


def test_categories_that_know_no_tree_are_found() -> None:
    generator = np.random.default_rng(4)
    world = World.make(generator, orders=10)
    labels = generator.integers(3, size=len(world.taxa))
    world.vectors[:, :3] += 4 * np.eye(3)[labels]
    found = measured(world, world.trait(labels, ("sea", "lake", "land")), generator, draws=39)
    assert found.scores[GRAFEN].value > 0.8
    assert found.beyond_p == pytest.approx(1 / 40)


def test_random_vectors_tell_nothing() -> None:
    generator = np.random.default_rng(5)
    world = World.make(generator, orders=12)
    world.vectors[:] = generator.standard_normal(world.vectors.shape)
    found = [
        measured(world, world.trait(along_tree(world.ancestry, 0.5, 1, generator)[:, 0]), generator, draws=19)
        for _ in range(8)
    ]
    assert np.mean([one.scores[GRAFEN].value for one in found]) < 0.02
    assert min(one.beyond_p for one in found) > 0.03


def test_a_trait_that_is_the_tree_is_not_beyond_it() -> None:
    """An order's own value, in vectors that carry orders: kin tell it, and nothing tells it of an order left out."""
    generator = np.random.default_rng(6)
    world = World.make(generator, orders=10)
    orders = np.unique([taxon.order for taxon in world.taxa], return_inverse=True)[1]
    world.vectors[:, :10] += 5 * np.eye(10)[orders]
    trait = world.trait(generator.standard_normal(10)[orders] + 0.1 * generator.standard_normal(len(orders)))
    found = measured(world, trait, generator)
    assert found.scores[GRAFEN].value < 0.2
    assert found.beyond_p > 0.05
