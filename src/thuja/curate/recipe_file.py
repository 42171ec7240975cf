"""A recipe from a file: TOML, or a Python file that says `RECIPE = CurateRecipe(...)`."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from thuja.curate.recipe import CurateRecipe, NameSettings
from thuja.curate.sources import KINDS, path_options
from thuja.curate.sources.spec import SourceSpec
from thuja.errors import BadFile, UnknownName, UsageError
from thuja.jobs import said_by

SUFFIXES = (".toml", ".json", ".py")
T = TypeVar("T")


def load_recipe(path: Path) -> CurateRecipe:
    """The recipe in a file; recipe.json of a curation is one too. Paths are relative to the file's folder.

    Raises UsageError for a file that is not there or says something that no recipe knows, BadFile for broken TOML. A
    Python file is run: take it only from whom you trust.
    """
    if not path.is_file():
        raise UsageError(f"there is no recipe at {path}", hint="a .toml or .py file")
    if path.suffix.lower() == ".py":
        return _run(path)
    try:
        text = path.read_text(encoding="utf-8")
        table = without_nulls(json.loads(text)) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise BadFile(f"the recipe {path} cannot be read: {error}", hint="TOML in UTF-8") from error
    if not isinstance(table, dict):
        raise BadFile(f"the recipe {path} is no table of settings", hint="thuja curate recipe prints one")
    return from_table(CurateRecipe, table, folder=path.parent.absolute())


def without_nulls(value: Any) -> Any:
    """A value of JSON without what is null in it, which TOML cannot say."""
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def _run(path: Path) -> CurateRecipe:
    recipe = said_by(path, "RECIPE")
    if not isinstance(recipe, CurateRecipe):
        raise BadFile(f"the recipe {path} says no RECIPE = CurateRecipe(...)", hint="see docs/curate.md")
    return recipe


def from_table(cls: type[T], table: Mapping[str, Any], *, folder: Path, where: str = "") -> T:
    """A settings dataclass from a table of TOML; raises UsageError for what does not fit, saying where."""
    assert is_dataclass(cls)
    hints = get_type_hints(cls)
    names = [field.name for field in fields(cls)]
    for name in table:
        if name not in names:
            raise UnknownName.of(f"setting of {where or 'the recipe'}", name, names)
    for field in fields(cls):
        if field.default is MISSING and field.default_factory is MISSING and field.name not in table:
            raise UsageError(f"{where or 'the recipe'} needs {field.name}", hint=f"it knows {', '.join(names)}")
    values = {
        name: _as(hints[name], value, folder=folder, where=f"{where}.{name}" if where else name)
        for name, value in table.items()
    }
    made: Any = cls(**values)
    if isinstance(made, SourceSpec):
        made = _placed(made, folder)
    elif isinstance(made, NameSettings):
        made = replace(made, backbones=tuple(_beside(name, folder) for name in made.backbones))
    elif isinstance(made, CurateRecipe):
        made = replace(made, encoder=_beside(made.encoder, folder))
    return cast(T, made)


def _beside(name: str, folder: Path) -> str:
    """A backbone or a model where it is a path to what lies there; a plain word stays the name of an installed one."""
    is_path = "/" in name or "." in name
    return str(folder / name) if is_path and (folder / name).exists() else name


def _placed(spec: SourceSpec, folder: Path) -> SourceSpec:
    """A source whose options that name files beside the recipe lead there, and whose hub name stays one."""
    paths = path_options(spec.kind) if spec.kind in KINDS else ()
    options = {
        name: str(_path(text, folder)) if name in paths and text else text for name, text in spec.options.items()
    }
    if spec.kind == "hugging_face" and not spec.path.exists() and folder in spec.path.parents:
        return replace(spec, path=spec.path.relative_to(folder), options=options)
    return replace(spec, options=options)


def _as(kind: Any, value: Any, *, folder: Path, where: str) -> Any:
    """A value of TOML as a field's type."""
    if get_origin(kind) in (Union, UnionType):
        [kind] = [part for part in get_args(kind) if part is not NoneType]
    if is_dataclass(kind) and isinstance(kind, type) and isinstance(value, Mapping):
        return from_table(kind, value, folder=folder, where=where)
    if get_origin(kind) is tuple and isinstance(value, list):
        return tuple(_as(get_args(kind)[0], one, folder=folder, where=where) for one in value)
    if get_origin(kind) is Mapping or kind is Mapping:
        if isinstance(value, Mapping):
            return {str(name): _text(one, where=f"{where}.{name}") for name, one in value.items()}
    elif kind is Path and isinstance(value, str):
        return _path(value, folder)
    elif kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    elif isinstance(kind, type) and isinstance(value, kind) and isinstance(value, bool) == (kind is bool):
        return value
    raise UsageError(f"{where} must be {_named(kind)}, got {value!r:.80}")


def _path(text: str, folder: Path) -> Path:
    try:
        path = Path(text).expanduser()
    except RuntimeError as error:
        raise UsageError(f"there is no such home folder: {text}") from error
    return path if path.is_absolute() or "://" in text else folder / path


def _text(value: Any, *, where: str) -> str:
    if not isinstance(value, str | int | float):
        raise UsageError(f"{where} must be text, a number, true or false, got {value!r:.80}")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _named(kind: Any) -> str:
    words = {str: "text", int: "a whole number", float: "a number", bool: "true or false", Path: "a path in quotes"}
    if get_origin(kind) is tuple:
        return f"a list, each {_named(get_args(kind)[0])}"
    return words.get(kind, "a table")
