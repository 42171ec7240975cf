"""What no resolver can tell: damaged names with another species as near as the one that was meant."""

import polars as pl

from names_world import ABOVE, World, osa

_LINEAGE = ABOVE[:-1]
RIVALS = {"rivals_nearer": pl.Int64, "rivals_level": pl.Int64, "congener_rivals": pl.Int64}


def count_rivals(world: World, damaged: pl.DataFrame) -> pl.DataFrame:
    """Counts for each row of `damaged`, in order, exact: every species of the world is considered.

    `damaged` has the written words `genus_word` and `epithet_word`, `distance` (1 or 2 edits, word by
    word), `truth_id`, `truth_genus` and the ranks given from kingdom to family.
    `rivals_nearer` and `rivals_level` are the other species, within the lineage given, at fewer and
    at as many edits; `congener_rivals` those of the true genus at as many or fewer.
    """
    written = damaged.select(
        pl.col("genus_word").str.to_lowercase().alias("written_genus"),
        pl.col("epithet_word").str.to_lowercase().alias("written_epithet"),
        "distance",
        "truth_id",
        "truth_genus",
        *(pl.col(rank).alias(f"given_{rank}") for rank in _LINEAGE),
    ).with_row_index("row")
    known = world.taxa.filter(rank="species").drop_nulls(["genus", "species"])
    known = known.select(
        "id",
        pl.col("genus").alias("rival_genus"),
        pl.col("genus").str.to_lowercase().alias("genus_key"),
        pl.col("species").str.to_lowercase().alias("epithet_key"),
        *_LINEAGE,
    )
    near = _near_genera(written["written_genus"].unique(), known["genus_key"].unique())
    found = [_found(written, known, near)] if len(written) else []
    if (written["distance"] > 1).any():
        found.append(_same_epithet(written, known))
    counts = pl.concat(found) if found else pl.DataFrame(schema={"row": pl.UInt32, **RIVALS})
    counts = counts.group_by("row").agg(pl.col(*RIVALS).sum())
    return written.select("row").join(counts, on="row", how="left", maintain_order="left").select(
        pl.col(name).fill_null(0).cast(kind) for name, kind in RIVALS.items()
    )  # fmt: skip


def ceiling(truth: pl.DataFrame) -> tuple[float, float]:
    """The share of names that can be told, and the share with ties guessed as well as chance allows."""
    nearer, level = truth["rivals_nearer"].to_numpy(), truth["rivals_level"].to_numpy()
    told = (nearer + level == 0).mean()
    guessed = ((nearer == 0) / (1 + level)).mean()
    return float(told), float(guessed)


def _found(written: pl.DataFrame, known: pl.DataFrame, near: pl.DataFrame) -> pl.DataFrame:
    """Rivals whose genus is within one edit of the one written."""
    parts = []
    for part in written.iter_slices(2_000):
        pairs = (
            part.join(near, on="written_genus").join(known, on="genus_key").filter(pl.col("id") != pl.col("truth_id"))
        )
        apart = osa(pairs["written_epithet"], pairs["epithet_key"], 2)
        parts.append(_counted(pairs.with_columns(total=pl.Series(apart) + pl.col("genus_apart"))))
    return pl.concat(parts)


def _same_epithet(written: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Rivals with the epithet as written and a genus exactly two edits away: all that `_found` leaves out."""
    parts = []
    asked = written.filter(pl.col("distance") > 1)
    for part in asked.iter_slices(2_000):
        pairs = part.join(known, left_on="written_epithet", right_on="epithet_key")
        pairs = pairs.filter(pl.col("id") != pl.col("truth_id"))
        apart = osa(pairs["written_genus"], pairs["genus_key"], 2)
        parts.append(_counted(pairs.with_columns(total=pl.Series(apart)).filter(pl.col("total") == 2)))
    return pl.concat(parts)


def _counted(pairs: pl.DataFrame) -> pl.DataFrame:
    agrees = pl.all_horizontal(
        (pl.col(f"given_{rank}") == pl.col(rank)).fill_null(value=True) for rank in _LINEAGE
    )  # a rank that either side lacks tells nothing
    return pairs.filter(pl.col("total") <= pl.col("distance")).select(
        "row",
        (agrees & (pl.col("total") < pl.col("distance"))).cast(pl.Int64).alias("rivals_nearer"),
        (agrees & (pl.col("total") == pl.col("distance"))).cast(pl.Int64).alias("rivals_level"),
        (pl.col("truth_genus") == pl.col("rival_genus")).cast(pl.Int64).alias("congener_rivals"),
    )


def _near_genera(written: pl.Series, known: pl.Series) -> pl.DataFrame:
    """Pairs within one edit: they share the word itself, or what is left of it with one letter taken out."""
    pairs = _without_a_letter(written, "written_genus").join(_without_a_letter(known, "genus_key"), on="key")
    pairs = pairs.select("written_genus", "genus_key").unique()
    apart = osa(pairs["written_genus"], pairs["genus_key"], 1)
    return pairs.with_columns(genus_apart=pl.Series(apart)).filter(pl.col("genus_apart") <= 1)


def _without_a_letter(words: pl.Series, name: str) -> pl.DataFrame:
    frame = words.alias(name).to_frame()
    cut = frame.with_columns(at=pl.int_ranges(pl.col(name).str.len_chars())).explode("at", empty_as_null=True)
    key = pl.col(name).str.head(pl.col("at")) + pl.col(name).str.slice(pl.col("at") + 1)
    return pl.concat([frame.with_columns(key=pl.col(name)), cut.select(name, key=key)])
