"""Rows that ask: a name as it was written, the lineage and the common name it came with; and rows as `Resolution`s."""

from collections.abc import Sequence

import polars as pl

from thuja.errors import UsageError
from thuja.names.resolution import CERTAIN, Resolution, Status
from thuja.names.written import PLACEHOLDERS, WrittenName, read_name
from thuja.taxonomy import RANKS, Rank, Taxon

SEVEN = [rank.label for rank in RANKS]
GIVEN = ["verbatim", *SEVEN, "common"]
"""The columns of a row that asks; `species` may hold the epithet or the binomial."""
MAX_LENGTH = 500
"""Longer cells are no names (a paragraph in the wrong column) and are cut."""


def rows_of(names: Sequence[str], lineages: pl.DataFrame | Sequence[Taxon] | None = None) -> pl.DataFrame:
    """Rows of names and of the lineages they came with: taxa, or a table with any of kingdom ... species, common."""
    if isinstance(names, str):
        raise UsageError(f'one name in place of many: "{names}"', hint="a list of names")
    try:
        table = pl.DataFrame({"verbatim": pl.Series(names, dtype=pl.String)})
    except TypeError as error:
        raise UsageError("a name is text or None", hint=str(error)) from error
    if lineages is not None and len(lineages) != len(table):
        raise UsageError(f"{len(table):,} names and {len(lineages):,} lineages", hint="a lineage for each name")
    if isinstance(lineages, pl.DataFrame):
        held = [name for name in (*SEVEN, "common") if name in lineages.columns]
        return tidy_rows(table.hstack(lineages.select(held)))
    if lineages is not None:
        if not all(isinstance(taxon, Taxon) for taxon in lineages):
            raise UsageError("lineages are a polars table or Taxons", hint="pl.DataFrame({'class': [...]})")
        rows = [(*taxon.names, taxon.common) for taxon in lineages]
        table = table.hstack(pl.DataFrame(rows, schema=dict.fromkeys([*SEVEN, "common"], pl.String), orient="row"))
    return tidy_rows(table)


def tidy_rows(table: pl.DataFrame) -> pl.DataFrame:
    """The columns `GIVEN`, without nulls, placeholders and superfluous blanks, the species as an epithet."""
    held = [
        pl.col(name).cast(pl.String) if name in table.columns else pl.lit(None, pl.String).alias(name) for name in GIVEN
    ]
    table = table.select(held).with_columns(
        pl.all().fill_null("").str.head(MAX_LENGTH).str.replace_all(r"\s+", " ").str.strip_chars()
    )
    empty = pl.all().str.to_lowercase().is_in(list(PLACEHOLDERS))
    table = table.with_columns(pl.when(empty).then(pl.lit("")).otherwise(pl.all()).name.keep())
    prefix = pl.col("genus") + " "
    repeats = (pl.col("genus") != "") & pl.col("species").str.to_lowercase().str.starts_with(prefix.str.to_lowercase())
    epithet = pl.col("species").str.slice(pl.col("genus").str.len_chars() + 1)
    table = table.with_columns(pl.when(repeats).then(epithet).otherwise("species").alias("species"))
    # A binomial in the species' column of a table without genera brings its genus along.
    parts = pl.col("species").str.extract_groups(r"^(\p{Lu}[\p{Ll}-]+) (.+)$")
    is_alone = (pl.col("genus") == "") & parts.struct.field("1").is_not_null()
    return table.with_columns(
        pl.when(is_alone).then(parts.struct.field("1")).otherwise("genus").alias("genus"),
        pl.when(is_alone).then(parts.struct.field("2")).otherwise("species").alias("species"),
    )


def resolutions(given: pl.DataFrame, answers: pl.DataFrame) -> list[Resolution]:
    """Answered rows as `Resolution`s, in their order."""
    pairs = zip(given.iter_rows(named=True), answers.iter_rows(named=True), strict=True)
    return [_resolution(row, answer) for row, answer in pairs]


def _resolution(row: dict[str, str], answer: dict[str, object]) -> Resolution:
    status = Status(str(answer["match_type"]))
    common = row["common"] or str(answer["common"] or "")
    taxon = Taxon.from_names([_text(answer[rank]) for rank in SEVEN], common=common)
    hint = Taxon.from_names([row[rank] for rank in SEVEN], common=row["common"])
    verbatim = row["verbatim"] or hint.scientific_name or hint.common
    score, second = answer["score"], answer["runner_up_score"]
    return Resolution(
        taxon=taxon,
        status=status,
        verbatim=verbatim,
        reason=str(answer["reason"]),
        label=_label(taxon, status, read_name(verbatim), hint=hint),
        score=score if isinstance(score, float) else None,
        runner_up=_text(answer["runner_up"]),
        runner_up_score=second if isinstance(second, float) else None,
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _label(taxon: Taxon, status: Status, written: WrittenName, *, hint: Taxon) -> Taxon:
    """What an image of that name is labelled: the answer, and below it the name as it was written.

    A label that is no binomial ("copepod calanoid") takes the species' place without a genus, so
    that two such labels are two taxa; it is the common name too.
    """
    if status in CERTAIN or status is Status.EMPTY or (taxon.species and taxon.genus):
        return taxon
    above = taxon if status in (Status.HIGHER_RANK, Status.AMBIGUOUS, Status.GIVEN) else hint
    merged = [
        ours or theirs or said
        for ours, theirs, said in zip(above.names, hint.names, written.lineage.names, strict=True)
    ]
    names = merged[: Rank.GENUS]
    if status is Status.HIGHER_RANK and (written.qualifier or not written.epithet):
        return taxon
    if written.is_binomial_like or written.lineage.species or (written.epithet and taxon.genus == written.genus):
        return Taxon.from_names([*names, written.genus, written.epithet], common=hint.common)
    if hint.genus and hint.rank in (Rank.GENUS, Rank.SPECIES):
        return Taxon.from_names([*names, hint.genus, hint.species], common=hint.common)
    if taxon.rank is not None and taxon.scientific_name.lower() == written.text.lower():
        return taxon
    return Taxon.from_names([*names, "", written.text], common=hint.common or written.text)
