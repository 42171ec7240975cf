"""From scored candidates to one answer a name: accepted, or the genus, or ambiguous, or nothing; and why."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from thuja.names.agreement import HIGHER, Agreement
from thuja.names.backbone import Backbone
from thuja.names.features import How
from thuja.names.resolution import Status
from thuja.names.store import BELOW_SPECIES, LINEAGE, SPECIES_LEVEL
from thuja.names.rows import SEVEN

ANSWER = [
    "match_type", "score", *SEVEN, "accepted_name", "accepted_rank", "accepted_id", "backbone", "matched_name",
    "common", "runner_up", "runner_up_score", "changed", "reason",
]  # fmt: skip
"""The columns of an answer."""
GENUS_THRESHOLD = 0.7
"""How probable a genus has to be to stand in for a species that is not accepted."""
_BELOW = list(BELOW_SPECIES)
_NAMED = [int(how) for how in (How.EXACT, How.SPECIES_OF, How.VARIANT, How.COMMON, How.WITHIN)]


def described(backbones: Sequence[Backbone], found: pl.DataFrame) -> pl.DataFrame:
    """Candidates with the lineage, name, rank, id and common name of their taxa, and a key that taxa share.

    A taxon below the species is described as its species.
    """
    parts = []
    for number, backbone in enumerate(backbones):
        part = found.filter(pl.col("backbone") == number)
        row, taxon = part["row"].to_numpy(), part["taxon"].to_numpy()
        names, held = backbone.tables.names, backbone.lineages(taxon)
        safe = np.maximum(row, 0)
        matched = pl.DataFrame(
            {
                "matched_name": names["name"].gather(safe) if len(names) else [],
                "matched_rank": names["rank"].gather(safe).cast(pl.String) if len(names) else [],
                "matched_status": names["status"].gather(safe).cast(pl.String) if len(names) else [],
            }
        ).with_columns(pl.when(pl.Series(row >= 0)).then(pl.all()))
        held = held.rename({"id": "accepted_id", "rank": "accepted_rank", "name": "accepted_name"}).drop("authorship")
        held = held.with_columns(pl.col("accepted_rank").cast(pl.String), pl.lit(backbone.name).alias("backbone_name"))
        parts.append(part.hstack(_as_species(backbone, held)).hstack(matched))
    table = pl.concat(parts) if parts else found
    return table.with_columns(
        pl.concat_str([pl.col(rank).fill_null("") for rank in SEVEN], separator="|").str.to_lowercase().alias("answer"),
    )


def _as_species(backbone: Backbone, held: pl.DataFrame) -> pl.DataFrame:
    is_below = held["accepted_rank"].is_in(_BELOW).to_numpy() & held["species"].is_not_null().to_numpy()
    rows = np.flatnonzero(is_below)
    if not len(rows):
        return held
    binomials = held["genus"].gather(rows).fill_null("") + " " + held["species"].gather(rows)
    hits = backbone.by_key(binomials.str.to_lowercase())
    taxon = backbone.tables.names["taxon"].gather(hits.found).to_numpy()
    species = backbone.lineages(taxon).with_columns(pl.Series("asked", rows[hits.asked]))
    species = species.filter(pl.col("rank").cast(pl.String) == "species").unique("asked", keep="first", maintain_order=True)
    numbered = held.with_row_index("asked").with_columns(pl.col("asked").cast(pl.Int64))
    joined = numbered.join(species.select("asked", "id", pl.col("common").alias("of_species")), on="asked", how="left")
    below = pl.Series(is_below)
    return joined.sort("asked").with_columns(
        pl.when(below).then(pl.col("genus") + " " + pl.col("species")).otherwise("accepted_name").alias("accepted_name"),
        pl.when(below).then(pl.lit("species")).otherwise("accepted_rank").alias("accepted_rank"),
        pl.when(below).then("id").otherwise("accepted_id").alias("accepted_id"),
        pl.when(below).then("of_species").otherwise("common").alias("common"),
    ).drop("asked", "id", "of_species")  # fmt: skip


def decide(queries: pl.DataFrame, found: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """One answer a query, in the queries' order: the columns of `ANSWER`.

    `found` are described candidates with `probability`; `queries` has `asked`, `text`, `qualifier` and the lineage given.
    """
    ranked = _ranked(found)
    best = ranked.filter(pl.col("place") == 0)
    second = ranked.filter(pl.col("place") == 1).select(
        "asked", second="accepted_name", second_p="probability"
    )
    genus = _genera(found)
    table = queries.select("asked", "text", "qualifier", "infraspecific", *(pl.col(r).alias(f"given_{r}") for r in HIGHER))
    table = table.join(best, on="asked", how="left").join(second, on="asked", how="left")
    table = table.join(genus, on="asked", how="left").join(_meanings(ranked), on="asked", how="left").sort("asked")
    table = table.with_columns(_status(threshold).alias("match_type"))
    return _answers(table, threshold)


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
        pl.concat_str("genus_genus", pl.lit(" ("), "genus_kingdom", pl.lit(", "), pl.col("genus_family").fill_null("?"), pl.lit(")")).head(3).str.join("; ").alias("genus_meanings"),
    )  # fmt: skip
    return first.drop("key").join(both, on="asked", how="left")


def _meanings(ranked: pl.DataFrame) -> pl.DataFrame:
    """What a name of several meanings may mean: the first five, their shared probability, the lineage they share."""
    named = ranked.filter(pl.col("how").is_in(_NAMED))
    shared = [
        pl.when(pl.col(rank).n_unique() == 1).then(pl.col(rank).first()).alias(f"shared_{rank}") for rank in SEVEN
    ]
    return named.group_by("asked", maintain_order=True).agg(
        pl.len().alias("meanings"),
        pl.col("probability").sum().alias("named_p"),
        _shown().head(5).str.join("; ").alias("shown_meanings"),
        *shared,
    )


def _shown() -> pl.Expr:
    above = pl.concat_str(pl.lit(" ("), pl.col("kingdom"), pl.concat_str(pl.lit(", "), "family").fill_null(""), pl.lit(")"))
    return pl.col("accepted_name") + above.fill_null("")


def _status(threshold: float) -> pl.Expr:
    probability, how = pl.col("probability"), pl.col("how")
    named = pl.col("matched_rank").is_in(_BELOW) | (how == int(How.SPECIES_OF))
    is_seven = pl.col("accepted_rank").is_in([*SEVEN, *SPECIES_LEVEL])
    accepted = (
        pl.when(how == int(How.IDENTIFIER)).then(pl.lit(Status.IDENTIFIER))
        .when(how == int(How.COMMON)).then(pl.when(is_seven).then(pl.lit(Status.COMMON_NAME)).otherwise(pl.lit(Status.HIGHER_RANK)))
        .when(~is_seven).then(pl.lit(Status.HIGHER_RANK))
        .when(how == int(How.FUZZY)).then(pl.lit(Status.FUZZY))
        .when(how == int(How.VARIANT)).then(pl.lit(Status.VARIANT))
        .when(how == int(How.WITHIN)).then(pl.lit(Status.WITHIN))
        .when(pl.col("matched_status").is_in(["synonym", "misspelling", "misapplied"])).then(pl.lit(Status.SYNONYM))
        .when(named).then(pl.lit(Status.INFRASPECIFIC))
        .otherwise(pl.lit(Status.EXACT))
    )  # fmt: skip
    has_several = (pl.col("meanings") > 1) & (pl.col("named_p") >= 0.5)
    genus_p = pl.col("genus_p").fill_null(0)
    has_two_genera = (genus_p + pl.col("genus_second_p").fill_null(0) >= GENUS_THRESHOLD) & (
        pl.col("genus_second_p").fill_null(0) > genus_p / 4
    )
    is_conflict = (pl.col("is_contradicted") & (how == int(How.EXACT))).fill_null(value=False)
    return (
        pl.when(pl.col("text") == "").then(pl.lit(Status.EMPTY))
        .when(probability.fill_null(0) >= threshold).then(accepted)
        .when(has_several).then(pl.lit(Status.AMBIGUOUS))
        .when((genus_p >= GENUS_THRESHOLD) & (~is_conflict | pl.col("is_genus_known"))).then(pl.lit(Status.HIGHER_RANK))
        .when(is_conflict).then(pl.lit(Status.CONFLICT))
        .when(has_two_genera).then(pl.lit(Status.AMBIGUOUS))
        .otherwise(pl.lit(Status.UNRESOLVED))
    )  # fmt: skip


def _answers(table: pl.DataFrame, threshold: float) -> pl.DataFrame:
    status = pl.col("match_type")
    is_accepted = pl.col("probability").fill_null(0) >= threshold
    is_genus = (status == Status.HIGHER_RANK) & ~is_accepted
    is_several = status == Status.AMBIGUOUS
    is_named_twice = is_several & (pl.col("meanings") > 1).fill_null(value=False)
    known_as = {
        rank: pl.when(is_accepted).then(rank)
        .when(is_genus).then(f"genus_{rank}" if rank != "species" else pl.lit(None))
        .when(is_named_twice).then(f"shared_{rank}")
        for rank in SEVEN
    }  # fmt: skip
    best = pl.when(is_accepted)
    table = table.with_columns(
        pl.when(is_accepted).then("probability").when(is_genus).then("genus_p").when(is_several | (status == Status.CONFLICT)).then("probability").alias("score"),
        *(expression.alias(f"answer_{rank}") for rank, expression in known_as.items()),
        best.then("accepted_name").when(is_genus).then("genus_genus").alias("accepted_name"),
        best.then("accepted_rank").when(is_genus).then(pl.lit("genus")).alias("accepted_rank"),
        best.then("accepted_id").when(is_genus).then("genus_id").alias("accepted_id"),
        best.then("backbone_name").when(is_genus).then("genus_backbone").alias("answering"),
        best.then("matched_name").alias("matched"),
        best.then("common").alias("called"),
        pl.when(is_accepted).then("second").otherwise("accepted_name").alias("runner_up"),
        pl.when(is_accepted).then("second_p").otherwise("probability").alias("runner_up_score"),
        _reason(is_accepted, is_genus).alias("reason"),
    )  # fmt: skip
    table = table.with_columns(_changed(is_accepted | is_genus).alias("changed"))
    return table.select(
        "asked", "match_type", "score", *(pl.col(f"answer_{rank}").alias(rank) for rank in SEVEN),
        "accepted_name", "accepted_rank", "accepted_id", pl.col("answering").alias("backbone"),
        pl.col("matched").alias("matched_name"), pl.col("called").alias("common"), "runner_up", "runner_up_score",
        "changed", "reason",
    )  # fmt: skip


def _changed(is_answered: pl.Expr) -> pl.Expr:
    """The ranks given that the answer's lineage says otherwise: `family: paridae -> Corvidae`."""
    parts = []
    for rank in HIGHER:
        ours = pl.col(f"answer_{rank}")
        is_other = pl.col(rank + "_code").is_in([int(Agreement.DIFFERS), int(Agreement.UNKNOWN), int(Agreement.NEAR)])
        text = pl.concat_str(pl.lit(f"{rank}: "), f"given_{rank}", pl.lit(" -> "), ours)
        parts.append(pl.when(is_answered & is_other & ours.is_not_null()).then(text))
    return pl.concat_str(parts, separator="; ", ignore_nulls=True).replace("", None)


