"""What the leak gate found of each evaluation set, by which key, in numbers."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from thuja.curate.leaks.index import index_name
from thuja.curate.leaks.settings import KEYS, list_name


def benchmark_names(indexes: Iterable[Path], species: Iterable[Path] = ()) -> tuple[str, ...]:
    """What `leak_of` calls the evaluation sets of a recipe's [leaks]; of a file that is gone, as the file is called."""
    return (*(index_name(path) for path in indexes), *(list_name(path) for path in species))


def leak_table(rows: pl.LazyFrame, benchmarks: Sequence[str] = ()) -> pl.DataFrame:
    """What was found of each benchmark, by which key: `benchmark`, `key`, `first`, `found`, `only`.

    `rows` is a catalog; only its `leak_of` is read. `found` counts the rows that the key finds, `first` those that no
    key before it (in the order of KEYS) finds, `only` those that no other key finds. The line of the key `any` counts
    all rows of the benchmark. `benchmarks` (see `benchmark_names`) get such a line though nothing was found.
    """
    leaks = rows.filter(pl.col("leak_of").is_not_null()).group_by("leak_of").agg(rows=pl.len())
    groups = leaks.collect(engine="streaming").sort("leak_of").with_row_index("group")
    places = {key: number for number, key in enumerate(KEYS)}
    parts = groups.select("group", "rows", part=pl.col("leak_of").cast(pl.String).str.split(";")).explode("part")
    parts = parts.with_columns(
        benchmark=pl.col("part").str.extract(r"^(.*):[^:]*$"), key=pl.col("part").str.extract(r":([^:]*)$")
    ).drop_nulls("benchmark")
    place = pl.col("key").replace_strict(places, default=len(KEYS), return_dtype=pl.UInt32)
    parts = parts.with_columns(place.alias("place"))
    mine = ["group", "benchmark"]
    parts = parts.with_columns(
        is_first=pl.col("place") == pl.col("place").min().over(mine), is_only=pl.col("place").len().over(mine) == 1
    )
    lines = pl.col("rows").cast(pl.Int64)
    by_key = parts.group_by("benchmark", "key", "place").agg(
        first=lines.filter("is_first").sum(), found=lines.sum(), only=lines.filter("is_only").sum()
    )
    whole = parts.unique(mine).group_by("benchmark").agg(found=lines.sum())
    none = pl.DataFrame(
        {"benchmark": [*benchmarks], "found": [0] * len(benchmarks)}, schema={"benchmark": pl.String, "found": pl.Int64}
    )
    whole = pl.concat([whole, none.join(whole, on="benchmark", how="anti")])
    totals = whole.select(
        "benchmark",
        key=pl.lit("any"),
        place=pl.lit(len(KEYS) + 1, pl.UInt32),
        first="found",
        found="found",
        only="found",
    )
    return pl.concat([by_key, totals]).sort("benchmark", "place").drop("place")
