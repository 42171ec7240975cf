"""Recipes as data: their JSON, their settings, what is refused."""

import json

import pytest

from thuja.errors import BadFile, UnknownName, UsageError
from thuja.phrasing import BIOCAP_MIXTURE
from thuja.recipes import NAMES, find_recipe
from thuja.train import Optimizer, Recipe


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_survives_its_json(name: str) -> None:
    recipe = find_recipe(name)
    assert recipe.name == name
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_settings_reach_nested_fields_and_keep_their_types() -> None:
    recipe = Recipe(name="x").with_settings(
        {"optimizer.lr": "3e-4", "epochs": "2", "augmentation.scale": "[0.5, 1]", "texts": '{"sci": 2, "com": 1}'}
    )
    assert recipe.optimizer.lr == 3e-4
    assert (recipe.epochs, type(recipe.epochs)) == (2.0, float)
    assert recipe.augmentation.scale == (0.5, 1)
    assert recipe.texts.weights == {"sci": 2, "com": 1}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"lerning_rate": "1"}, 'unknown recipe field: "lerning_rate"'),
        ({"optimizer.lrr": "1"}, 'unknown recipe field: "optimizer.lrr"'),
        ({"epochs.x": "1"}, 'unknown recipe field: "epochs.x"'),
        ({"batch_size": "many"}, "batch_size must be like"),
        ({"batch_size": "1"}, "at least 2 images"),
        ({"batch_size": "true"}, "batch_size must be like"),
        ({"positives": "all"}, 'unknown kind of positives: "all"'),
        ({"unfreeze_epochs": "1"}, "pretrained trunk"),
        ({"epochs": "0"}, "epochs must be positive"),
        ({"initial_temperature": "0"}, "initial_temperature"),
        ({"texts": '{"latin": 1}'}, 'unknown text type: "latin"'),
        ({"image.pool": "max"}, "pool"),
        ({"image.patch_size": "0"}, "patch_size must be positive"),
        ({"text.heads": "0"}, "heads must be positive"),
        ({"embed_dim": "0"}, "embed_dim must be positive"),
        ({"optimizer.lr": "-1"}, "lr must be positive"),
        ({"optimizer.betas": "[0.9, 1.5]"}, "betas"),
        ({"augmentation.scale": "[0, 1]"}, "augmentation.scale"),
        ({"augmentation.ratio": "[0, 1]"}, "augmentation.ratio"),
        ({"seed": "-1"}, "seed"),
        ({"label_text": "latin"}, 'unknown text type: "latin"'),
    ],
)
def test_a_wrong_setting_is_one_sentence(settings: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        Recipe(name="x").with_settings(settings)
    assert says in caught.value.message


def test_an_unknown_recipe_names_those_that_exist() -> None:
    with pytest.raises(UnknownName, match="small-pretrained"):
        find_recipe("bioclipp")


@pytest.mark.parametrize("text", ["", "[]", "3", '{"name": "x", "batch_size": "y"}', '{"batch_size": 4}'])
def test_what_is_no_recipe_is_refused(text: str) -> None:
    with pytest.raises((BadFile, UsageError)):
        Recipe.from_json(text)


def test_recipes_keep_the_papers_optimiser() -> None:
    """Table of arXiv:2311.18803's code: betas .9/.98, eps 1e-6, decay 0.2, temperature from 0.07."""
    for name in NAMES:
        recipe = find_recipe(name)
        ours = recipe.optimizer
        assert (ours.betas, ours.eps, ours.weight_decay) == ((0.9, 0.98), 1e-6, 0.2) == _papers(Optimizer())
        assert recipe.initial_temperature == 0.07


def _papers(settings: Optimizer) -> tuple[tuple[float, float], float, float]:
    return settings.betas, settings.eps, settings.weight_decay


def test_a_mixture_with_captions_survives_too() -> None:
    recipe = Recipe(name="x", texts=BIOCAP_MIXTURE)
    assert json.loads(recipe.to_json())["texts"]["weights"]["caption"] == 1.0
    assert Recipe.from_json(recipe.to_json()) == recipe
