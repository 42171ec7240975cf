"""Camera traps: COCO Camera Traps JSON, as on lila.science, and LILA's table of all its images.

The JSON's members are those of the format's page (megadetector, data_management/README.md) and of scripts that write
it: ids and locations are numbers in older files, `datetime` is `date_captured` in Caltech's, boxes are in pixels.
LILA's table has the header that megadetector's generate_lila_per_image_labels.py writes. No real file was at hand.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from thuja.curate.sources.boxes import crop_of
from thuja.curate.sources.coco import Coco, Fields, box, number, read_coco, text, truth
from thuja.curate.sources.expressions import dropped, first_reason, traits_of
from thuja.curate.sources.file_names import find_below
from thuja.curate.sources.lila import read_lila
from thuja.curate.sources.spec import CHUNK, Notes, SourceSpec
from thuja.curate.sources.spilling import scratch_of
from thuja.curate.sources.trap_labels import SEVERAL, reason_of
from thuja.errors import UsageError

PATH_OPTIONS: tuple[str, ...] = ("images",)
"""The options that are paths."""
_IMAGES = Fields(
    key="id",
    columns={
        "id": text("id"),
        "file_name": text("file_name"),
        "width": number("width"),
        "height": number("height"),
        "copyright_owner": text("rights_holder"),
        "event_date": text("datetime", "date_captured"),
        "location_id": text("location"),
        "sequence_id": text("seq_id"),
        "seq_num_frames": number("seq_num_frames"),
        "frame_num": number("frame_num"),
        "corrupt": truth("corrupt"),
    },
)
_ANNOTATIONS = Fields(
    key="image_id",
    columns={
        "image_id": text("image_id"),
        "annotation_id": text("id"),
        "category": text("category_id"),
        "bbox": box("bbox"),
        "sex": text("sex"),
        "life_stage": text("age"),
        "count": number("count"),
        "sequence_level": truth("sequence_level_annotation"),
    },
)
_SIDES = ("left", "top", "box_width", "box_height")
_TRAITS = ("seq_num_frames", "frame_num", "sequence_level")


def read_camera_traps(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    """A row an image with the one organism that its annotations name; `path` is a `.json`, or LILA's `.csv`.

    Options of the JSON: `images`, the folder that `file_name`s are relative to (the JSON's own by default), or `url`,
    what stands before them on the web; `crops` = `boxes` makes a row of every annotation with a box instead, cut to
    it. Of the table: `cloud` = gcp, aws or azure. Dropped: `empty_frame`, `human`, `no_organism` (a vehicle, a
    calibration), `unidentified`, `several_taxa`, `no_annotation`, `corrupt_image`, `empty_crop`, and what the files
    themselves say (`missing_file`, `outside_source`, `no_path`). Raises UsageError or BadFile.
    """
    if spec.path.name.lower().removesuffix(".gz").endswith(".csv"):
        yield from read_lila(spec, notes)
        return
    spec.refuse_other_options(("images", "url", "crops"))
    if spec.option("crops") not in ("", "boxes"):
        raise UsageError(f'a camera trap\'s crops are "boxes" or left out, got "{spec.option("crops")}"')
    images = Path(spec.option("images") or spec.path.parent)
    if not images.is_dir():
        raise UsageError(f"there is no folder of images at {images}", hint="the source's option images = FOLDER")
    coco = read_coco(spec.path, scratch_of(spec), notes, images=_IMAGES, annotations=_ANNOTATIONS)
    labels = _labels(coco)
    for rows, annotations in coco.parts():
        known = annotations.join(labels, on="category", how="left", maintain_order="left")
        known = known.with_columns(
            pl.col("reason").fill_null(pl.when(pl.col("name").is_null()).then(pl.lit("no_label")))
        )
        if missing := len(known.join(rows, left_on="image_id", right_on="id", how="anti")):
            notes["annotation_without_image"] += missing
        joined = _crops(rows, known) if spec.option("crops") else _whole(rows, known)
        for chunk in joined.iter_slices(CHUNK):
            yield _rows(chunk, spec, images)


def _labels(coco: Coco) -> pl.DataFrame:
    """Each category's name, and the reason why it names no organism."""
    rows = {str(item.get("id")): str(item.get("name") or "") for item in coco.others.get("categories", [])}
    return pl.DataFrame(
        {"category": [*rows], "name": [*rows.values()], "reason": [reason_of(name) for name in rows.values()]},
        schema=dict.fromkeys(("category", "name", "reason"), pl.String),
    )


def _whole(images: pl.DataFrame, annotations: pl.DataFrame) -> pl.DataFrame:
    """Each image with what its annotations say together."""
    organism = pl.col("reason").is_null()
    of_organisms = {name: pl.col(name).filter(organism) for name in ("name", "sex", "life_stage", "count")}
    facts = annotations.group_by("image_id", maintain_order=True).agg(
        of_organisms["name"].n_unique().alias("taxa"),
        of_organisms["name"].first().alias("label"),
        *(  # what is said of several animals in different words is said of none
            pl.when(of_organisms[name].n_unique() == 1).then(of_organisms[name].first()).alias(name)
            for name in ("sex", "life_stage")
        ),
        pl.when(of_organisms["count"].count() > 0)
        .then(of_organisms["count"].sum())
        .otherwise(pl.when((organism & pl.col("bbox").is_not_null()).any()).then(organism.sum()))
        .cast(pl.Int64, strict=False)
        .alias("individual_count"),
        pl.col("sequence_level").any().alias("sequence_level"),
        (pl.col("reason") == "human").any().alias("has_human"),
        pl.col("reason").drop_nulls().first().alias("other_reason"),
        pl.col("name").drop_nulls().first().alias("any_label"),
    )
    joined = images.join(facts, left_on="id", right_on="image_id", how="left", maintain_order="left")
    why = first_reason(
        [
            (pl.col("taxa").is_null(), "no_annotation"),
            (pl.col("has_human"), "human"),
            (pl.col("taxa") > 1, SEVERAL),
        ]
    )
    return joined.with_columns(
        pl.coalesce(why, pl.when(pl.col("taxa") == 0).then("other_reason")).alias("label_reason"),
        pl.coalesce("label", "any_label").alias("label"),
        pl.lit(None, pl.String).alias("crop"),
        pl.col("id").alias("row_id"),
    )


def _crops(images: pl.DataFrame, annotations: pl.DataFrame) -> pl.DataFrame:
    """Each annotation with a box, and the images that have none, as they are without boxes."""
    boxed = annotations.filter(pl.col("bbox").is_not_null())
    sides = {name: pl.col("bbox").list.get(index) for index, name in enumerate(_SIDES)}
    rows = boxed.join(images, left_on="image_id", right_on="id", how="inner", maintain_order="left")
    rows = rows.with_columns(**sides)
    rows = rows.with_columns(crop_of(*_SIDES, image_width="width", image_height="height").alias("crop"))
    rows = rows.with_columns(
        pl.coalesce("reason", pl.when(pl.col("crop").is_null()).then(pl.lit("empty_crop"))).alias("label_reason"),
        pl.col("name").alias("label"),
        pl.col("image_id").alias("id"),
        pl.coalesce("annotation_id", pl.format("{}#{}", "image_id", "crop")).alias("row_id"),
        pl.lit(1, pl.Int64).alias("individual_count"),
    )
    others = images.join(boxed, left_on="id", right_on="image_id", how="anti", maintain_order="left")
    whole = _whole(others, annotations)
    columns = [name for name in whole.columns if name in rows.columns]
    return pl.concat([rows.select(columns), whole.select(columns)])


def _rows(images: pl.DataFrame, spec: SourceSpec, folder: Path) -> pl.DataFrame:
    data_source = spec.name or spec.path.name.removesuffix(".gz").removesuffix(".json")
    file_name = pl.col("file_name").str.replace_all(r"\\", "/")
    base = spec.option("url").rstrip("/")
    if base:
        is_plain = file_name.is_not_null() & ~file_name.str.contains(r"(^|/)\.\.(/|$)|^/|[\x00-\x20?#]")
        address = pl.when(is_plain).then(pl.concat_str(pl.lit(f"{base}/"), file_name))
        images = images.with_columns(
            address.alias("source_url"),
            pl.lit(None, pl.String).alias("path"),
            pl.when(~is_plain).then(pl.lit("bad_url")).alias("file_reason"),
        )
    else:
        found = find_below(folder, images.select(file_name)["file_name"]).rename({"reason": "file_reason"})
        images = images.with_columns(pl.lit(None, pl.String).alias("source_url")).hstack(found)
    corrupt = first_reason([(pl.col("corrupt").fill_null(value=False), "corrupt_image")])
    counts = [pl.col(name).cast(pl.Int64, strict=False) for name in ("seq_num_frames", "frame_num")]
    return images.with_columns(counts).select(
        pl.lit(data_source).alias("data_source"),
        pl.coalesce("row_id", "id", "file_name").fill_null("").alias("source_id"),
        "path",
        "source_url",
        pl.col("label").alias("verbatim_name"),
        "location_id",
        "sequence_id",
        "event_date",
        "copyright_owner",
        "sex",
        "life_stage",
        "individual_count",
        "crop",
        pl.lit("Camera-trap").alias("img_type"),
        pl.lit("MACHINE_OBSERVATION").alias("basis_of_record"),
        pl.coalesce("sequence_id", "id").alias("observation_id"),
        traits_of({name: name for name in _TRAITS}).alias("traits"),
        *dropped(pl.coalesce("label_reason", corrupt, "file_reason")),
    )
