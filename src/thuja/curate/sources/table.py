"""A table that says what each image shows: CSV, TSV or Parquet, with whatever column names the field uses."""

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from thuja.curate.sources.expressions import COLUMNS, as_float, as_int, dropped, text_or_null, traits_of
from thuja.curate.sources.spec import Notes, SourceSpec
from thuja.curate.sources.table_columns import Columns
from thuja.curate.sources.table_files import TABLE_SUFFIXES, read_table_header, read_typed
from thuja.curate.sources.table_paths import OUTSIDE, TablePaths
from thuja.errors import UsageError
from thuja.images.split_folders import SPLIT_OF
from thuja.taxonomy import RANKS, Rank, Taxon

PATH_OPTIONS: tuple[str, ...] = ()
"""The options that are paths."""

_NAMES = [*(rank.label for rank in RANKS), "common", "verbatim_name"]


def read_table(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    """A table as a source: files are relative to its folder; lines may give addresses (`url`) instead.

    Raises UsageError or BadFile for a table that cannot be used.
    """
    spec.refuse_other_options(())
    if not spec.path.name.lower().endswith(TABLE_SUFFIXES):
        raise UsageError(f"{spec.path} is no table", hint=f"a table ends in {', '.join(TABLE_SUFFIXES)}")
    yield from _read(spec, notes, table=spec.path, root=spec.path.parent)


def read_labels(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    """The images under a folder that the table `labels` lists, and those that it does not, as dropped rows.

    Paths in the table are relative to its own folder or to the images', whichever fits. The notes count as `outside`
    the lines for files elsewhere below the table's folder.
    """
    yield from _read(spec, notes, table=Path(spec.option("labels")), root=spec.path)


def find_columns(table: Path) -> Columns:
    """What the table's columns are; raises UsageError or BadFile for one that cannot be used."""
    if not table.is_file():
        raise UsageError(f"there is no label table at {table}", hint="a CSV or Parquet file, given by --labels")
    return Columns.find(read_table_header(table), table)


def _read(spec: SourceSpec, notes: Notes, *, table: Path, root: Path) -> Iterator[pl.DataFrame]:
    columns = find_columns(table)
    paths = TablePaths(table=table, root=root)
    data_source = spec.name or root.resolve().name
    for frame in read_typed(table, columns.traits, notes):
        yield rows_of_files(frame, columns, notes, paths=paths, data_source=data_source)
    if columns.file is not None:
        yield from paths.unlisted(data_source)


def rows_of_files(
    frame: pl.DataFrame, columns: Columns, notes: Notes, *, paths: TablePaths, data_source: str
) -> pl.DataFrame:
    """Lines of a table as rows, without those for files elsewhere, which are noted."""
    lines = frame.select(columns.used).hstack(paths.find(frame, columns))
    kept = lines.filter(pl.col("found reason").is_null() | (pl.col("found reason") != OUTSIDE))
    if len(kept) < len(lines):
        notes[OUTSIDE] += len(lines) - len(kept)
    own = {
        "data_source": pl.lit(data_source),
        "source_id": pl.coalesce("found relative", "found url").fill_null(""),
        "path": pl.col("found path"),
        "source_url": pl.col("found url"),
    }
    return rows_of_lines(kept, columns, notes, own=own)


def rows_of_lines(lines: pl.DataFrame, columns: Columns, notes: Notes, *, own: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """Lines as rows: `own` columns where the table says nothing itself, its facts, names and traits.

    `lines` has a column `found reason` why a line is dropped.
    """
    _note_splits(lines, columns, notes)
    facts = {name: _typed(lines, name, column) for name, column in columns.facts.items()}
    made = dict(own) | {name: pl.coalesce(fact, own[name]) if name in own else fact for name, fact in facts.items()}
    rows = lines.select(*dropped(pl.col("found reason")), **made)
    return rows.hstack([_traits(lines, columns), *_names(lines, columns)])


def _typed(lines: pl.DataFrame, name: str, column: str) -> pl.Expr:
    """A column of the catalog as its type; null where the cell does not fit."""
    kind, cells = COLUMNS[name], text_or_null(column)
    if name == "uuid":
        return pl.lit(pl.Series([_uuid(cell) for cell in lines[column].to_list()], dtype=pl.String))
    if name == "split":
        return cells.str.to_lowercase().replace_strict(SPLIT_OF, default=None, return_dtype=pl.String)
    if kind == pl.Boolean():
        words = cells.str.to_lowercase()
        return pl.when(words.is_in(["true", "1", "yes"])).then(True).when(words.is_in(["false", "0", "no"])).then(False)
    if kind == pl.Int64():
        return as_int(cells)
    return as_float(cells) if kind == pl.Float64() else cells


def _traits(lines: pl.DataFrame, columns: Columns) -> pl.Series:
    """What no column holds: the table's other columns, and cells that do not fit their column's type."""
    numbers = {column: name for name, column in columns.facts.items() if COLUMNS[name] != pl.String()}
    unfit = [
        pl.when(_typed(lines, name, column).is_null()).then(pl.col(column).cast(pl.String)).alias(column)
        for column, name in numbers.items()
    ]
    told = lines.with_columns(unfit)
    names = [*columns.traits, *numbers]
    traits = traits_of({name: name for name in names}).alias("found traits")
    return told.with_columns(traits)["found traits"].alias("traits")


def _names(lines: pl.DataFrame, columns: Columns) -> list[pl.Series]:
    """The names to resolve and the lineages that came with them, found once for each distinct one."""
    said = lines.select(pl.col(column).cast(pl.String).alias(f"said {what}") for what, column in columns.names.items())
    distinct = said.unique(maintain_order=True)
    answers = [_naming({key.removeprefix("said "): cell for key, cell in row.items()}) for row in distinct.to_dicts()]
    known = distinct.hstack(pl.DataFrame(answers, schema=dict.fromkeys(_NAMES, pl.String)))
    joined = said.join(known, on=said.columns, how="left", nulls_equal=True, maintain_order="left")
    return joined.select(_NAMES).get_columns()


def _naming(cells: Mapping[str, Any]) -> dict[str, str | None]:
    """The name to resolve, and the lineage that came with it in the rank columns."""
    said = {what: (cell or "").strip() for what, cell in cells.items()}
    lineage = Taxon.from_columns({rank.label: said.get(rank.label) for rank in RANKS})
    species = lineage.species if " " in lineage.species and not lineage.genus else ""
    names = (said.get("scientific"), lineage.binomial or species, said.get("common"), said.get("label"))
    name = next((name for name in names if name), lineage.scientific_name)
    hint = lineage.at(Rank.GENUS) if species else lineage
    ranks = hint.to_columns()
    return {label: ranks.get(label) for label in _NAMES} | {
        "common": said.get("common") or None,
        "verbatim_name": name or None,
    }


def _note_splits(lines: pl.DataFrame, columns: Columns, notes: Notes) -> None:
    column = columns.facts.get("split")
    if column is None:
        return
    words = lines.select(text_or_null(column).str.to_lowercase().alias("word")).drop_nulls()
    for word, count in words.group_by("word").len().iter_rows():
        if word not in SPLIT_OF:
            notes[f"unknown split {word}"] += count


def _uuid(value: object) -> str | None:
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        return None
