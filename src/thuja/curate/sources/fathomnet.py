"""FathomNet: a row a bounding box, out of the API's JSON, `fathomnet-generate`'s COCO file, or a CSV of boxes.

Verified in github.com/fathomnet/fathomnet-py (dto.py: the members of AImageDTO and ABoundingBoxDTO; the COCO writer of
fathomnet_generate.py, where `coco_url` is the image's address and box ids are counted, not uuids), and on FathomNet's
page on submissions (the CSV's columns `concept,image,x,y,width,height`, in any order and case). No real export was at
hand. Pascal VOC and YOLO folders hold less than these three and are not read.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from thuja.curate.sources.boxes import crop_of
from thuja.curate.sources.coco import Fields, Item, box, number, read_coco, text, truth
from thuja.curate.sources.expressions import as_float, dropped, first_reason, is_url, text_or_null, traits_of
from thuja.curate.sources.json_items import read_items
from thuja.curate.sources.spec import CHUNK, Notes, SourceSpec
from thuja.curate.sources.spilling import scratch_of
from thuja.curate.sources.text_tables import TextTable
from thuja.errors import BadFile, UsageError

PATH_OPTIONS: tuple[str, ...] = ()
"""The options that are paths."""
_IMAGE_TRAITS = {
    "depth": number("depthMeters"),
    "altitude": number("altitude"),
    "salinity": number("salinity"),
    "temperature": number("temperatureCelsius"),
    "oxygen": number("oxygenMlL"),
    "pressure": number("pressureDbar"),
    "imaging_type": text("imagingType"),
    "image_uuid": text("uuid"),
}
_BOX_TRAITS = {
    "alt_concept": text("altConcept"),
    "user_defined_key": text("userDefinedKey"),
    "group_of": truth("groupOf"),
    "occluded": truth("occluded"),
    "truncated": truth("truncated"),
    "verified": truth("verified"),
    "verifier": text("verifier"),
    "observer": text("observer"),
}
_IMAGE = {
    "source_url": text("url"),
    "file_sha256": text("sha256"),
    "width": number("width"),
    "height": number("height"),
    "latitude": number("latitude"),
    "longitude": number("longitude"),
    "event_date": text("timestamp"),
}
_BOX = {
    "source_id": text("uuid", "id"),
    "verbatim_name": text("concept"),
    "rejected": truth("rejected"),
    "left": number("x"),
    "top": number("y"),
    "box_width": number("width"),
    "box_height": number("height"),
}
_TRAITS = (*_IMAGE_TRAITS, *_BOX_TRAITS, "file_sha256")
_SIDES = ("left", "top", "box_width", "box_height")
_CSV = {"concept": ("concept", "class", "name"), "image": ("image", "url")}
_CSV_OTHERS = {
    "altitude": ("altitude", "altitudemeters", "altitude_meters"),
    "alt_concept": ("altconcept", "alt_concept", "concept2", "class2", "name2"),
    "depth": ("depth", "depthmeters", "depth_meters"),
    "latitude": ("latitude",),
    "longitude": ("longitude",),
    "event_date": ("timestamp",),
    "observer": ("observer",),
    "group_of": ("groupof", "group_of"),
    "occluded": ("occluded",),
    "truncated": ("truncated",),
    "user_defined_key": ("userdefinedkey", "user_defined_key"),
}


def read_fathomnet(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    """A row a box, with `crop` clipped at the image's border; `path` is a `.json` or `.csv`, gzip or plain.

    The id is the box's uuid; in COCO and CSV, which have none, the address and the box. Images without boxes are
    noted as `image_without_box`. Dropped: `empty_crop` (outside the image, or of no area), `rejected_box` (by
    FathomNet's experts), `bad_url`.

    The API's `sha256` is that of the whole file. It goes into the column `sha256`, and is checked, where the box is
    the whole image and the crop therefore left out; that of a crop is made of the file's and the box, so for crops the
    file's is the trait `file_sha256` alone and is not checked. Raises UsageError or BadFile.
    """
    spec.refuse_other_options(())
    if not spec.path.is_file():
        raise UsageError(f"there is no file at {spec.path}", hint="a .json or .csv of FathomNet")
    name = spec.path.name.lower().removesuffix(".gz")
    if name.endswith(".csv"):
        boxes = _read_csv(spec.path, notes)
    elif _is_coco(spec.path):
        boxes = _read_coco(spec, notes)
    else:
        boxes = _read_api(spec.path, notes)
    for frame in boxes:
        yield _rows(frame, spec.name or "FathomNet")


def _rows(boxes: pl.DataFrame, data_source: str) -> pl.DataFrame:
    boxes = boxes.with_columns(crop_of(*_SIDES, image_width="width", image_height="height").alias("crop"))
    whole = pl.format(
        "0,0,{},{}", pl.col("width").cast(pl.Int64, strict=False), pl.col("height").cast(pl.Int64, strict=False)
    )
    is_whole = (pl.col("crop") == whole).fill_null(value=False)
    sha256 = pl.col("file_sha256").str.to_lowercase()
    corners = pl.format("{},{},{},{}", *(pl.col(side).cast(pl.String).fill_null("") for side in _SIDES))
    place = pl.format("{}#{}#{}", pl.col("source_url").fill_null(""), corners, pl.col("verbatim_name").fill_null(""))
    reason = first_reason(
        [
            (~is_url("source_url"), "bad_url"),
            (pl.col("rejected").fill_null(value=False), "rejected_box"),
            (pl.col("crop").is_null(), "empty_crop"),
        ]
    )
    return boxes.select(
        pl.lit(data_source).alias("data_source"),
        pl.coalesce("source_id", place).alias("source_id"),
        "source_url",
        "verbatim_name",
        pl.when(~is_whole).then("crop").alias("crop"),
        pl.when(is_whole & sha256.str.contains("^[0-9a-f]{64}$")).then(sha256).alias("sha256"),
        "latitude",
        "longitude",
        "event_date",
        pl.coalesce(pl.col("source_url"), pl.col("image_uuid")).alias("observation_id"),
        traits_of({name: name for name in _TRAITS}).alias("traits"),
        *dropped(reason),
    )


def _is_coco(path: Path) -> bool:
    """COCO's JSON is an object of lists, the API's a list of images."""
    key, item = next(read_items(path), ("", {}))
    if not key and not isinstance(item, dict):
        raise BadFile(f"{path} holds no images of FathomNet", hint="the API's list of images, or COCO's JSON")
    return key != ""


def _read_api(path: Path, notes: Notes) -> Iterator[pl.DataFrame]:
    columns = _IMAGE | _IMAGE_TRAITS, _BOX | _BOX_TRAITS
    stream = _boxes_of(path, notes)
    while pairs := list(islice(stream, CHUNK)):
        yield pl.DataFrame(
            {name: [make(image) for image, _ in pairs] for name, (_, make) in columns[0].items()}
            | {name: [make(found) for _, found in pairs] for name, (_, make) in columns[1].items()},
            schema={name: kind for part in columns for name, (kind, _) in part.items()},
        )


def _boxes_of(path: Path, notes: Notes) -> Iterator[tuple[Item, Item]]:
    for _, image in read_items(path):
        if not isinstance(image, dict):
            notes["broken_item"] += 1
            continue
        boxes = image.get("boundingBoxes") or []
        found = [item for item in boxes if isinstance(item, dict)] if isinstance(boxes, list) else []
        if not found:
            notes["image_without_box"] += 1
        yield from ((image, item) for item in found)


def _read_coco(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    images = {
        "image_id": text("id"),
        "source_url": text("coco_url", "flickr_url"),
        "file_name": text("file_name"),
        "width": number("width"),
        "height": number("height"),
        "event_date": text("date_captured"),
    }
    annotations = {"image_id": text("image_id"), "category": text("category_id"), "bbox": box("bbox")}
    coco = read_coco(
        spec.path,
        scratch_of(spec),
        notes,
        images=Fields(key="image_id", columns=images),
        annotations=Fields(key="image_id", columns=annotations),
    )
    names = {str(item.get("id")): str(item.get("name") or "") for item in coco.others.get("categories", [])}
    for image_rows, boxes in coco.parts():
        image_rows = image_rows.unique("image_id", keep="first", maintain_order=True)
        if without := len(image_rows.join(boxes, on="image_id", how="anti")):
            notes["image_without_box"] += without
        known = boxes.join(image_rows, on="image_id", how="left", maintain_order="left")
        sides = {name: pl.col("bbox").list.get(index, null_on_oob=True) for index, name in enumerate(_SIDES)}
        known = known.with_columns(
            pl.col("category").replace_strict(names, default=None, return_dtype=pl.String).alias("verbatim_name"),
            pl.col("file_name").str.replace(r"\.[^.]*$", "").alias("image_uuid"),
            **sides,
        )
        yield from _completed(known).iter_slices(CHUNK)


def _read_csv(path: Path, notes: Notes) -> Iterator[pl.DataFrame]:
    table = TextTable.of(path)
    header = {name.lower(): name for name in reversed(table.header)}
    sides = {"left": "x", "top": "y", "box_width": "width", "box_height": "height"}
    found = {what: _first(header, words) for what, words in (_CSV | _CSV_OTHERS).items()}
    there = {*header, *(what for what, name in found.items() if name)}
    if missing := [name for name in (*_CSV, *sides.values()) if name not in there]:
        table.require(*missing)
    texts = {"verbatim_name": found["concept"], "source_url": found["image"]}
    texts |= {what: found[what] for what in ("event_date", "observer", "alt_concept", "user_defined_key")}
    numbers = {what: header[name] for what, name in sides.items()}
    numbers |= {what: name for what in ("altitude", "depth", "latitude", "longitude") if (name := found[what])}
    truths = {what: name for what in ("group_of", "occluded", "truncated") if (name := found[what])}
    for frame in table.frames(notes):
        yield _completed(
            frame.select(
                *(text_or_null(name).alias(what) for what, name in texts.items() if name),
                *(as_float(name).alias(what) for what, name in numbers.items()),
                *(
                    text_or_null(name).str.to_lowercase().is_in(["true", "1", "yes"]).alias(what)
                    for what, name in truths.items()
                ),
            )
        )


def _first(header: Mapping[str, str], words: Iterable[str]) -> str | None:
    return next((header[word] for word in words if word in header), None)


def _completed(boxes: pl.DataFrame) -> pl.DataFrame:
    """The boxes with a null for whatever their file has no word for."""
    known: dict[str, tuple[pl.DataType, Any]] = _IMAGE | _IMAGE_TRAITS | _BOX | _BOX_TRAITS
    missing = [pl.lit(None, kind).alias(name) for name, (kind, _) in known.items() if name not in boxes.columns]
    return boxes.with_columns(missing)
