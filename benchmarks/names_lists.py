"""The labels of public benchmarks and of real photos, resolved: what was not, and why.

The lists lie outside the project, in the folder that THUJA_SHARED names (or ../shared): data/benchmarks/*.csv and
photos/manifest.csv.
"""

import os
from pathlib import Path

import polars as pl

SHARED = Path(os.environ.get("THUJA_SHARED") or Path(__file__).resolve().parents[2] / "shared")
_RANKS = ("kingdom", "phylum", "class", "order", "family", "genus")
_NAMED = ("scientific_name", "common_name", "original_label", "label", "class", "captions")
_FOUND = ("exact", "synonym", "variant", "fuzzy", "within", "infraspecific", "common_name")


def labels_of(path: Path) -> dict[str, pl.DataFrame]:
    """The distinct labels of each column of names in a list, with the lineage that scientific names came with."""
    table = pl.read_csv(path, infer_schema=False)
    if "cls" in table.columns:  # a class in the sense of machine learning stands beside it
        table = table.drop("class", strict=False).rename({"cls": "class"})
        if "scientific_name" not in table.columns:
            table = table.with_columns(scientific_name=pl.col("genus") + " " + pl.col("species"))
    held = [name for name in _NAMED if name in table.columns and not (name == "class" and "kingdom" in table.columns)]
    found = {}
    for name in held:
        # A caption begins with the name it is of.
        text = pl.col(name).str.split(",").list.first() if name == "captions" else pl.col(name)
        lineage = [rank for rank in _RANKS if rank in table.columns and name == "scientific_name"]
        rows = table.select(text.alias("name"), *lineage).drop_nulls("name").unique().sort("name", *lineage)
        found[name] = rows
    return found


def resolved_lists() -> pl.DataFrame:
    """Every label with its answer: `list`, `column`, and the columns of `thuja.names.resolve`."""
    from thuja.names import resolve

    paths = [*sorted((SHARED / "data" / "benchmarks").glob("*.csv")), SHARED / "photos" / "manifest.csv"]
    parts = []
    for path in paths:
        for column, rows in labels_of(path).items() if path.is_file() else ():
            answers = resolve(rows["name"].to_list(), rows.drop("name"))
            where = [pl.lit(path.stem).alias("list"), pl.lit(column).alias("column")]
            parts.append(answers.select(*where, pl.all()))
    return pl.concat(parts)


def table(answers: pl.DataFrame) -> str:
    """One line a list and column: how many labels found their taxon, a higher one, several, another lineage, none."""
    kinds = {"found": _FOUND, "higher": ("higher_rank",), "ambiguous": ("ambiguous",), "conflict": ("conflict",)}
    counts = [pl.col("match_type").is_in(words).sum().alias(name) for name, words in kinds.items()]
    rows = answers.group_by("list", "column", maintain_order=True).agg(pl.len().alias("labels"), *counts)
    rows = rows.with_columns(unknown=pl.col("labels") - pl.sum_horizontal(*kinds))
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows.rows()]
    heading = ["| list | column | labels | found | higher taxon | ambiguous | conflict | unknown |"]
    return "\n".join([*heading, "|---|---|--:|--:|--:|--:|--:|--:|", *lines])
