"""Names of one word: genera and families with an edit, and genera that the backbone does not have."""

import numpy as np
import polars as pl

from names_forms import rows_of, written
from names_letters import edits
from names_world import ABOVE, World, draw_rows

_RANKS = ("family", "genus")


def mistyped_words(world: World, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """One family to three genera, each with one edit; the cell of its own rank is as mistyped as the name."""
    parts: list[pl.DataFrame] = []
    for rank in _RANKS:
        taxa = world.taxa.filter(pl.col("rank") == rank, pl.col("name").str.contains(r"^[A-Z][a-z]{2,}$"))
        taxa = taxa.filter(pl.len().over("name") == 1)
        share = count // 4 if rank == "family" else count - sum(map(len, parts))
        drawn = rows_of(draw_rows(taxa.sort("id"), share, rng), rank=rank)
        words = [edits((name, ""), 1, rng)[0] for name in drawn["name"]]
        parts.append(written(drawn, words).with_columns(pl.Series(rank, words, dtype=pl.String)))
    return pl.concat(parts)


def absent_words(genera: pl.DataFrame) -> pl.DataFrame:
    """Genera of species that were taken out with them, once each: the truth is what stands above."""
    distinct = genera.unique("genus", keep="first", maintain_order=True).with_columns(pl.col("genus").alias("name"))
    return rows_of(distinct, rank="genus", expected="absent").with_columns(
        pl.lit(None, pl.String).alias("truth_id"),
        pl.concat_list(pl.col(ABOVE[:-1])).list.drop_nulls().alias("truth_above"),
    )
