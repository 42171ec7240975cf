"""A recipe by its name, or from a file: another run's recipe.json, or a Python file that says RECIPE."""

from pathlib import Path

from thuja.errors import BadFile, UnknownName, UsageError
from thuja.jobs import said_by
from thuja.recipes import NAMES, find_recipe
from thuja.train import Recipe

_SHOWN = "docs/train.md shows a recipe file; every run keeps one as its recipe.json"


def load_recipe(said: str) -> Recipe:
    """The recipe of that name, or in that file; for a run folder, the one that it was begun with.

    A Python file is run: take it only from whom you trust. Raises UnknownName for what is neither,
    UsageError for a file that is not there or holds no recipe.
    """
    path = Path(said)
    if said in NAMES:
        return find_recipe(said)
    if (path / "recipe.json").is_file():
        path = path / "recipe.json"
    if path.suffix == ".py" and path.is_file():
        return _run(path)
    if path.suffix == ".json" and path.is_file():
        try:
            return Recipe.from_json(path.read_text(encoding="utf-8"), place=str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"the recipe {path} cannot be read: {error}") from error
        except BadFile as error:  # a file that the user named: the call is wrong
            raise UsageError(error.message, hint=_SHOWN) from error
        except UsageError as error:
            raise type(error)(f"{path}: {error.message}", hint=error.hint) from error
    if path.suffix in (".py", ".json"):
        raise UsageError(f"{path} is not there", hint=f"name a file that is, or one of {', '.join(NAMES)}")
    if path.is_dir():
        raise UsageError(f"{path} is not a run folder: it holds no recipe.json", hint=_SHOWN)
    unknown = UnknownName.of("recipe", said, NAMES)
    raise UnknownName(unknown.message, hint=f"{unknown.hint}; or a run's folder, its recipe.json, or a .py file")


def _run(path: Path) -> Recipe:
    try:
        recipe = said_by(path, "RECIPE")
    except BadFile as error:  # a file that the user named: the call is wrong
        raise UsageError(error.message) from error
    if not isinstance(recipe, Recipe):
        raise UsageError(f"the recipe {path} says no RECIPE = Recipe(...)", hint=_SHOWN)
    return recipe
