"""Liabilities, and the traits that are read off them."""

import numpy as np
import pytest

from thuja.biosphere import evolution
from thuja.biosphere.evolution import COLUMNS, WIDTH, value_of
from thuja.biosphere.roles import Role
from thuja.biosphere.traits import HABITATS, TRAITS, Looks
from thuja.biosphere.tree import Tree
from thuja.errors import UsageError

TREE = Tree.grow(300, np.random.default_rng(0), extinction=0.5)


def test_there_are_27_traits_a_third_never_named_in_both_kinds():
    assert len(TRAITS) == 27
    assert sum(not trait.is_named for trait in TRAITS.values()) == 9
    for is_discrete, count, unnamed in ((True, 11, 4), (False, 16, 5)):
        kind = [trait for trait in TRAITS.values() if trait.is_discrete == is_discrete]
        assert (len(kind), sum(not trait.is_named for trait in kind)) == (count, unnamed)


def test_columns_tile_the_liabilities():
    places = [place for columns in COLUMNS.values() for place in range(columns.start, columns.stop)]
    assert places == list(range(WIDTH))


def test_every_state_of_a_trait_is_about_as_common():
    draws = np.random.default_rng(1).standard_normal((4000, WIDTH))
    for name, trait in TRAITS.items():
        values = [value_of(trait, row[COLUMNS[name]]) for row in draws]
        if trait.is_discrete:
            known = trait.states or trait.counts
            shares = [values.count(state) / len(values) for state in known]
            np.testing.assert_allclose(shares, 1 / len(known), atol=0.03)
        else:
            np.testing.assert_allclose(np.quantile(values, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], atol=0.03)


def test_brownian_motion_has_variance_one_and_the_covariance_of_shared_time():
    values = evolution.brownian(TREE, 4000, np.random.default_rng(2))
    found = np.cov(values[:40], bias=True)
    expected = np.zeros((40, 40))
    ancestry = []
    for tip in TREE.tips[:40].tolist():
        line = [tip]
        while TREE.parent[line[-1]] >= 0:
            line.append(int(TREE.parent[line[-1]]))
        ancestry.append(line)
    for one in range(40):
        for other in range(40):
            shared = next(branch for branch in ancestry[one] if branch in ancestry[other])
            expected[one, other] = TREE.death[shared] if one != other else 1.0
    np.testing.assert_allclose(found, expected, atol=0.12)


def test_a_habitat_has_the_share_of_variance_that_was_asked():
    habitat = evolution.markov(TREE, len(HABITATS), 3.0, generator=np.random.default_rng(3))
    rest = np.random.default_rng(4).standard_normal((300, 200))
    pulled = evolution.pulled(rest, habitat, 0.4, generator=np.random.default_rng(5))
    means = np.stack([pulled[habitat == state].mean(axis=0) for state in range(5)])[habitat]
    assert np.mean(means.var(axis=0) / pulled.var(axis=0)) == pytest.approx(0.4, abs=0.03)
    np.testing.assert_array_equal(evolution.pulled(rest, habitat, 0.0, generator=np.random.default_rng(5)), rest)


def test_a_fast_habitat_forgets_its_ancestry_and_one_that_never_changes_is_the_roots():
    fast = evolution.markov(TREE, 5, 1000.0, generator=np.random.default_rng(6))
    genera = TREE.clades(100)
    alike = [len(set(fast[genera == genus])) == 1 for genus in np.unique(genera) if (genera == genus).sum() > 2]
    assert np.mean(alike) < 0.2
    assert len(set(evolution.markov(TREE, 5, 0.0, generator=np.random.default_rng(7)).tolist())) == 1


def drawn(species: int = 400) -> tuple[list[Looks], dict[str, Role]]:
    """Looks of species, all traits telling species apart but two that are noise."""
    tree = Tree.grow(species, np.random.default_rng(0), extinction=0.5)
    liabilities = evolution.inherited(tree, WIDTH, 0.8, generator=np.random.default_rng(8))
    roles = dict.fromkeys(TRAITS, Role.DIAGNOSTIC) | {"hue": Role.NOISE, "mouth": Role.NOISE}
    return [evolution.looks_of(row, "bird") for row in liabilities], roles


def test_the_visible_design_has_a_column_a_share_a_count_and_a_state_but_one():
    looks, roles = drawn()
    design = evolution.visible_design(looks, roles)
    shown = [trait for name, trait in TRAITS.items() if roles[name] != Role.NOISE]
    assert design.shape == (400, sum(max(1, len(trait.states) - 1) for trait in shown))
    elongation = np.array([one.elongation for one in looks])
    np.testing.assert_allclose(1 / (1 + np.exp(-evolution.STEEPNESS * design[:, 0])), elongation)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 1.0])
def test_what_is_drawn_explains_a_hidden_variable_exactly_as_far_as_asked(share):
    """By scikit-learn's regression on the drawn values themselves, not on what they were drawn from."""
    linear_model = pytest.importorskip("sklearn.linear_model")
    looks, roles = drawn()
    found = evolution.hidden(evolution.visible_design(looks, roles), (share,), np.random.default_rng(9))[:, 0]
    rows = []
    for one in looks:
        row = []
        for name, trait in TRAITS.items():
            value = getattr(one, name)
            if roles[name] != Role.NOISE:
                row += [float(value == state) for state in trait.states] or [
                    value if trait.counts else np.log(value / (1 - value))
                ]
        rows.append(row)
    model = linear_model.LinearRegression().fit(rows, found)
    assert model.score(rows, found) == pytest.approx(share, abs=1e-6)
    assert found.std() == pytest.approx(1)


def test_the_tree_knows_nothing_of_a_hidden_variable_beyond_the_traits():
    looks, roles = drawn()
    found = evolution.hidden(evolution.visible_design(looks, roles), (0.0,) * 60, np.random.default_rng(10))
    families = Tree.grow(400, np.random.default_rng(0), extinction=0.5).clades(30)
    means = np.stack([found[families == f].mean(axis=0) for f in range(30)])[families]
    # Of nothing but chance, 30 groups of 400 explain 29 / 399; less, as what they share with traits is taken out.
    assert np.mean(means.var(axis=0) / found.var(axis=0)) < 29 / 399


def test_few_species_have_hidden_variables_too():
    for species in (1, 2, 5):
        looks, roles = drawn(species)
        found = evolution.hidden(evolution.visible_design(looks, roles), (0.3, 0.6), np.random.default_rng(1))
        assert found.shape == (species, 2)
        assert np.isfinite(found).all()


def test_a_trait_that_cannot_be_is_refused():
    for name, value in (("hue", 1.2), ("hue", float("nan")), ("mouth", "wide"), ("ocelli", 7), ("hue", "red")):
        with pytest.raises(UsageError, match=name):
            TRAITS[name].check(value)
