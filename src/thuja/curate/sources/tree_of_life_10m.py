"""TreeOfLife-10M's catalog.csv, with its licenses.csv where it lies beside."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from thuja.curate.sources.expressions import dropped, first_reason, has_broken_names, is_url, text_or_null, traits_of
from thuja.curate.sources.spec import CHUNK, Notes, SourceSpec
from thuja.curate.sources.spilling import Spill, count_parts, join_parts, scratch_of, size_as_text
from thuja.curate.sources.text_tables import TextTable
from thuja.taxonomy import RANKS, Rank

_RANKS = [rank.label for rank in RANKS]
_IDS = ("eol_content_id", "eol_page_id", "bioscan_part", "bioscan_filename", "inat21_filename", "inat21_cls_name")
_CATALOG = ("split", "treeoflife_id", *_IDS, *_RANKS, "common")
_LICENSES = ("treeoflife_id", "md5", "medium_source_url", "eol_full_size_copy_url", "license_name", "copyright_owner",
             "license_link", "title")  # fmt: skip
_KEY = "treeoflife_id"


def read_tree_of_life_10m(spec: SourceSpec, catalog: Path, notes: Notes) -> Iterator[pl.DataFrame]:
    """A row a row of catalog.csv but for the split train_small, which repeats rows of train and is noted.

    `data_source` is `eol`, `bioscan` or `inat21` and the id that source's own; iNat21's and BIOSCAN's images have no
    address and are dropped as `no_url`: read those data sets themselves.
    """
    table = TextTable.of(catalog)
    table.require(*_CATALOG)
    beside = catalog.with_name("licenses.csv")
    licenses = beside if beside.is_file() else None
    count = count_parts(size_as_text(catalog, licenses))
    scratch = scratch_of(spec)
    left = Spill(folder=scratch / "catalog", key=_KEY, count=count, keeps_keyless=True).put(_catalog(table, notes))
    right = Spill(folder=scratch / "licenses", key=_KEY, count=count).put(_licenses(licenses, notes))
    for joined in join_parts(left, right):
        for chunk in joined.rows.iter_slices(CHUNK) if len(joined.rows) else ():
            yield _rows(chunk, spec.name)


def _rows(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    content, page = pl.col("eol_content_id"), pl.col("eol_page_id").fill_null("")
    folder = pl.col("inat21_cls_name").fill_null("")
    identifier = pl.coalesce(
        pl.when(content.is_not_null()).then(pl.concat_str(content, page, separator="_")),
        pl.col("bioscan_filename"),
        pl.when(pl.col("inat21_filename").is_not_null())
        .then(pl.concat_str(folder, "inat21_filename", separator="/")),
    )  # fmt: skip
    source = first_reason(
        [(content.is_not_null(), "eol"), (pl.col("bioscan_filename").is_not_null(), "bioscan"),
         (pl.col("inat21_filename").is_not_null(), "inat21")]
    )  # fmt: skip
    rows = rows.with_columns(pl.coalesce("eol_full_size_copy_url", "medium_source_url").alias("source_url"))
    is_uuid = pl.col(_KEY).str.contains(r"(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$").fill_null(value=False)
    is_split = pl.col("split").is_in(["train", "val"]).fill_null(value=False)
    reason = first_reason(
        [
            (~is_uuid | source.is_null() | ~is_split | has_broken_names(), "broken_row"),
            (pl.col("source_url").is_null(), "no_url"),
            (~is_url("source_url"), "bad_url"),
        ]
    )
    genus, species = pl.col(Rank.GENUS.label), pl.col(Rank.SPECIES.label)
    binomial = pl.when(genus.is_not_null() & species.is_not_null()).then(pl.concat_str(genus, species, separator=" "))
    return rows.select(
        pl.when(is_uuid).then(pl.col(_KEY).str.to_lowercase()).alias("uuid"),
        (pl.lit(name) if name else source.fill_null("treeoflife")).alias("data_source"),
        pl.coalesce(identifier, _KEY).fill_null("").alias("source_id"),
        "source_url",
        pl.when(is_split).then("split").alias("split"),
        *_RANKS,
        "common",
        pl.coalesce(binomial, *reversed(_RANKS[:-1])).alias("verbatim_name"),
        pl.col("md5").str.to_lowercase(),
        "license_name",
        "license_link",
        *(pl.when(pl.col(said) != "not provided").then(said).alias(said) for said in ("copyright_owner", "title")),
        traits_of({"bioscan_part": "bioscan_part"}).alias("traits"),
        *dropped(reason),
    )


def _catalog(table: TextTable, notes: Notes) -> Iterator[pl.DataFrame]:
    for frame in table.frames(notes, _CATALOG):
        is_repeated = (pl.col("split") == "train_small").fill_null(value=False)
        kept = frame.filter(~is_repeated)
        if len(kept) < len(frame):
            notes["train_small"] += len(frame) - len(kept)
        yield kept.with_columns(text_or_null(name).alias(name) for name in _CATALOG)


def _licenses(table: Path | None, notes: Notes) -> Iterator[pl.DataFrame]:
    if table is None:
        notes["no_licenses_table"] += 1
    else:
        text = TextTable.of(table)
        text.require(*_LICENSES)
        yield from text.frames(notes, _LICENSES)
    yield pl.DataFrame(schema=dict.fromkeys(_LICENSES, pl.String))
