"""FathomNet's three forms, in the members that its client writes."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.curate.sources.boxes import crop_of
from thuja.errors import BadFile, UsageError

Reading = Callable[..., tuple[list[dict[str, Any]], Counter[str]]]
URL = "https://fathomnet.org/static/m3/framegrabs/01.png"


def box(uuid: str, x: float, y: float, width: float, height: float, **more: object) -> dict[str, Any]:
    return {"id": 1, "uuid": uuid, "userDefinedKey": "k1", "concept": "Nanomia bijuga", "altConcept": "egg case",
            "groupOf": False, "height": height, "occluded": True, "observer": "ann", "truncated": None,
            "width": width, "x": x, "y": y, "rejected": False, "verified": True} | more  # fmt: skip


BOXES = [box("inside", 10, 20, 30, 40), box("border", 90, -5, 50, 15), box("outside", 100, 0, 5, 5),
         box("flat", 10, 10, 0, 5), box("no", 1, 1, 5, 5, rejected=True),
         box("lost", 1, 1, 5, 5) | {"width": None}]  # fmt: skip
API = [
    {"id": 7, "uuid": "img-1", "url": URL, "valid": True, "imagingType": "ROV", "depthMeters": 1234.5, "height": 80,
     "width": 100, "latitude": 36.7, "longitude": -122.0, "altitude": 1.5, "salinity": None, "sha256": "ab",
     "contributorsEmail": "ann@example.org", "timestamp": "2011-06-30T16:21:31Z", "boundingBoxes": BOXES},
    {"id": 8, "uuid": "img-2", "url": "file:///etc/passwd", "width": 9, "height": 9,
     "boundingBoxes": [box("local", 0, 0, 5, 5)]},
    {"id": 9, "uuid": "img-3", "url": URL, "boundingBoxes": []},
    {"id": 9, "uuid": "img-4", "url": URL, "boundingBoxes": None},
]  # fmt: skip


def test_a_row_a_box_with_its_clipped_crop_and_all_traits(read: Reading, tmp_path: Path) -> None:
    path = tmp_path / "images.json"
    path.write_text(json.dumps(API))
    rows, notes = read("fathomnet", path)
    assert {row["source_id"]: (row["crop"], row["drop_reason"]) for row in rows} == {
        "inside": ("10,20,30,40", None), "border": ("90,0,10,10", None), "outside": (None, "empty_crop"),
        "flat": (None, "empty_crop"), "no": ("1,1,5,5", "rejected_box"), "lost": (None, "empty_crop"),
        "local": ("0,0,5,5", "bad_url"),
    }  # fmt: skip
    assert notes == {"image_without_box": 2}
    row = rows[0]
    assert (row["verbatim_name"], row["source_url"], row["data_source"]) == ("Nanomia bijuga", URL, "FathomNet")
    assert (row["latitude"], row["event_date"], row["observation_id"]) == (36.7, "2011-06-30T16:21:31Z", URL)
    assert json.loads(row["traits"]) == {
        "alt_concept": "egg case", "altitude": 1.5, "depth": 1234.5, "file_sha256": "ab", "group_of": False,
        "image_uuid": "img-1", "imaging_type": "ROV", "observer": "ann", "occluded": True, "user_defined_key": "k1",
        "verified": True,
    }  # fmt: skip
    assert "ann@example.org" not in str(rows)


def test_the_generated_coco_and_the_csv_give_the_same_crops(read: Reading, tmp_path: Path) -> None:
    path = tmp_path / "dataset.json"
    shapes = [[10.0, 20.0, 30.0, 40.0], [90.0, -5.0, 50.0, 15.0], [100.0, 0.0, 5.0, 5.0]]
    path.write_text(
        json.dumps(
            {
                "info": {"year": 2025}, "licenses": [{"id": 0, "name": "FathomNet"}],
                "images": [{"id": 1, "width": 100, "height": 80, "file_name": "img-1.png", "license": 0,
                            "flickr_url": URL, "coco_url": URL, "date_captured": "2011-06-30 16:21:31"}],
                "annotations": [{"id": n, "image_id": 1, "category_id": 1, "segmentation": [], "area": 1.0, "bbox": b,
                                 "iscrowd": 0} for n, b in enumerate(shapes, 1)],
                "categories": [{"id": 1, "name": "Nanomia bijuga", "supercategory": ""}],
            }
        )
    )  # fmt: skip
    rows, _ = read("fathomnet", path)
    assert [(row["crop"], row["drop_reason"], row["verbatim_name"]) for row in rows] == [
        ("10,20,30,40", None, "Nanomia bijuga"), ("90,0,10,10", None, "Nanomia bijuga"),
        (None, "empty_crop", "Nanomia bijuga"),
    ]  # fmt: skip
    table = tmp_path / "boxes.csv"
    lines = "".join(f"Nanomia bijuga,{URL},{','.join(map(str, shape))},TRUE,55\n" for shape in shapes[:2])
    table.write_text(f"Concept,Image,X,Y,Width,Height,occluded,DepthMeters\n{lines}")
    of_csv, _ = read("fathomnet", table)
    assert [row["crop"] for row in of_csv] == ["10,20,30,40", "90,0,50,10"]  # a CSV does not know the image's size
    assert [row["source_id"] for row in of_csv] == [row["source_id"] for row in rows[:2]]
    assert json.loads(of_csv[0]["traits"]) == {"depth": 55.0, "occluded": True}


def test_what_is_no_export_is_told(read: Reading, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("[1, 2]")
    with pytest.raises(BadFile, match="holds no images of FathomNet"):
        read("fathomnet", path)
    path.write_text(json.dumps(API)[:-30])
    with pytest.raises(BadFile, match="not whole JSON"):
        read("fathomnet", path)
    table = tmp_path / "a.csv"
    table.write_text("concept,x,y,width\n")
    with pytest.raises(BadFile, match="has no column image, height"):
        read("fathomnet", table)
    with pytest.raises(UsageError, match="no file"):
        read("fathomnet", tmp_path / "none.json")


sizes = st.integers(1, 50)
edges = st.floats(-60, 60)


@given(edges, edges, edges, edges, sizes, sizes)
def test_a_crop_is_the_box_within_the_image(x: float, y: float, w: float, h: float, width: int, height: int) -> None:
    columns = {"x": x, "y": y, "w": w, "h": h, "width": float(width), "height": float(height)}
    frame = pl.DataFrame({name: [value] for name, value in columns.items()})
    crop = frame.select(crop_of("x", "y", "w", "h", image_width="width", image_height="height").alias("c"))["c"].item()
    inside = {
        (column, row)
        for column in range(round(x), round(x + w))
        for row in range(round(y), round(y + h))
        if 0 <= column < width and 0 <= row < height and w > 0 and h > 0
    }
    if crop is None:
        assert not inside
    else:
        left, top, wide, high = map(int, crop.split(","))
        assert inside == {(left + i, top + j) for i in range(wide) for j in range(high)}


def test_the_files_hash_is_checked_of_whole_images_alone(read: Reading, tmp_path: Path) -> None:
    """The API's sha256 was a trait and nothing else, so that no image was ever held against it."""
    digest = "AB" * 32
    boxes = [box("whole", 0, 0, 100, 80), box("part", 0, 0, 100, 79)]
    images = [{"uuid": "i", "url": URL, "width": 100, "height": 80, "sha256": digest, "boundingBoxes": boxes},
              {"uuid": "j", "url": URL, "width": 9, "height": 9, "sha256": "ab",
               "boundingBoxes": [box("odd", 0, 0, 9, 9)]}]  # fmt: skip
    path = tmp_path / "images.json"
    path.write_text(json.dumps(images))
    rows, _ = read("fathomnet", path)
    assert [(row["source_id"], row["crop"], row["sha256"], row["drop_reason"]) for row in rows] == [
        ("whole", None, "ab" * 32, None), ("part", "0,0,100,79", None, None), ("odd", None, None, None),
    ]  # fmt: skip
    assert json.loads(rows[1]["traits"])["file_sha256"] == digest
