"""What the knobs of a world promise, measured on ten worlds of default knobs."""

from functools import lru_cache

import numpy as np
import pytest

from thuja.biosphere import Role, World, WorldConfig
from thuja.biosphere.evolution import columns_of, names_of, visible_design
from thuja.biosphere.signal import Ancestry, Effect, blomberg_k, habitat_effect, pagel_lambda
from thuja.biosphere.traits import HABITATS

pytest.importorskip("scipy")
SEEDS = range(10)


@lru_cache(maxsize=10)
def world_of(seed: int) -> World:
    return World.make(WorldConfig(seed=seed, images=2))


@lru_cache(maxsize=10)
def ancestry_of(seed: int) -> Ancestry:
    return Ancestry.of(world_of(seed).tree)


def liabilities(seed: int, role: Role) -> np.ndarray:
    world = world_of(seed)
    return world.liabilities[:, columns_of(names_of(world.roles, role))]


def effects(seed: int, role: Role, *, shadow: bool = False) -> list[Effect]:
    species = world_of(seed).species
    habitat = [kind.shadow_habitat if shadow else kind.habitat for kind in species]
    states = np.array([HABITATS.index(name) for name in habitat])
    return [habitat_effect(column, states, ancestry_of(seed)) for column in liabilities(seed, role).T]


def test_diagnostic_traits_have_the_signal_that_was_asked():
    by_world = [np.mean(pagel_lambda(liabilities(seed, Role.DIAGNOSTIC), ancestry_of(seed))) for seed in SEEDS]
    error = np.std(by_world) / np.sqrt(len(by_world))
    assert np.mean(by_world) == pytest.approx(world_of(0).config.signal, abs=0.02 + 2 * error)
    assert error < 0.02


def test_blombergs_k_orders_roles_as_their_lambdas_do():
    means = {
        role: np.mean([np.mean(blomberg_k(liabilities(seed, role), ancestry_of(seed))) for seed in SEEDS])
        for role in (Role.DIAGNOSTIC, Role.CONVERGENT, Role.DECOY)
    }
    assert means[Role.DIAGNOSTIC] > means[Role.CONVERGENT]
    assert means[Role.DIAGNOSTIC] > means[Role.DECOY]


def test_decoys_have_the_signal_of_convergent_traits():
    """All of it, what a habitat gives them counted: that is what makes them a control."""
    gaps = [
        np.mean(pagel_lambda(liabilities(seed, Role.CONVERGENT), ancestry_of(seed)))
        - np.mean(pagel_lambda(liabilities(seed, Role.DECOY), ancestry_of(seed)))
        for seed in SEEDS
    ]
    assert abs(np.mean(gaps)) < 0.03 + 2 * np.std(gaps) / np.sqrt(len(gaps))


@pytest.mark.parametrize(("role", "shadow"), [(Role.CONVERGENT, False), (Role.DECOY, True)])
def test_a_habitats_effect_beyond_ancestry_is_as_asked(role, shadow):
    found = [effect for seed in SEEDS for effect in effects(seed, role, shadow=shadow)]
    shares = [effect.share for effect in found]
    assert np.mean(shares) == pytest.approx(world_of(0).config.convergence, abs=0.04)
    assert np.mean([effect.p_value < 0.001 for effect in found]) > 0.97


@pytest.mark.parametrize("role", [Role.DECOY, Role.DIAGNOSTIC])
def test_decoys_and_diagnostic_traits_do_not_follow_the_habitat(role):
    found = [effect for seed in SEEDS for effect in effects(seed, role)]
    shares, p_values = [effect.share for effect in found], np.array([effect.p_value for effect in found])
    assert abs(np.mean(shares)) < 0.02
    # Traits of a world share its habitats, so tests go together: the bound is wider than a binomial's.
    assert np.mean(p_values < 0.05) < 0.12
    assert np.mean(p_values < 0.5) == pytest.approx(0.5, abs=0.15)


def test_noise_traits_do_not_differ_between_species():
    for seed in SEEDS:
        assert not liabilities(seed, Role.NOISE).any()


def test_hidden_variables_are_explained_as_far_as_asked_by_what_is_drawn():
    for seed in SEEDS:
        world = world_of(seed)
        design = visible_design([species.looks for species in world.species], world.roles)
        design = np.column_stack([np.ones(len(design)), design])
        for place, share in enumerate(world.config.hidden):
            values = np.array([species.hidden[place] for species in world.species])
            rest = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
            assert 1 - rest.var() / values.var() == pytest.approx(share, abs=1e-5)
