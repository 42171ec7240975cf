"""The files of Imageomics' TaxonoPy, so that who reads those can read ours."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from thuja import __version__
from thuja.jobs import write_json
from thuja.names.resolution import CERTAIN, Status
from thuja.names.rows import SEVEN
from thuja.names.tables.reading import Source

STATUS_WORDS = {
    Status.EXACT: ("EXACT_MATCH_PRIMARY_SOURCE_ACCEPTED", "the first backbone has the name, accepted"),
    Status.SYNONYM: ("EXACT_MATCH_PRIMARY_SOURCE_SYNONYM_SIMPLE", "a backbone has it as a synonym"),
    Status.VARIANT: ("FUZZY_MATCH_PRIMARY_SOURCE_ACCEPTED", "gnverifier calls another ending fuzzy"),
    Status.FUZZY: ("FUZZY_MATCH_PRIMARY_SOURCE_ACCEPTED", "one or two edits"),
    Status.WITHIN: ("EXACT_MATCH_PRIMARY_SOURCE_ACCEPTED_RESULT_WITHIN_QUERY", "a known name among other words"),
    Status.INFRASPECIFIC: ("EXACT_MATCH_PRIMARY_SOURCE_ACCEPTED_RESULT_WITHIN_QUERY", "the species within the name"),
    Status.COMMON_NAME: ("EXACT_MATCH_PRIMARY_SOURCE_ACCEPTED_SIMPLE", "TaxonoPy asks no common names"),
    Status.IDENTIFIER: ("EXACT_MATCH_PRIMARY_SOURCE_ACCEPTED_SIMPLE", "TaxonoPy asks no ids"),
    Status.OVERRIDE: ("FORCE_ACCEPTED", "the user says so; its resolution_path is FORCED"),
    Status.HIGHER_RANK: ("PARTIAL_EXACT_MATCH_PRIMARY_SOURCE_SIMPLE", "a part of the name, cut at its rank"),
    Status.GIVEN: ("NO_MATCH_RETRIES_EXHAUSTED", "no backbone has it; the ranks are the input's"),
    Status.CONFLICT: ("FAILED", "the name is known in another lineage"),
    Status.AMBIGUOUS: ("FAILED", "a tie is FAILED there too"),
    Status.UNRESOLVED: ("NO_MATCH_RETRIES_EXHAUSTED", "no backbone has it"),
    Status.EMPTY: ("EMPTY_INPUT_TAXONOMY", "nothing was asked"),
}
"""TaxonoPy's word for each of ours, and why."""
SECOND_SOURCE = "EXACT_MATCH_SECONDARY_SOURCE_ACCEPTED_PRUNED"
"""TaxonoPy's word for a name that only a later source has."""
SOURCE_IDS = {"gbif": 11, "col": 1, "ott": 179, "ncbi": 4}
"""gnverifier's numbers of the sources, which TaxonoPy writes as `final_data_source_id`."""
_SOLVED = [str(status) for status in (*sorted(CERTAIN), Status.HIGHER_RANK)]


