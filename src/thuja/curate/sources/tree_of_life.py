"""TreeOfLife-200M and -10M from their own catalogs: to fetch and build them anew, under the same ids.

TreeOfLife-200M: dataset/catalog.parquet and metadata/provenance.parquet, columns as its data card lists them
(huggingface.co/datasets/imageomics/TreeOfLife-200M); `basisOfRecord` on the card is `basis_of_record` in files that
others have read. TreeOfLife-10M: metadata/catalog.csv and licenses.csv, columns as in its card. No real file was at
hand.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from thuja.curate.sources.delimited import Dialect, read_delimited, read_header, require_columns
from thuja.curate.sources.expressions import (
    as_float,
    dropped,
    first_reason,
    has_broken_names,
    is_url,
    text_or_null,
    traits_of,
)
from thuja.curate.sources.partitions import Parts, count_parts, join_parts, put_down, scratch_of
from thuja.curate.sources.spec import CHUNK, Notes, SourceSpec
from thuja.curate.sources.table_files import is_parquet, opened_parquet, plain
from thuja.curate.sources.tree_of_life_10m import read_tree_of_life_10m
from thuja.errors import BadFile, UsageError
from thuja.taxonomy import RANKS

_RANKS = [rank.label for rank in RANKS]
_CATALOG = ("uuid", "data_source", "source_id", *_RANKS, "scientific_name", "common")
_CATALOG_MORE = ("source_url", "publisher", "basis_of_record", "basisOfRecord", "img_type", "shard_filename")
_PROVENANCE = ("uuid", "license_name", "license_link", "copyright_owner", "title")
_PROVENANCE_MORE = ("source_url", "bibliographicCitation")
_SOURCES = ("gbif", "eol", "bioscan", "fathomnet")


def read_tree_of_life(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    """A row a row of the catalog, with its uuid as ours; `path` is the data set's folder, or the catalog in it.

    Catalog and provenance are joined by parts in the scratch folder. `data_source` is the catalog's own (`gbif`,
    `eol`, ...) unless the source has a name. FathomNet's rows get their crop from metadata/fathom_metadata.csv.
    Dropped: `broken_row` (its cells stand in the wrong columns), `no_url`, `bad_url`, `no_crop`. Notes:
    `no_provenance_table`, `train_small` (10M's rows that repeat others). Raises UsageError or BadFile.
    """
    spec.refuse_other_options(())
    catalog = find_catalog(spec.path)
    if not is_parquet(catalog):
        yield from read_tree_of_life_10m(spec, catalog, notes)
        return
    folder = catalog.parent.parent if catalog.parent.name == "dataset" else catalog.parent
    provenance = _beside(folder, "provenance.parquet")
    scratch = scratch_of(spec)
    count = count_parts(catalog, *([provenance] if provenance else []))
    left = put_down(_columns(catalog, _CATALOG, _CATALOG_MORE), scratch / "catalog", "uuid", count)
    right = _put_down_provenance(provenance, scratch / "provenance", count, notes)
    crops = _read_crops(_beside(folder, "fathom_metadata.csv"), notes)
    for joined in join_parts(left, right, "uuid", "uuid"):
        known = joined.join(crops, on="uuid", how="left", maintain_order="left")
        for chunk in known.iter_slices(CHUNK):
            yield _rows(chunk, spec.name)


def find_catalog(path: Path) -> Path:
    """The catalog of a TreeOfLife data set; raises UsageError."""
    if path.is_file():
        return path
    names = ("dataset/catalog.parquet", "catalog.parquet", "metadata/catalog.csv", "catalog.csv")
    for name in names:
        if (path / name).is_file():
            return path / name
    raise UsageError(f"there is no TreeOfLife catalog in {path}", hint=f"one of {', '.join(names)}")


def _rows(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    rows = rows.with_columns(pl.col(column).replace("", None) for column in _RANKS)
    url = pl.coalesce("source_url", "source_url_right")
    rows = rows.with_columns(url.alias("source_url"), pl.col("data_source").str.to_lowercase().alias("kind"))
    is_fathomnet = pl.col("kind") == "fathomnet"
    is_uuid = pl.col("uuid").str.contains(r"(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    is_known = is_uuid.fill_null(value=False) & pl.col("kind").is_in(_SOURCES).fill_null(value=False)
    reason = first_reason(
        [
            (~is_known | has_broken_names(), "broken_row"),
            (pl.col("source_url").is_null(), "no_url"),
            (~is_url("source_url"), "bad_url"),
            (is_fathomnet & pl.col("crop").is_null(), "no_crop"),
        ]
    )
    return rows.select(
        pl.when(is_uuid).then(pl.col("uuid").str.to_lowercase()).alias("uuid"),
        (pl.lit(name) if name else pl.col("data_source").fill_null("treeoflife")).alias("data_source"),
        pl.coalesce("source_id", "uuid").fill_null("").alias("source_id"),
        "source_url",
        *_RANKS,
        "common",
        pl.col("scientific_name").alias("verbatim_name"),
        "publisher",
        pl.coalesce("basis_of_record", "basisOfRecord").alias("basis_of_record"),
        "img_type",
        pl.when(pl.col("kind") == "gbif").then("source_id").alias("gbif_id"),
        "license_name",
        "license_link",
        *(pl.when(pl.col(said) != "not provided").then(said).alias(said) for said in ("copyright_owner", "title")),
        "crop",
        traits_of({"treeoflife_shard": "shard_filename", "citation": "bibliographicCitation"}).alias("traits"),
        *dropped(reason),
    )


def _beside(folder: Path, name: str) -> Path | None:
    places = [folder / "metadata" / name, folder / name, *sorted((folder / "metadata").rglob(name))]
    return next((place for place in places if place.is_file()), None)


def _columns(table: Path, needed: tuple[str, ...], more: tuple[str, ...]) -> Iterator[pl.DataFrame]:
    """These columns as text; those of `more` that the file lacks are null."""
    with opened_parquet(table) as file:
        there = set(file.schema_arrow.names)
        if missing := [name for name in needed if name not in there]:
            raise BadFile(f"{table} has no column {', '.join(missing)}", hint="TreeOfLife-200M's own catalog")
        try:
            for batch in file.iter_batches(CHUNK, columns=[n for n in (*needed, *more) if n in there]):
                frame = plain(pl.DataFrame(pl.from_arrow(batch))).cast(pl.String)
                yield frame.with_columns(pl.lit(None, pl.String).alias(n) for n in more if n not in there)
        except OSError as error:
            raise BadFile(f"{table} cannot be read: {error}", hint="Parquet, not cut short") from error


def _put_down_provenance(table: Path | None, folder: Path, count: int, notes: Notes) -> Parts:
    if table is not None:
        return put_down(_columns(table, _PROVENANCE, _PROVENANCE_MORE), folder, "uuid", count)
    notes["no_provenance_table"] += 1
    empty = pl.DataFrame(schema=dict.fromkeys((*_PROVENANCE, *_PROVENANCE_MORE), pl.String))
    return put_down([empty], folder, "uuid", count)


def _read_crops(table: Path | None, notes: Notes) -> pl.DataFrame:
    """uuid and crop of FathomNet's images: some hundred thousand rows."""
    if table is None:
        return pl.DataFrame(schema={"uuid": pl.String, "crop": pl.String})
    needed = ("uuid", "x", "y", "width", "height")
    require_columns(table, read_header(table, Dialect()), needed, Dialect())
    frames = []
    for frame in read_delimited(table, Dialect(), notes):
        x, y, width, height = (as_float(side).round().cast(pl.Int64, strict=False) for side in needed[1:])
        left, top = pl.max_horizontal(x, 0), pl.max_horizontal(y, 0)
        right, bottom = x + width - left, y + height - top
        crop = pl.when((right > 0) & (bottom > 0)).then(pl.format("{},{},{},{}", left, top, right, bottom))
        frames.append(frame.select(text_or_null("uuid").alias("uuid"), crop.alias("crop")))
    return pl.concat(frames).unique("uuid", keep="first", maintain_order=True) if frames else _read_crops(None, notes)
