"""Names that stand in two kingdoms: every genus and binomial, each with one rank that tells them, and with none."""

import polars as pl

from names_forms import rows_of
from names_world import ABOVE, World

_TELLING = ABOVE[:-1]


def homonym_genera(world: World) -> pl.DataFrame:
    """Genera that two kingdoms have, once with each rank above them that differs between the two."""
    rows = _with_one_rank(_in_two_kingdoms(world.taxa.filter(rank="genus")), "genus")
    # Ctenophora of the animals is a phylum too, and its kingdom alone does not say which is meant.
    above = world.taxa.filter(pl.col("rank").is_in(_TELLING)).select("name", *_TELLING)
    for given in _TELLING:
        rows = rows.join(above.select("name", given), on=["name", given], how="anti", maintain_order="left")
    return rows


def homonym_binomials(world: World) -> pl.DataFrame:
    """Binomials that two kingdoms have, once with each rank that differs between the two."""
    return _with_one_rank(_in_two_kingdoms(_plain(world)), "species")


def homonym_bare(world: World) -> pl.DataFrame:
    """The same genera and binomials without any lineage: nobody can tell."""
    genera = rows_of(_in_two_kingdoms(world.taxa.filter(rank="genus")), rank="genus", expected="ambiguous")
    binomials = rows_of(_in_two_kingdoms(_plain(world)), expected="ambiguous")
    both = pl.concat([genera, binomials]).unique("name", keep="first", maintain_order=True)
    nothing = [pl.lit(None, pl.String).alias(name) for name in (*ABOVE, "truth_id", "truth_name", "truth_kingdom")]
    return both.with_columns(*nothing)


def _plain(world: World) -> pl.DataFrame:
    species = world.taxa.filter(rank="species").drop_nulls("genus")
    return species.filter(pl.col("name") == pl.col("genus") + " " + pl.col("species"))


def _in_two_kingdoms(taxa: pl.DataFrame) -> pl.DataFrame:
    """Taxa whose name another kingdom has too, once in each of the kingdoms."""
    counts = taxa.group_by("name").agg(kingdoms=pl.col("kingdom").n_unique(), taxa=pl.len())
    chosen = counts.filter(pl.col("kingdoms") > 1, pl.col("kingdoms") == pl.col("taxa"))
    return taxa.join(chosen.select("name"), on="name", how="semi").sort("name", "id")


def _with_one_rank(taxa: pl.DataFrame, rank: str) -> pl.DataFrame:
    parts = []
    for given in _TELLING:
        differs = (pl.col(given).drop_nulls().n_unique() == pl.len()).over("name")
        rows = rows_of(taxa.filter(pl.col(given).is_not_null(), differs), rank=rank)
        parts.append(rows.with_columns(pl.lit(None, pl.String).alias(other) for other in ABOVE if other != given))
    return pl.concat(parts)
