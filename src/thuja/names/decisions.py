"""From scored candidates to one answer a name: accepted, or the genus, or ambiguous, or nothing; and why."""

import polars as pl

from thuja.names.agreement import HIGHER, Agreement
from thuja.names.features import How
from thuja.names.reasons import changed, reason, shown
from thuja.names.resolution import Status
from thuja.names.rows import SEVEN
from thuja.names.store import BELOW_SPECIES, LINEAGE, SPECIES_LEVEL

ANSWER = [
    "match_type", "score", *SEVEN, "accepted_name", "accepted_rank", "accepted_id", "backbone", "matched_name",
    "common", "runner_up", "runner_up_score", "changed", "reason",
]  # fmt: skip
"""The columns of an answer."""
GENUS_THRESHOLD = 0.7
"""How probable a genus has to be to stand in for a species that is not accepted."""
_OTHER_NAMES = ["synonym", "misspelling", "misapplied"]
_NAMED = [int(how) for how in (How.EXACT, How.SPECIES_OF, How.VARIANT, How.COMMON, How.WITHIN, How.HEAD)]


def decide(queries: pl.DataFrame, found: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """One answer a query, in the queries' order: the columns of `ANSWER`.

    `found` are described candidates with `probability`; `queries` are as `Resolver.queries` makes them.
    """
    ranked = _ranked(found)
    best = ranked.filter(pl.col("place") == 0)
    second = ranked.filter(pl.col("place") == 1).select("asked", second="accepted_name", second_p="probability")
    genus = _genera(found)
    table = queries.select(
        "asked",
        "text",
        "qualifier",
        "infraspecific",
        "kind",
        "given_genus",
        pl.col("genus").alias("written_genus"),
        *(pl.col(r).alias(f"given_{r}") for r in HIGHER),
    )
    table = table.join(best, on="asked", how="left").join(second, on="asked", how="left")
    table = table.join(genus, on="asked", how="left").join(_meanings(ranked), on="asked", how="left")
    table = table.join(_contradicted(ranked), on="asked", how="left").sort("asked")
    is_lone = pl.col("how").is_in([int(How.MOVED), int(How.HEAD)])  # suggestions, however few there are
    is_accepted = ((pl.col("probability") >= threshold) & ~is_lone).fill_null(value=False)
    # "Megapode" is what several species of one family are called.
    is_one = pl.col("shared_family").is_not_null() & (pl.col("named_p") >= 0.5) & (pl.col("meanings") >= 3)
    is_shared = ~is_accepted & pl.col("how").is_in([int(How.COMMON), int(How.HEAD)]) & is_one
    table = table.with_columns(is_accepted.alias("is_accepted"), is_shared.fill_null(value=False).alias("is_shared"))
    return _answers(table.with_columns(_status().alias("match_type")))


def _ranked(found: pl.DataFrame) -> pl.DataFrame:
    """The taxa a query may mean, the likeliest first (`place` 0); names of one taxon count together."""
    named = found.filter(pl.col("how") != int(How.GENUS)).sort(
        "asked", "answer", "probability", "how", "matched_name", descending=[False, False, True, False, False]
    )
    total = pl.col("probability").sum().over("asked", "answer").round(6)
    taxa = named.with_columns(total).unique(["asked", "answer"], keep="first", maintain_order=True)
    taxa = taxa.sort("asked", "probability", "backbone", "answer", descending=[False, True, False, False])
    return taxa.with_columns(pl.int_range(pl.len()).over("asked").alias("place"))


def _genera(found: pl.DataFrame) -> pl.DataFrame:
    """The likeliest genus of each query, and the next: what species and genus candidates of it add up to."""
    above = found.filter(pl.col("genus").is_not_null(), pl.col("how") != int(How.MOVED))
    key = pl.concat_str([pl.col(rank).fill_null("") for rank in LINEAGE], separator="|")
    is_whole = pl.col("how") == int(How.GENUS)
    is_spelt = is_whole & (pl.col("genus_edits") == 0)
    above = above.with_columns(key.alias("key")).sort("asked", "key", is_whole, descending=[False, False, True])
    genera = above.group_by("asked", "key", maintain_order=True).agg(
        pl.col("probability").sum().round(6).alias("genus_p"),
        *(pl.col(rank).first().alias(f"genus_{rank}") for rank in LINEAGE),
        pl.when(is_whole).then("accepted_id").otherwise(None).first().alias("genus_id"),
        pl.col("backbone_name").first().alias("genus_backbone"),
        is_spelt.any().alias("is_genus_known"),
    )
    genera = genera.sort("asked", "genus_p", "key", descending=[False, True, False])
    first = genera.unique("asked", keep="first", maintain_order=True)
    both = genera.group_by("asked", maintain_order=True).agg(
        pl.col("genus_p").filter("is_genus_known").slice(1, 1).first().alias("genus_second_p"),
        pl.format("{} ({}, {})", "genus_genus", "genus_kingdom", pl.col("genus_family").fill_null("?"))
        .head(3).str.join("; ").alias("genus_meanings"),
    )  # fmt: skip
    return first.drop("key").join(both, on="asked", how="left")


def _meanings(ranked: pl.DataFrame) -> pl.DataFrame:
    """What a name of several meanings may mean: the first five, their shared probability, the lineage they share."""
    likely = pl.col("probability") >= pl.col("probability").max().over("asked") / 50
    named = ranked.filter(pl.col("how").is_in(_NAMED), likely)
    shared = [
        pl.when(pl.col(rank).n_unique() == 1).then(pl.col(rank).first()).alias(f"shared_{rank}") for rank in SEVEN
    ]
    return named.group_by("asked", maintain_order=True).agg(
        pl.len().alias("meanings"),
        pl.col("probability").sum().alias("named_p"),
        shown().head(5).str.join("; ").alias("shown_meanings"),
        *shared,
    )


def _contradicted(ranked: pl.DataFrame) -> pl.DataFrame:
    """What a backbone knows by the very name, in another lineage than the one given: `elsewhere`."""
    others = [int(Agreement.DIFFERS), int(Agreement.NEAR)]
    differs = pl.any_horizontal(pl.col(f"{rank}_code").is_in(others) for rank in HIGHER)
    known = ranked.filter(pl.col("how").is_in([int(How.EXACT), int(How.SPECIES_OF)]), differs)
    known = known.unique("asked", keep="first", maintain_order=True)
    return known.select("asked", elsewhere=shown())


def _status() -> pl.Expr:
    """The `Status`; `is_accepted` and `is_shared` say whether the best candidate, or what all share, is the answer."""
    genus_p = pl.col("genus_p").fill_null(0)
    has_several = (pl.col("meanings") > 1) & (pl.col("named_p") >= 0.5)
    second_p = pl.col("genus_second_p").fill_null(0)
    has_two_genera = (genus_p + second_p >= GENUS_THRESHOLD) & (second_p > genus_p / 4)
    is_conflict = pl.col("elsewhere").is_not_null()
    is_genus = (genus_p >= GENUS_THRESHOLD) & (~is_conflict | pl.col("is_genus_known"))
    return (
        pl.when(pl.col("text") == "").then(pl.lit(Status.EMPTY))
        .when(pl.col("kind") == "several").then(pl.lit(Status.AMBIGUOUS))
        .when("is_accepted").then(_accepted())
        .when("is_shared").then(pl.lit(Status.HIGHER_RANK))
        .when(has_several).then(pl.lit(Status.AMBIGUOUS))
        .when(is_genus).then(pl.lit(Status.HIGHER_RANK))
        .when(is_conflict).then(pl.lit(Status.CONFLICT))
        .when(has_two_genera).then(pl.lit(Status.AMBIGUOUS))
        .otherwise(pl.lit(Status.UNRESOLVED))
    )  # fmt: skip


def _accepted() -> pl.Expr:
    how = pl.col("how")
    is_main = pl.col("accepted_rank").is_in([*SEVEN, *SPECIES_LEVEL])
    is_below = pl.col("matched_rank").is_in(list(BELOW_SPECIES)) | (how == int(How.SPECIES_OF))
    return (
        pl.when(~is_main).then(pl.lit(Status.HIGHER_RANK))
        .when(how == int(How.COMMON)).then(pl.lit(Status.COMMON_NAME))
        .when(how == int(How.FUZZY)).then(pl.lit(Status.FUZZY))
        .when(how == int(How.VARIANT)).then(pl.lit(Status.VARIANT))
        .when(how == int(How.WITHIN)).then(pl.lit(Status.WITHIN))
        .when(pl.col("matched_status").is_in(_OTHER_NAMES)).then(pl.lit(Status.SYNONYM))
        .when(is_below).then(pl.lit(Status.INFRASPECIFIC))
        .otherwise(pl.lit(Status.EXACT))
    )  # fmt: skip


def _answers(table: pl.DataFrame) -> pl.DataFrame:
    """What is answered: the best candidate, what all candidates share, or the genus."""
    status, accepted, shared = pl.col("match_type"), pl.col("is_accepted"), pl.col("is_shared")
    is_genus = (status == Status.HIGHER_RANK) & ~accepted & ~shared
    is_several = (status == Status.AMBIGUOUS) & (pl.col("meanings") > 1).fill_null(value=False)
    is_open_genus = (status == Status.AMBIGUOUS) & ~is_several
    scored = accepted | is_several | (status == Status.CONFLICT)
    known_as = [
        pl.when(accepted).then(rank)
        .when(shared | is_several).then(f"shared_{rank}")
        .when(is_genus).then(f"genus_{rank}" if rank != "species" else pl.lit(None))
        .alias(f"answer_{rank}")
        for rank in SEVEN
    ]  # fmt: skip
    shared_name = pl.coalesce("shared_genus", "shared_family")
    shared_rank = pl.when(pl.col("shared_genus").is_not_null()).then(pl.lit("genus")).otherwise(pl.lit("family"))
    table = table.with_columns(
        reason().alias("reason"),
        pl.when(scored).then("probability").when(shared).then("named_p").when(is_genus | is_open_genus).then("genus_p")
        .alias("score"),
        *known_as,
        pl.when(accepted).then("accepted_name").when(shared).then(shared_name).when(is_genus).then("genus_genus")
        .alias("accepted_name"),
        pl.when(accepted).then("accepted_rank").when(shared).then(shared_rank).when(is_genus).then(pl.lit("genus"))
        .alias("accepted_rank"),
        pl.when(accepted).then("accepted_id").when(is_genus).then("genus_id").alias("accepted_id"),
        pl.when(accepted | shared).then("backbone_name").when(is_genus).then("genus_backbone").alias("backbone_of"),
        pl.when(accepted).then("matched_name").alias("matched_name"),
        pl.when(accepted).then("common").alias("common"),
        pl.when(accepted | is_several).then("second").when(is_open_genus).then(pl.lit(None)).otherwise("accepted_name")
        .alias("runner_up"),
        pl.when(accepted | is_several).then("second_p").when(is_open_genus).then(pl.lit(None)).otherwise("probability")
        .alias("runner_up_score"),
    )  # fmt: skip
    table = table.with_columns(changed(accepted | is_genus).alias("changed")).drop("backbone", *SEVEN)
    names = {f"answer_{rank}": rank for rank in SEVEN} | {"backbone_of": "backbone"}
    return table.rename(names).select("asked", *ANSWER)
