"""The groups that a data folder's or a table's taxa are in, and how many rows each has."""

from collections import Counter
from pathlib import Path
from typing import Final

import polars as pl

from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.taxonomy import RANKS, Rank, Taxon

_TABLES: Final = ("catalog.parquet", "descriptions.parquet")
"""What a folder that thuja wrote may hold, the first that is there."""


def count_groups(path: Path, rank: Rank = Rank.CLASS) -> Counter[Taxon]:
    """Rows by taxon at `rank`, of rows that a curation kept; raises UsageError, EmptyInput or BadFile."""
    table = _table_of(Path(path))
    labels = [one.label for one in RANKS if one <= rank]
    try:
        frame = _opened(table)
        names = {name.lower(): name for name in frame.collect_schema().names()}
        if rank.label not in names:
            raise UsageError(
                f"{table} has no column {rank.label}",
                hint="thuja curate finds the lineage; or name another --rank",
            )
        if "drop_reason" in names:
            frame = frame.filter(pl.col(names["drop_reason"]).is_null())
        there = [label for label in labels if label in names]
        columns = [pl.col(names[label]).cast(pl.String).fill_null("").alias(label) for label in there]
        counted = frame.select(columns).group_by(there).len("rows").collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        said = " ".join(str(error).split())[:200]
        raise BadFile(f"{table} cannot be read: {said}", hint="a CSV in UTF-8, or Parquet") from error
    except OSError as error:
        raise UsageError(f"cannot read {table}: {error.strerror or error}", hint="is it a file of yours?") from error
    groups = Counter({Taxon.from_columns(row): int(row["rows"]) for row in counted.to_dicts() if row[rank.label]})
    if not groups:
        raise EmptyInput(f"no row of {table} has a {rank.label}", hint="--rank names another rank")
    return groups


def _table_of(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = next((path / name for name in _TABLES if (path / name).is_file()), None)
    if found is None:
        raise UsageError(
            f"{path} holds no table of taxa", hint=f"a data folder with {' or '.join(_TABLES)}, or a table"
        )
    return found


def _opened(table: Path) -> pl.LazyFrame:
    kind = table.suffix.lower()
    if not table.exists():
        raise UsageError(f"there is nothing at {table}", hint="a data folder, or a table of taxa")
    if kind in (".parquet", ".pq"):
        return pl.scan_parquet(table)
    if kind in (".csv", ".tsv"):
        return pl.scan_csv(table, separator="\t" if kind == ".tsv" else ",", infer_schema=False)
    raise UsageError(f"{table} is no table", hint="its name ends in .csv, .tsv, .parquet or .pq")
