"""From what a user names on the command line to a recipe."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thuja.curate.recipe import CurateRecipe
from thuja.curate.recipe_file import SUFFIXES, from_table, load_recipe, without_nulls
from thuja.curate.sources import BIOSPHERE_BACKBONE, biosphere_table
from thuja.curate.sources.table_files import TABLE_SUFFIXES
from thuja.errors import UsageError

_SHORT = {
    "backbones": "names.backbones",
    "unseen_species": "splits.unseen_species",
    "val": "splits.val",
    "test": "splits.test",
    "seed": "seed",
    "max_side": "shards.max_side",
    "min_images": "caps.min_images",
    "text_keys": "shards.text_keys",
}
"""Settings that have a flag of their own."""
OPTIONAL = ("quality", "people", "camera", "specimens", "bursts", "leaks")
"""The tables of a recipe whose steps are left out without them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCall:
    """One source as it is named on the command line."""

    source: Path
    kind: str = ""
    labels: Path | None = None


def recipe_of(call: SourceCall, *, flags: Mapping[str, Any] | None = None, changes: Sequence[str] = ()) -> CurateRecipe:
    """The recipe of a file, or one for a single source; then the flags (see `_SHORT`), then `KEY=VALUE` changes.

    Raises UsageError for a source that is not there, or a setting that does not exist.
    """
    source = call.source
    if source.suffix.lower() in SUFFIXES and not call.kind and not source.is_dir():
        if call.labels is not None:
            raise UsageError("a recipe says what its sources are", hint="leave out --labels")
        table = without_nulls(load_recipe(source).to_table())
    else:
        table = {"sources": [_single(call)]}
        if biosphere_table(source) is not None and not call.kind:
            table["names"] = {"backbones": [str(source / BIOSPHERE_BACKBONE)]}
    for name, value in (flags or {}).items():
        _put(table, _SHORT[name], list(value) if isinstance(value, tuple) else value)
    for change in changes:
        key, is_there, text = change.partition("=")
        if not is_there:
            raise UsageError(f"--set takes KEY=VALUE, got {change!r}", hint="--set quality.min_side=224")
        _put(table, key.strip(), _value(text.strip()))
    return from_table(CurateRecipe, table, folder=Path.cwd())


def _single(call: SourceCall) -> dict[str, Any]:
    kind = call.kind or kind_of(call.source)
    labels = call.labels or (biosphere_table(call.source) if kind == "folder" else None)
    options = {"labels": str(labels)} if labels is not None else {}
    if call.labels is not None and not call.labels.is_file():
        raise UsageError(f"there is no label table at {call.labels}", hint="a CSV or Parquet file, given by --labels")
    if options and kind != "folder":
        raise UsageError(f"--labels is for a folder of images, not for a {kind}", hint="leave out --labels")
    return {"kind": kind, "path": str(call.source), "options": options}


def kind_of(source: Path) -> str:
    """What a source is by its look; raises UsageError where it is not there or like nothing known."""
    if source.is_dir():
        return "gbif" if (source / "meta.xml").is_file() else "folder"
    if not source.is_file():
        raise UsageError(f"there is no folder or table at {source}", hint="name the folder that holds the images")
    name = source.name.lower()
    if name.endswith(TABLE_SUFFIXES):
        return "table"
    if name.endswith(".zip"):
        return "gbif"
    raise UsageError(
        f"{source} is neither a folder, a table nor a recipe",
        hint=f"a table ends in {', '.join(TABLE_SUFFIXES)}; or --kind",
    )


def _put(table: dict[str, Any], key: str, value: Any) -> None:
    *above, name = key.split(".")
    for one in above:
        table = table.setdefault(one, {})
        if not isinstance(table, dict):
            raise UsageError(f"{key} is no setting: {one} is not a table")
    table[name] = value


def _value(text: str) -> Any:
    """What TOML reads it as, and else the text as it stands."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
