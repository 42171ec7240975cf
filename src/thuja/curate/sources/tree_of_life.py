"""TreeOfLife-200M and -10M from their own catalogs: to fetch and build them anew, under the same ids.

TreeOfLife-200M: dataset/catalog.parquet and metadata/provenance.parquet, columns as its data card lists them
(huggingface.co/datasets/imageomics/TreeOfLife-200M); `basisOfRecord` on the card is `basis_of_record` in files that
others have read. TreeOfLife-10M: metadata/catalog.csv and licenses.csv, columns as in its card. No real file was at
hand.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from thuja.curate.sources.expressions import (
    as_float,
    dropped,
    first_reason,
    has_broken_names,
    is_url,
    text_or_null,
    traits_of,
)
from thuja.curate.sources.parquet_files import parquet_frames, parquet_schema
from thuja.curate.sources.spec import CHUNK, Notes, SourceSpec
from thuja.curate.sources.spilling import Spill, count_parts, join_parts, scratch_of, size_as_text
from thuja.curate.sources.table_files import is_parquet, plain
from thuja.curate.sources.text_tables import TextTable
from thuja.curate.sources.tree_of_life_10m import read_tree_of_life_10m
from thuja.errors import BadFile, UsageError
from thuja.taxonomy import RANKS

PATH_OPTIONS: tuple[str, ...] = ()
"""The options that are paths."""
_RANKS = [rank.label for rank in RANKS]
_CATALOG = ("uuid", "data_source", "source_id", *_RANKS, "scientific_name", "common")
_CATALOG_MORE = ("source_url", "publisher", "basis_of_record", "basisOfRecord", "img_type", "shard_filename")
_PROVENANCE = ("uuid", "license_name", "license_link", "copyright_owner", "title")
_PROVENANCE_MORE = ("source_url", "bibliographicCitation")
_SOURCES = ("gbif", "eol", "bioscan", "fathomnet")
_SOURCE = r"^[A-Za-z][A-Za-z0-9.-]*( [A-Za-z0-9.-]+)*$"
"""A name that a data set may go by; `HUMAN_OBSERVATION`, an address or a number is a cell that moved."""


def read_tree_of_life(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    """A row a row of the catalog, with its uuid as ours; `path` is the data set's folder, or the catalog in it.

    Catalog and provenance are joined by parts in the scratch folder. `data_source` is the catalog's own (`gbif`,
    `eol`, ...) unless the source has a name. FathomNet's rows get their crop from metadata/fathom_metadata.csv.
    Dropped: `broken_row` (its cells stand in the wrong columns), `no_url`, `bad_url`, `no_crop`. A source is known by
    the start of its name, whatever its case (`BIOSCAN-5M`, `FathomNet`); another is kept and noted as `unknown source
    ...`. Notes: `no_provenance_table`, `train_small` (10M's rows that repeat others). Raises UsageError or BadFile.
    """
    spec.refuse_other_options(())
    catalog = find_catalog(spec.path)
    if not is_parquet(catalog):
        yield from read_tree_of_life_10m(spec, catalog, notes)
        return
    folder = _folder_of(catalog)
    provenance = _beside(folder, "provenance.parquet")
    scratch = scratch_of(spec)
    count = count_parts(size_as_text(catalog, provenance))
    left = Spill(folder=scratch / "catalog", key="uuid", count=count, keeps_keyless=True)
    left.put(_columns(catalog, _CATALOG, _CATALOG_MORE))
    right = Spill(folder=scratch / "provenance", key="uuid", count=count).put(_provenance(provenance, notes))
    crops = _read_crops(_beside(folder, "fathom_metadata.csv"), notes)
    for joined in join_parts(left, right):
        if joined.rows.is_empty():
            continue
        known = joined.rows.join(crops, on="uuid", how="left", maintain_order="left")
        for chunk in known.iter_slices(CHUNK):
            yield _rows(chunk, spec.name, notes)


def files_of(spec: SourceSpec) -> list[Path]:
    """The catalog of a folder, and the tables that belong to it."""
    try:
        catalog = find_catalog(spec.path)
    except UsageError:
        return []
    if not is_parquet(catalog):
        return [catalog, catalog.with_name("licenses.csv")]
    beside = [_beside(_folder_of(catalog), name) for name in ("provenance.parquet", "fathom_metadata.csv")]
    return [catalog, *(file for file in beside if file is not None)]


def _folder_of(catalog: Path) -> Path:
    return catalog.parent.parent if catalog.parent.name == "dataset" else catalog.parent


def find_catalog(path: Path) -> Path:
    """The catalog of a TreeOfLife data set; raises UsageError."""
    if path.is_file():
        return path
    names = ("dataset/catalog.parquet", "catalog.parquet", "metadata/catalog.csv", "catalog.csv")
    for name in names:
        if (path / name).is_file():
            return path / name
    raise UsageError(f"there is no TreeOfLife catalog in {path}", hint=f"one of {', '.join(names)}")


def _kind() -> pl.Expr:
    """Which of _SOURCES a row is of, by the start of its data_source; null for another."""
    said = pl.col("data_source").str.strip_chars().str.to_lowercase()
    return first_reason([(said.str.starts_with(source), source) for source in _SOURCES])


def _rows(rows: pl.DataFrame, name: str, notes: Notes) -> pl.DataFrame:
    rows = rows.with_columns(pl.col(column).replace("", None) for column in _RANKS)
    url = pl.coalesce("source_url", "source_url_right")
    rows = rows.with_columns(url.alias("source_url"), _kind().alias("kind"))
    is_fathomnet = pl.col("kind") == "fathomnet"
    is_uuid = pl.col("uuid").str.contains(r"(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    is_source = pl.col("kind").is_not_null() | pl.col("data_source").str.strip_chars().str.contains(_SOURCE)
    is_known = is_uuid.fill_null(value=False) & is_source.fill_null(value=False)
    others = rows.filter(is_known & pl.col("kind").is_null())["data_source"]
    for source, count in others.value_counts().iter_rows():
        notes[f"unknown source {source:.40}"] += count
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
    there = set(parquet_schema(table).names)
    if missing := [name for name in needed if name not in there]:
        raise BadFile(f"{table} has no column {', '.join(missing)}", hint="TreeOfLife-200M's own catalog")
    for frame in parquet_frames(table, [n for n in (*needed, *more) if n in there]):
        text = plain(frame).cast(pl.String)
        yield text.with_columns(pl.lit(None, pl.String).alias(n) for n in (*needed, *more) if n not in there).select(
            *needed, *more
        )


def _provenance(table: Path | None, notes: Notes) -> Iterator[pl.DataFrame]:
    if table is None:
        notes["no_provenance_table"] += 1
    else:
        yield from _columns(table, _PROVENANCE, _PROVENANCE_MORE)
    yield pl.DataFrame(schema=dict.fromkeys((*_PROVENANCE, *_PROVENANCE_MORE), pl.String))


def _read_crops(table: Path | None, notes: Notes) -> pl.DataFrame:
    """uuid and crop of FathomNet's images: some hundred thousand rows."""
    if table is None:
        return pl.DataFrame(schema={"uuid": pl.String, "crop": pl.String})
    needed = ("uuid", "x", "y", "width", "height")
    text = TextTable.of(table)
    text.require(*needed)
    frames = []
    for frame in text.frames(notes, needed):
        x, y, width, height = (as_float(side).round().cast(pl.Int64, strict=False) for side in needed[1:])
        left, top = pl.max_horizontal(x, 0), pl.max_horizontal(y, 0)
        right, bottom = x + width - left, y + height - top
        crop = pl.when((right > 0) & (bottom > 0)).then(pl.format("{},{},{},{}", left, top, right, bottom))
        frames.append(frame.select(text_or_null("uuid").alias("uuid"), crop.alias("crop")))
    return pl.concat(frames).unique("uuid", keep="first", maintain_order=True) if frames else _read_crops(None, notes)
