"""TreeOfLife-10M's catalog.csv, with its licenses.csv where it lies beside."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from thuja.curate.sources.delimited import Dialect, read_delimited, read_header, require_columns
from thuja.curate.sources.expressions import dropped, first_reason, has_broken_names, is_url, text_or_null, traits_of
from thuja.curate.sources.partitions import Parts, count_parts, join_parts, put_down, scratch_of
from thuja.curate.sources.spec import CHUNK, Notes, SourceSpec
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
    dialect = Dialect()
    require_columns(catalog, read_header(catalog, dialect), _CATALOG, dialect)
    licenses = catalog.with_name("licenses.csv")
    count = count_parts(catalog, *([licenses] if licenses.is_file() else []))
    scratch = scratch_of(spec)
    left = put_down(_catalog(catalog, notes), scratch / "catalog", _KEY, count)
    right = _put_down_licenses(licenses, scratch / "licenses", count, notes)
    for joined in join_parts(left, right, _KEY, _KEY):
        for chunk in joined.iter_slices(CHUNK):
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


def _catalog(table: Path, notes: Notes) -> Iterator[pl.DataFrame]:
    for frame in read_delimited(table, Dialect(), notes):
        is_repeated = (pl.col("split") == "train_small").fill_null(value=False)
        kept = frame.filter(~is_repeated).select(_CATALOG)
        if len(kept) < len(frame):
            notes["train_small"] += len(frame) - len(kept)
        yield kept.with_columns(text_or_null(name).alias(name) for name in _CATALOG)


def _put_down_licenses(table: Path, folder: Path, count: int, notes: Notes) -> Parts:
    if not table.is_file():
        notes["no_licenses_table"] += 1
        return put_down([pl.DataFrame(schema=dict.fromkeys(_LICENSES, pl.String))], folder, _KEY, count)
    require_columns(table, read_header(table, Dialect()), _LICENSES, Dialect())
    frames = (frame.select(_LICENSES) for frame in read_delimited(table, Dialect(), notes))
    return put_down(frames, folder, _KEY, count)
