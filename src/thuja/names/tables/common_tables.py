"""A table or names in, the same with common names beside them out: what `thuja names common` does."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from thuja.errors import OutputExists, UnknownName, UsageError
from thuja.jobs import atomic_path, require_writable
from thuja.names.backbone import Backbone
from thuja.names.common_names import ADDED, RESOLVED, common_names
from thuja.names.installed import open_backbones
from thuja.names.resolver import resolve
from thuja.names.rows import GIVEN
from thuja.names.tables.columns import ALIASES, plain_heading
from thuja.names.tables.languages import languages as languages_of
from thuja.names.tables.reading import PARQUET, is_table, opened_table

_SHOWN = ["verbatim", "match_type", "accepted_name", "accepted_rank"]
_KEPT = ("verbatim", *RESOLVED, "accepted_name", "accepted_id", "backbone")
_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_LISTED = 20


def name_inputs(
    inputs: Sequence[str], backbones: Sequence[str], *, languages: Sequence[str], higher_rank: bool
) -> pl.DataFrame:
    """The table that `inputs` names, or names, with the columns `ADDED`.

    Raises UsageError, BadFile or EmptyInput for what cannot be read, UnknownName where no backbone has any name in
    these languages.
    """
    opened = open_backbones(backbones or None)
    tables = [word for word in inputs if is_table(word)]
    if tables and len(inputs) > 1:
        raise UsageError(f"{tables[0]} is a table, and there are other words beside it", hint="one table, or names")
    rows = _read(Path(tables[0])) if tables else resolve(inputs, backbones=opened)
    asked = _asked(rows, tables[0]) if tables else rows
    named = common_names(asked, opened, languages=languages, higher_rank=higher_rank)
    _require_language(opened, languages)
    rows = rows.drop(ADDED, strict=False) if tables else rows.select(_SHOWN)
    return rows.hstack(named.select(ADDED))


def _read(path: Path) -> pl.DataFrame:
    with opened_table(path) as frame:
        return frame.collect()


def _asked(table: pl.DataFrame, path: str) -> pl.DataFrame:
    """The columns of a table that say its taxa, under thuja's names for them."""
    meanings = {plain_heading(alias): meaning for meaning in GIVEN for alias in ALIASES[meaning]}
    # A common name that an earlier run added says nothing of a taxon's own name.
    is_resolved = any(heading.lower() in RESOLVED for heading in table.columns)
    found: dict[str, pl.Expr] = {}
    for heading in table.columns:
        meaning = heading.lower() if heading.lower() in _KEPT else meanings.get(plain_heading(heading))
        if meaning and not (is_resolved and meaning in ("verbatim", "common")):
            found.setdefault(meaning, pl.col(heading).cast(pl.String).alias(meaning))
    if not found:
        raise UsageError(
            f"{path} has no column that says a taxon", hint="scientific_name, or any of kingdom ... species"
        )
    if set(found) == {"common"}:
        found["verbatim"] = pl.lit("").alias("verbatim")
    return table.select(found.values())


def _require_language(backbones: Sequence[Backbone], languages: Sequence[str]) -> None:
    held = languages_of(backbones)
    if not held:
        names = ", ".join(backbone.name for backbone in backbones)
        raise UsageError(
            f"no common names in {names}",
            hint="thuja names import installs English ones for the embedded backbone",
        )
    if not set(held) & set(languages):
        raise UnknownName.of("language", ", ".join(languages), held[:_LISTED])


def require_free(out: Path, inputs: Sequence[str], *, force: bool) -> None:
    """Raise UsageError or OutputExists where `write_table` should not or cannot write."""
    if out.suffix.lower() not in (*PARQUET, *_SEPARATORS):
        raise UsageError(f"cannot tell how to write {out}", hint=f"one of {', '.join((*PARQUET, *_SEPARATORS))}")
    if any(out.resolve() == Path(word).resolve() for word in inputs):
        raise UsageError(f"{out} is the input", hint="name another file for the output")
    if out.exists() and not force:
        raise OutputExists(f"{out} is there already", hint="--force replaces it")
    require_writable(out)


def write_table(table: pl.DataFrame, out: Path) -> None:
    """Write Parquet, CSV or TSV by the file's name, whole or not at all."""
    with atomic_path(out) as temporary:
        if out.suffix.lower() in PARQUET:
            table.write_parquet(temporary)
        else:
            table.write_csv(temporary, separator=_SEPARATORS[out.suffix.lower()])
