"""The recipes by name, one file each."""

from importlib import import_module

from thuja.errors import UnknownName
from thuja.train.recipe import Recipe

NAMES = ("small", "small-captions", "small-pretrained", "bioclip", "bioclip2", "bioclip25", "biocap", "hierarchical")


def find_recipe(name: str) -> Recipe:
    """The recipe of that name; raises UnknownName."""
    if name not in NAMES:
        raise UnknownName.of("recipe", name, NAMES)
    recipe: Recipe = import_module(f"thuja.recipes.{name.replace('-', '_')}").RECIPE
    return recipe