def resolution_columns(first: str) -> list[pl.Expr]:
    """TaxonoPy's columns of how a row was resolved, beside our answers; `first` is the first backbone's name."""
    is_solved = pl.col("match_type").is_in(_SOLVED)
    is_forced = pl.col("match_type") == Status.OVERRIDE
    path = (
        pl.when(is_forced).then(pl.lit("FORCED")).when(is_solved).then(pl.lit("RESOLVED")).otherwise(pl.lit("UNSOLVED"))
    )
    source = pl.col("backbone").str.to_lowercase().str.extract(r"^([a-z]+)", 1)
    deepest = pl.coalesce(pl.when(pl.col(f"asked_{rank}") != "").then(pl.lit(rank)) for rank in reversed(SEVEN))
    asked = {"identifier": "identifier", "common": "common_name", "override": "override"}
    rank = (
        pl.when(pl.col("asked_as").is_in(list(asked))).then(pl.col("asked_as").replace(asked))
        .when(pl.col("asked_as") == "lineage").then("accepted_rank")
        .when((pl.col("asked_as") == "name") & (pl.col("asked_verbatim") != "")).then(pl.lit("scientific_name"))
        .otherwise(deepest)
    )  # fmt: skip
    word = pl.col("match_type").replace_strict(
        [str(status) for status in STATUS_WORDS], [word for word, _ in STATUS_WORDS.values()], return_dtype=pl.String
    )
    is_later = (pl.col("match_type") == Status.EXACT) & (pl.col("backbone") != first)
    return [
        path.alias("resolution_path"),
        pl.col("asked_as").alias("resolution_strategy"),
        pl.col("term").alias("final_query_term"),
        rank.alias("final_query_rank"),
        source.replace_strict(SOURCE_IDS, default=None, return_dtype=pl.Int64).alias("final_data_source_id"),
        pl.when(is_later).then(pl.lit(SECOND_SOURCE)).otherwise(word).alias("status_word"),
    ]


def layout(answered: pl.LazyFrame, source: Source, *, is_solved: bool) -> pl.LazyFrame:
    """The solved or the unsolved rows in TaxonoPy's columns; a rank that is not known is an empty text."""
    kept = answered.filter((pl.col("resolution_path") != "UNSOLVED") == is_solved)
    binomial = pl.when(pl.col("genus").is_not_null()).then(pl.col("genus") + " " + pl.col("species"))
    known = {rank: pl.col(rank) for rank in SEVEN} | {"species": pl.coalesce(binomial, "species")}
    ranks = [(known[rank] if is_solved else pl.col(f"asked_{rank}")).fill_null("").alias(rank) for rank in SEVEN]
    failure = [] if is_solved else [pl.col("reason").alias("resolution_failure_reason")]
    found = {heading.lower(): heading for heading in source.headings}
    folder = next(
        (part[7:] for part in source.path.parts if part.startswith("source=")), source.path.absolute().parent.name
    )

    def own(name: str, missing: str = "") -> pl.Expr:
        held = pl.col(f"kept_{found[name]}").cast(pl.String) if name in found else pl.lit(None, pl.String)
        return held.fill_null(missing).alias(name)

    return kept.select(
        own("uuid"),
        pl.col("asked_verbatim").alias("scientific_name"),
        pl.col("asked_common").alias("common_name"),
        own("source_dataset", folder),
        own("source_id"),
        pl.col("status_word").alias("resolution_status"),
        *ranks,
        "resolution_path",
        *failure,
        "resolution_strategy",
        "final_query_term",
        "final_query_rank",
        "final_data_source_id",
        pl.col("accepted_name").alias("meta_matched_current_name"),
        pl.col("accepted_id").alias("meta_accepted_record_id"),
        pl.col("score").alias("meta_score"),
        pl.col("reason").alias("meta_reason"),
    )


def write_statistics(answers: pl.DataFrame, folder: Path) -> None:
    """`resolution_stats.json`: how many distinct rows got each status; a second look-up of a row is a retry."""
    retried = answers["asked_as"].is_in(["ranks", "common", "lineage"]).sum()
    counts = answers["status_word"].value_counts(sort=True).sort("status_word")
    numbers = {
        "total_entry_groups_processed": len(answers),
        "total_attempts_created": len(answers) + int(retried),
        "entry_groups_with_retries": int(retried),
        **{f"final_status_{word.lower()}": count for word, count in counts.iter_rows()},
    }
    write_json(folder / "resolution_stats.json", numbers)


def write_manifest(folder: Path, files: Sequence[Path], options: Mapping[str, object]) -> None:
    """`taxonopy_resolve_manifest.json`: what made the folder, and what is in it."""
    about = {
        "tool": "thuja names resolve --taxonopy",
        "version": __version__,
        "command": "resolve",
        "options": dict(options),
        "files": [str(file.relative_to(folder)) for file in files],
    }
    write_json(folder / "taxonopy_resolve_manifest.json", about)
