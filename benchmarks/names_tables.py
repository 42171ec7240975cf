"""Tables for the speed runs: a million distinct names, a fifth of them damaged, and ten million rows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

import names_forms as forms
from names_damage import authored, bare, clean, missing_ranks, mistype
from names_world import ABOVE, World

DAMAGED = {
    "typo1": 0.08,
    "typo2": 0.02,
    "authorship": 0.04,
    "missing_ranks": 0.03,
    "typography": 0.02,
    "bare": 0.01,
}
"""The share of each kind of damage; the rest is clean."""

_ROWS_AT_ONCE = 500_000
_TABLE = ("name", *ABOVE, "truth_name", "truth_kingdom")


def distinct_names(world: World, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """`count` distinct names with their lineages, a fifth damaged, in an order by chance: name, the six
    ranks, truth_name, truth_kingdom. At most as many as the world has species, less 1 in 200."""
    spare = count + count // 200 + 10
    if spare > len(world.species):
        raise SystemExit(f"{count:,} distinct names are more than the backbone's {len(world.species):,} species allow")
    drawn = world.draw(spare, rng)
    makers = {
        "authorship": authored,
        "missing_ranks": missing_ranks,
        "typography": forms.typography,
        "bare": bare,
    }
    parts, start = [], 0
    for kind, share in DAMAGED.items():
        size = int(share * count)
        part, start = drawn[start : start + size], start + size
        if kind in makers:
            rows = makers[kind](replace(world, species=part), size, rng)
        else:
            rows = mistype(part, int(kind[-1]), rng)
        parts.append(rows.select(_TABLE))
    parts.append(clean(replace(world, species=drawn[start:]), spare - start, rng).select(_TABLE))
    names = pl.concat(parts).unique("name", keep="first", maintain_order=True).head(count)
    assert len(names) == count, "too many damaged names fell together"
    return names[rng.permutation(count)]


def write_rows(names: pl.DataFrame, folder: Path, rng: np.random.Generator, *, rows: int) -> Path:
    """A Parquet table of that many rows over these names, each at least once, some far more often.

    Columns uuid, kingdom to genus, scientific_name. Half a million rows are in memory at a time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"rows-{rows}.parquet"
    table = names.select(*ABOVE, pl.col("name").alias("scientific_name"))
    writer = None
    for start in range(0, rows, _ROWS_AT_ONCE):
        at = np.arange(start, min(start + _ROWS_AT_ONCE, rows))
        again = (len(names) * rng.random(len(at)) ** 3).astype(np.int64)  # a few names take most of the rows
        part = table[np.where(at < len(names), at, again)]
        numbers = pl.Series(at).cast(pl.String).str.zfill(12)
        part = part.select(pl.Series("uuid", "00000000-0000-5000-8000-" + numbers), pl.all()).to_arrow()
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(part)
    if writer is None:
        raise SystemExit("a table of no rows")
    writer.close()
    return path