def _reason(is_accepted: pl.Expr, is_genus: pl.Expr) -> pl.Expr:
    status, text = pl.col("match_type"), pl.col("text")
    name, matched = pl.col("accepted_name"), pl.col("matched_name")
    edits = pl.col("genus_edits") + pl.col("epithet_edits")
    plural = pl.when(edits > 1).then(pl.lit(" edits")).otherwise(pl.lit(" edit"))
    because = {
        Status.EMPTY: pl.lit("no name was given"),
        Status.EXACT: pl.concat_str("accepted_rank", pl.lit(" "), name),
        Status.SYNONYM: pl.concat_str(matched, pl.lit(" is a "), "matched_status", pl.lit(" of "), name),
        Status.VARIANT: pl.concat_str(pl.lit("a spelling of "), name),
        Status.FUZZY: pl.concat_str(edits.cast(pl.String), plural, pl.lit(" from "), matched),
        Status.WITHIN: pl.concat_str(matched, pl.lit(" stands in "), text),
        Status.INFRASPECIFIC: pl.concat_str(text, pl.lit(" is read as its species, "), name),
        Status.COMMON_NAME: pl.concat_str(pl.lit("common name of the "), "accepted_rank", pl.lit(" "), name),
        Status.IDENTIFIER: pl.concat_str(pl.lit("the row's id is that of "), name),
        Status.CONFLICT: pl.concat_str(pl.lit("the backbone knows "), _shown(), pl.lit(", the lineage given is another")),
    }
    several = pl.coalesce(
        pl.when(pl.col("meanings") > 1).then(pl.concat_str(text, pl.lit(" may be "), "shown_meanings")),
        pl.concat_str(text, pl.lit(" may be of the genus "), "genus_meanings"),
    )
    unlike = pl.when(pl.col("qualifier") != "").then(
        pl.concat_str(text, pl.lit(" names a genus only"))
    ).when(pl.col("probability").is_not_null()).then(
        pl.concat_str(text, pl.lit(" is in no backbone; it may be "), _shown(), pl.lit(", or another species of its genus"))
    ).otherwise(pl.concat_str(text, pl.lit(" is in no backbone, but its genus is")))  # fmt: skip
    above = pl.concat_str(name, pl.lit(" is a "), "accepted_rank")
    expression = pl.when(status == Status.HIGHER_RANK).then(pl.when(is_genus).then(unlike).otherwise(above))
    expression = expression.when(status == Status.AMBIGUOUS).then(several)
    for word, text_ in because.items():
        expression = expression.when(status == word).then(text_)
    return expression.otherwise(pl.lit("no name of a backbone"))
