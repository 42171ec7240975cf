"""iNat21, the 2021 competition's images: its folders, whose names are lineages, or its COCO JSON.

The JSON's members are those of the competition's page (github.com/visipedia/inat_comp, 2021/README.md); a real file was
not at hand. There `latitude`, `longitude` and `location_uncertainty` may be NaN, and test.json has no annotations.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from thuja.curate.sources.coco import Coco, Fields, Item, number, read_coco, text
from thuja.curate.sources.expressions import dropped, first_reason
from thuja.curate.sources.file_names import find_below, walk_frames
from thuja.curate.sources.spec import Notes, SourceSpec
from thuja.curate.sources.spilling import scratch_of
from thuja.errors import ThujaError, UsageError
from thuja.images.split_folders import SPLIT_OF
from thuja.taxonomy import RANKS, Taxon

PATH_OPTIONS: tuple[str, ...] = ("images",)
"""The options that are paths."""
_SOURCE = "iNat21"
_SPLITS = SPLIT_OF | {"train_mini": "train", "public_test": "test"}
_NAMES = [*(rank.label for rank in RANKS), "common", "verbatim_name"]
_IMAGES = Fields(
    key="id",
    columns={
        "id": text("id"),
        "file_name": text("file_name"),
        "width": number("width"),
        "height": number("height"),
        "event_date": text("date"),
        "latitude": number("latitude"),
        "longitude": number("longitude"),
        "coordinate_uncertainty": number("location_uncertainty"),
        "copyright_owner": text("rights_holder"),
        "license": text("license"),
    },
)
_ANNOTATIONS = Fields(key="image_id", columns={"image_id": text("image_id"), "category": text("category_id")})


def read_inat21(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    """The images of the folders under `path`, or of the JSON file at `path`.

    With a JSON, its `file_name`s are relative to the option `images`, a folder; the JSON's own folder by default. The
    id of an image is `<class folder>/<file>`, so that the folders and the JSON, train and train_mini give the same.
    The notes count `folder_without_lineage`. Raises UsageError or BadFile.
    """
    if spec.path.is_dir():
        spec.refuse_other_options(())
        yield from _read_folders(spec, notes)
    else:
        spec.refuse_other_options(("images",))
        yield from _read_json(spec, notes)


def _read_folders(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    for files in walk_frames(spec.path, spec.name or _SOURCE):
        parts = pl.col("source_id").str.split("/")
        files = files.with_columns(parts.list.get(-2, null_on_oob=True).fill_null("").alias("folder"))
        folders = files["folder"].unique(maintain_order=True).to_list()
        lineages = [_lineage(folder) for folder in folders]
        known = pl.DataFrame(lineages, schema=dict.fromkeys(_NAMES, pl.String))
        known = known.with_columns(pl.Series("folder", folders))
        rows = files.join(known, on="folder", how="left", maintain_order="left")
        if unknown := sum(lineage["kingdom"] is None for lineage in lineages):
            notes["folder_without_lineage"] += unknown
        yield rows.with_columns(_short_id("source_id"), _split("source_id")).drop("folder")


def _read_json(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    images = Path(spec.option("images") or spec.path.parent)
    if not images.is_dir():
        raise UsageError(f"there is no folder of images at {images}", hint="the source's option images = FOLDER")
    coco = read_coco(spec.path, scratch_of(spec), notes, images=_IMAGES, annotations=_ANNOTATIONS)
    categories = _categories(coco)
    licenses = {str(item.get("id")): item for item in coco.others.get("licenses", [])}
    for rows, annotations in coco.parts():
        first = annotations.unique("image_id", keep="first", maintain_order=True)
        rows = rows.join(first, left_on="id", right_on="image_id", how="left", maintain_order="left")
        rows = rows.join(categories, on="category", how="left", maintain_order="left")
        rows = rows.hstack(find_below(images, rows["file_name"]))
        unlabelled = first_reason([(pl.col("category").is_null(), "no_annotation")])
        yield rows.select(
            pl.lit(spec.name or _SOURCE).alias("data_source"),
            _short_id("file_name").fill_null(pl.col("id")).fill_null("").alias("source_id"),
            "path",
            _split("file_name"),
            pl.col("width", "height").cast(pl.Int64),
            "event_date",
            "latitude",
            "longitude",
            "coordinate_uncertainty",
            "copyright_owner",
            *(
                pl.col("license").replace_strict(_said(licenses, member), default=None, return_dtype=pl.String).alias(n)
                for n, member in (("license_name", "name"), ("license_link", "url"))
            ),
            *_NAMES,
            *dropped(pl.coalesce("reason", unlabelled)),
        )


def _categories(coco: Coco) -> pl.DataFrame:
    rows = []
    for item in coco.others.get("categories", []):
        ranks = {rank.label: str(item.get(rank.label) or "") for rank in RANKS}
        taxon = Taxon.from_columns(ranks | {"species": str(item.get("specific_epithet") or ""), "common": ""})
        names = _row(taxon, str(item.get("name") or "")) | {"common": str(item.get("common_name") or "") or None}
        rows.append(names | {"category": str(item.get("id"))})
    frame = pl.DataFrame(rows, schema=dict.fromkeys([*_NAMES, "category"], pl.String))
    return frame.unique("category", keep="first", maintain_order=True)


def _lineage(folder: str) -> dict[str, str | None]:
    try:
        taxon = Taxon.from_folder(folder)
    except ThujaError:
        return dict.fromkeys(_NAMES) | {"verbatim_name": folder or None}
    return _row(taxon, taxon.binomial)


def _row(taxon: Taxon, name: str) -> dict[str, str | None]:
    columns = taxon.to_columns()
    return {label: columns.get(label) for label in _NAMES} | {"verbatim_name": name or taxon.scientific_name or None}


def _said(licenses: Mapping[str, Item], member: str) -> dict[str, str | None]:
    return {key: str(item[member]) if item.get(member) else None for key, item in licenses.items()}


def _short_id(column: str) -> pl.Expr:
    return pl.col(column).str.split("/").list.tail(2).list.join("/").alias(column)


def _split(column: str) -> pl.Expr:
    top = pl.col(column).str.split("/").list.get(-3, null_on_oob=True)
    return top.str.to_lowercase().replace_strict(_SPLITS, default=None, return_dtype=pl.String).alias("split")
