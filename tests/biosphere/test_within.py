"""Variation within species, and the dial of its overlap with the differences between species."""

import numpy as np
import pytest

from thuja.biosphere import Condition, World, WorldConfig
from thuja.biosphere.evolution import columns_of
from thuja.biosphere.traits import TRAITS
from thuja.biosphere.within import AXES, noise_columns
from thuja.taxonomy import Rank

CONDITIONS = {
    "stage": Condition(stage="juvenile"),
    "sex": Condition(sex="male"),
    "season": Condition(season="winter"),
}


def world_of(overlap: float, seed: int = 0) -> World:
    return World.make(WorldConfig(seed=seed, species=120, images=4, overlap=overlap))


def shifts(world: World, condition: Condition) -> np.ndarray:
    species = range(len(world.species))
    return np.stack([world.variation.shift(world.liabilities, number, condition) for number in species])


def share_inside(world: World, steps: np.ndarray) -> float:
    """The share of steps' squares that lies in the span of the differences between species means."""
    centred = world.liabilities - world.liabilities.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    basis = axes[sizes > 1e-9]
    return float(np.sum((steps @ basis.T) ** 2) / np.sum(steps**2))


@pytest.mark.parametrize("overlap", [0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
@pytest.mark.parametrize("axis", CONDITIONS)
def test_the_dial_is_the_share_of_an_axis_inside_the_span_of_species(axis, overlap):
    world = world_of(overlap)
    assert share_inside(world, shifts(world, CONDITIONS[axis])) == pytest.approx(overlap, abs=1e-9)


@pytest.mark.parametrize("overlap", [0.0, 0.25, 1.0])
def test_an_illness_is_drawn_as_far_as_it_does_not_overlap(overlap):
    world = world_of(overlap)
    ill = Condition(ailment="wear", severity=0.8)
    drawn = world.variation.ailments(ill).wear * world.variation.reach[AXES.index("health")]
    inside = np.sum(shifts(world, ill) ** 2) / len(world.species)
    total = drawn**2 + inside
    assert inside / total == pytest.approx(overlap, abs=1e-9)
    assert world.variation.ailments(Condition()).wear == 0


def test_the_size_of_a_step_does_not_change_with_the_dial():
    sizes = [np.sum(shifts(world_of(overlap), CONDITIONS["stage"]) ** 2) for overlap in (0.0, 0.3, 1.0)]
    np.testing.assert_allclose(sizes, sizes[0])


def test_at_full_overlap_the_young_of_one_species_look_like_adults_of_another():
    world = world_of(1.0)
    for species in range(len(world.species)):
        partner = int(world.variation.partners[0, species])
        young = world.mean(species, Condition(stage="juvenile"))
        np.testing.assert_allclose(young, world.liabilities[partner], atol=1e-9)


def test_at_full_overlap_males_wear_anothers_coat_on_their_own_shape():
    world = world_of(1.0)
    coat = columns_of([name for name, trait in TRAITS.items() if trait.is_coat])
    shape = columns_of([name for name, trait in TRAITS.items() if not trait.is_coat])
    for species in range(len(world.species)):
        partner = int(world.variation.partners[1, species])
        male = world.mean(species, Condition(sex="male"))
        np.testing.assert_allclose(male[coat], world.liabilities[partner, coat], atol=1e-9)
        np.testing.assert_allclose(male[shape], world.liabilities[species, shape], atol=1e-9)


def test_without_overlap_all_species_change_alike_and_in_noise_traits_only():
    world = world_of(0.0)
    noise = noise_columns(dict(world.roles))
    for condition in CONDITIONS.values():
        steps = shifts(world, condition)
        np.testing.assert_allclose(steps, steps[:1].repeat(len(steps), axis=0), atol=1e-12)
        assert np.abs(np.delete(steps, noise, axis=1)).max() < 1e-12
        assert np.linalg.norm(steps[0]) > 1


def test_stage_sex_and_season_have_directions_of_their_own():
    own = world_of(0.0).variation.own[:3]
    np.testing.assert_allclose(own @ own.T, np.eye(3), atol=1e-12)


def test_a_partner_is_another_species_of_the_order_where_there_is_one():
    world = world_of(0.5)
    orders = world.clades[Rank.ORDER]
    for partners in world.variation.partners:
        for species, partner in enumerate(partners.tolist()):
            assert partner != species
            if (orders == orders[species]).sum() > 1:
                assert orders[partner] == orders[species]


def test_the_young_show_no_sex_and_a_subadult_half_of_it():
    world = world_of(0.3)
    young = shifts(world, Condition(stage="juvenile"))
    np.testing.assert_array_equal(shifts(world, Condition(stage="juvenile", sex="male", season="winter")), young)
    grown = shifts(world, Condition(sex="male"))
    half = shifts(world, Condition(stage="subadult", sex="male")) - shifts(world, Condition(stage="subadult"))
    np.testing.assert_allclose(half, grown / 2, atol=1e-12)


def test_a_world_of_one_species_has_no_other_to_resemble():
    world = World.make(WorldConfig(species=1, images=2, overlap=1.0))
    np.testing.assert_array_equal(world.mean(0, Condition(stage="juvenile")), world.liabilities[0])
