"""The arms: each of the issue's is there, each changes what it says and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from thuja.errors import UnknownName
from thuja.experiments import Grid, Place
from thuja.experiments.about import ABOUT
from thuja.experiments.arms import Setup, all_arms, arms_of
from thuja.experiments.grid import content
from thuja.experiments.sizes import SIZES, size_named
from thuja.model.config import TAXONOMY
from thuja.phrasing import BIOCLIP_MIXTURE
from thuja.train.recipe import LOSSES, Recipe

RECIPE = SIZES["tiny"].recipe
ARMS = {arm.label: arm for arm in all_arms(RECIPE)}


def setup_of(label: str) -> Setup:
    setup = ARMS[label].setup
    assert isinstance(setup, Setup)
    return setup


def recipe_of(label: str) -> Recipe:
    return setup_of(label).recipe


def test_the_grid_has_the_arms_that_it_was_built_for() -> None:
    groups: dict[str, list[str]] = {}
    for arm in ARMS.values():
        groups.setdefault(arm.group, []).append(arm.name)
    assert groups["text"] == ["mixture", *BIOCLIP_MIXTURE.weights]
    assert groups["loss"] == list(LOSSES)
    assert groups["species"] == ["x1", "x4", "x16"]
    assert groups["images"] == ["x16", "x1_equal_steps", "x1_equal_epochs", "x4_equal_steps", "x4_equal_epochs"]
    assert groups["replay"] == ["without", "one_projector", "two_projectors"]
    assert groups["control"] == ["plain", "binomial", "shuffled", "reversed", "random"]


def test_every_arm_has_a_word() -> None:
    sizes = (SIZES["tiny"], SIZES["emergence"])
    assert ABOUT.keys() == {arm.label for size in sizes for arm in arms_of(size, {})}


def test_what_forgets_starts_from_what_knows_things() -> None:
    """Every arm of the group begins with the same model, which has seen nothing alive; one stops there."""
    arms = {arm.name: arm for arm in all_arms(RECIPE) if arm.group == "forgetting"}
    first = arms["before"].setup.first
    assert first is not None
    assert all(arm.setup.first == first for arm in arms.values())
    assert [stream.name for stream in first.streams] == ["things"]
    assert arms["before"].setup.length == "none"
    assert [stream.name for stream in arms["replay"].setup.recipe.streams] == ["life", "things"]
    assert arms["adapters_distilled"].setup.recipe.tune.method == "lora"
    assert arms["without"].setup.recipe.distill.weight == 0 < arms["distilled"].setup.recipe.distill.weight


def test_what_several_groups_begin_with_is_trained_once() -> None:
    place = Place(name="w", folder=Path("w"), identity="1")
    grid = Grid(arms=tuple(ARMS.values()), places=(place,), seeds=(0,))
    key = {cell.arm.label: cell.key for cell in grid.cells()}
    same = ("text/mixture", "loss/multi_positive", "replay/without")
    assert len({key[label] for label in same}) == 1
    assert key["text/taxon"] == key["control/plain"]
    assert key["faults/true"] == key["captions/true_two"]
    assert key["faults/names"] == key["captions/none"]
    assert len(set(key.values())) == len(ARMS) - 5


def test_single_text_types_are_taught_and_asked_alone() -> None:
    for kind in BIOCLIP_MIXTURE.weights:
        recipe = recipe_of(f"text/{kind}")
        assert recipe.streams[0].objectives[0].texts.weights == {kind: 1.0}
        assert recipe.label_text == kind


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_changes_the_loss_alone(loss: str) -> None:
    recipe = recipe_of(f"loss/{loss}")
    assert recipe.streams[0].objectives[0].loss == loss
    back = replace(recipe.streams[0].objectives[0], loss="multi_positive")
    label_text = RECIPE.label_text if loss == "levels" else recipe.label_text
    assert replace(recipe, streams=(replace(recipe.streams[0], objectives=(back,)),), label_text=label_text) == RECIPE


def test_replay_is_a_second_stream_under_one_projector_or_two() -> None:
    one, two = recipe_of("replay/one_projector"), recipe_of("replay/two_projectors")
    assert one.heads == ()
    assert [(head.name, head.has_own_temperature) for head in two.heads] == [("things", False)]
    assert (len(two.streams), len(two.streams[0].objectives)) == (2, 1)
    heads = [recipe.streams[-1].objectives[-1].head for recipe in (one, two)]
    assert heads == [TAXONOMY, "things"]


def test_scaling_keeps_pictures_or_species() -> None:
    sixteenths = [setup_of(f"species/{name}").subset for name in ("x1", "x4", "x16")]
    assert [part.species * part.images for part in sixteenths if part] == [16, 16, 16]
    assert all(part.species == 16 for arm in ARMS.values() if arm.group == "images" and (part := arm.setup.subset))


def test_a_size_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownName, match='size: "huge"'):
        size_named("huge")
    assert size_named("small").world(3).seed == 3


def test_a_setup_says_all_of_itself() -> None:
    changed = replace(setup_of("text/mixture"), recipe=replace(RECIPE, embed_dim=65))
    assert content(changed) != content(setup_of("text/mixture"))
    with pytest.raises(TypeError, match="cannot hold a function"):
        content({"call": lambda: 0})
