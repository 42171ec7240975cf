"""What a backbone holds, and what came of a resolved table, in numbers."""

from pathlib import Path

import polars as pl

from thuja.errors import BadFile
from thuja.names.backbone import Backbone
from thuja.names.tables.reading import opened_table


def backbone_counts(backbone: Backbone) -> pl.DataFrame:
    """Counts of a backbone, `what`, `of`, `count`: ranks, statuses, kingdoms, homonyms, languages."""
    names, taxa = backbone.tables.names, backbone.tables.taxa
    kingdom = backbone.tables.lineages["kingdom"].gather(taxa["lineage"].cast(pl.Int64)).fill_null("(none)")
    per_key = names.group_by("key").agg(pl.col("taxon").n_unique().alias("taxa"))
    homonyms = pl.Series(per_key["taxa"].filter(per_key["taxa"] > 1))
    total = [("total", "names", len(names)), ("total", "accepted taxa", len(taxa))]
    total += [
        ("homonyms", "names of several taxa", len(homonyms)),
        ("homonyms", "taxa of such names", int(homonyms.sum())),
    ]
    parts = [
        _counted("accepted taxa by rank", taxa["rank"]),
        _counted("names by status", names["status"]),
        _counted("accepted taxa by kingdom", kingdom),
        _counted("common names by language", backbone.tables.vernaculars["language"]),
    ]
    return pl.concat([pl.DataFrame(total, schema=dict(_COUNTS), orient="row"), *parts])


_COUNTS = {"what": pl.String, "of": pl.String, "count": pl.Int64}


def is_resolved(path: Path) -> bool:
    """Whether a table is one that `thuja names resolve` wrote."""
    with opened_table(path) as frame:
        return "match_type" in frame.collect_schema().names()


def table_counts(path: Path) -> pl.DataFrame:
    """Rows of a resolved table by match type, rank, backbone, form. Raises BadFile for any other table."""
    with opened_table(path) as frame:
        held = frame.collect_schema().names()
        if "match_type" not in held:
            raise BadFile(
                f"{path} is no resolved table: it has no column match_type", hint=f"found: {', '.join(held)[:300]}"
            )
        parts = []
        for column in ("match_type", "accepted_rank", "backbone", "form"):
            if column in held:
                counts = frame.group_by(pl.col(column).cast(pl.String)).len().collect(engine="streaming")
                parts.append(_tidy(f"rows by {column}", counts.rename({column: "of"}), "len"))
    return pl.concat(parts)


def _counted(what: str, values: pl.Series) -> pl.DataFrame:
    counts = values.cast(pl.String).to_frame("of").group_by("of").len()
    return _tidy(what, counts, "len")


def _tidy(what: str, counts: pl.DataFrame, size: str) -> pl.DataFrame:
    shown = counts.select(
        pl.lit(what).alias("what"),
        pl.when(pl.col("of").fill_null("") == "").then(pl.lit("(none)")).otherwise("of").alias("of"),
        pl.col(size).cast(pl.Int64).alias("count"),
    )
    return shown.sort("count", "of", descending=[True, False])
