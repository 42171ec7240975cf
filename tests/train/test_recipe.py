"""Recipes as data: their JSON, their settings, what is refused."""

import json

import pytest

from thuja.errors import BadFile, UnknownName, UsageError
from thuja.phrasing import BIOCAP_MIXTURE
from thuja.recipes import NAMES, find_recipe
from thuja.train import ImageTower, Objective, Optimizer, Recipe, Stream
from thuja.train.tune import Distill


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
    assert recipe.streams[0].objectives[0].texts.weights == {"sci": 2, "com": 1}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"lerning_rate": "1"}, 'unknown recipe field: "lerning_rate"'),
        ({"optimizer.lrr": "1"}, 'unknown recipe field: "optimizer.lrr"'),
        ({"epochs.x": "1"}, 'unknown recipe field: "epochs.x"'),
        ({"batch_size": "many"}, 'batch_size must be a whole number, got "many"'),
        ({"batch_size": "1"}, "at least 2 images"),
        ({"batch_size": "true"}, "batch_size must be a whole number, got true"),
        ({"epochs": "ten"}, 'epochs must be a number, got "ten"'),
        ({"optimizer.grad_clip": "yes"}, 'optimizer.grad_clip must be a number or null, got "yes"'),
        ({"augmentation.scale": "1"}, "augmentation.scale must be a list of 2, got 1"),
        ({"texts": "sci"}, 'texts must be weights such as {"sci": 1, "com": 2}, got "sci"'),
        ({"prepare": "1"}, "prepare must be text, got 1"),
        ({"per_batch": "1"}, "per_batch must be true or false, got 1"),
        ({"epochs": "3", "unfreeze_epochs": "4"}, "unfreeze_epochs are the last of the 3 epochs"),
        ({"loss": "all"}, 'unknown loss: "all"'),
        ({"streams.sea.batch_size": "8"}, 'unknown recipe field: "streams.sea.batch_size"'),
        ({"streams.life.objectives.0.head": "caption"}, 'unknown head: "caption"'),
        ({"precision": "fp64"}, 'unknown precision: "fp64"'),
        ({"sampling": "twice"}, 'unknown sampling: "twice"'),
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
        ({"epochs": "Infinity"}, "epochs must be positive"),
        ({"optimizer.weight_decay": "Infinity"}, "weight_decay"),
        ({"text.vocab_size": "0"}, "vocab_size must be positive"),
        ({"image.patch_size": "7"}, "image_size 64 is not a multiple of patch_size 7"),
        ({"streams.0.name": "life/sea"}, 'not "life/sea"'),
        ({"streams.0.objectives.0.name": "a.b"}, 'not "a.b"'),
        ({"label_text": "latin"}, 'unknown text type: "latin"'),
    ],
)
def test_a_wrong_setting_is_one_sentence(settings: dict[str, str], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        Recipe(name="x").with_settings(settings)
    assert says in caught.value.message


def test_distilling_a_frozen_trunk_is_refused() -> None:
    """It once met an assertion in the first step, as features have no pictures for the teacher to look at."""
    trunk = ImageTower(trunk="tf_efficientnet_lite0", image_size=224)
    with pytest.raises(UsageError, match="reads features"):
        Recipe(name="x", start="y", image=trunk, distill=Distill(weight=1))
    Recipe(name="x", start="y", image=trunk, distill=Distill(weight=1), epochs=2, unfreeze_epochs=2)


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
    recipe = Recipe(name="x", streams=(Stream(objectives=(Objective(texts=BIOCAP_MIXTURE),)),))
    written = json.loads(recipe.to_json())
    assert written["streams"][0]["objectives"][0]["texts"]["weights"]["caption"] == 1.0
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_settings_name_streams_and_objectives_or_speak_of_the_first() -> None:
    recipe = find_recipe("bioclip2").with_settings(
        {
            "batch_size": "64",
            "streams.replay.batch_size": "8",
            "streams.life.objectives.taxonomy.loss": "multi_positive",
        }
    )
    assert [stream.batch_size for stream in recipe.streams] == [64, 8]
    assert recipe.streams[0].objectives[0].loss == "multi_positive"
    assert find_recipe("biocap").with_settings({"per_batch": "true"}).streams[0].per_batch


def test_bioclip2_replays_a_tenth_of_what_it_sees() -> None:
    """training-recipes of the public code: 2,816 organisms and 320 pairs on each of 32 GPUs."""
    life, replay = find_recipe("bioclip2").streams
    assert (life.batch_size, replay.batch_size) == (32 * 2816, 32 * 320)
    assert replay.batch_size / find_recipe("bioclip2").step_images == pytest.approx(0.102, abs=5e-4)
    assert (replay.objectives[0].head, replay.objectives[0].is_captions) == ("replay", True)
    assert [head.has_own_temperature for head in find_recipe("bioclip2").heads] == [False]
    assert [head.has_own_temperature for head in find_recipe("biocap").heads] == [True]
