"""COCO Camera Traps JSON and LILA's table of all images."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from thuja.curate.sources import chunked_tables, coco
from thuja.errors import BadFile, UnknownName, UsageError

Reading = Callable[..., tuple[list[dict[str, Any]], Counter[str]]]
CATEGORIES = {0: "empty", 1: "gray_wolf", 2: "Red Fox", 3: "human", 4: "vehicle", 5: "unknown"}


def document() -> dict[str, Any]:
    labels: dict[str, list[int]] = {
        "wolf": [1, 1], "blank": [0], "both": [1, 2], "person": [2, 3], "car": [4], "what": [5], "none": [],
        "broken": [1], "mixed": [0, 2], "odd": [99],
    }  # fmt: skip
    images = [
        {"id": name, "file_name": f"site1\\{name}.jpg", "width": 100, "height": 80, "location": 33,
         "datetime": "2022-12-31 09:52:50", "seq_id": "s1", "seq_num_frames": 3, "frame_num": number,
         "rights_holder": "Ann", **({"corrupt": True} if name == "broken" else {})}
        for number, name in enumerate(labels)
    ]  # fmt: skip
    annotations = [
        {"id": f"{name}_{index}", "image_id": name, "category_id": category, "sequence_level_annotation": True,
         "sex": "female", "age": "adult", **({"count": 4} if name == "mixed" and category else {}),
         **({"bbox": [10.4 + 5 * index, 70, 30, 30]} if name == "wolf" else {})}
        for name, categories in labels.items()
        for index, category in enumerate(categories)
    ]  # fmt: skip
    annotations.append({"id": "x", "image_id": "no such image", "category_id": 1})
    return {
        "info": {"version": "1", "description": "x"},
        "categories": [{"id": key, "name": name} for key, name in CATEGORIES.items()],
        "annotations": annotations,
        "images": images,
    }


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    path = tmp_path / "park.json"
    path.write_text(json.dumps(document()))
    for image in document()["images"]:
        file = tmp_path / image["file_name"].replace("\\", "/")
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x")
    return path


def test_each_image_is_a_row_with_its_one_organism_or_a_reason(read: Reading, traps: Path) -> None:
    rows, notes = read("camera_traps", traps)
    assert {row["source_id"]: row["drop_reason"] for row in rows} == {
        "wolf": None, "blank": "empty_frame", "both": "several_taxa", "person": "human", "car": "no_organism",
        "what": "unidentified", "none": "no_annotation", "broken": "corrupt_image", "mixed": None, "odd": "no_label",
    }  # fmt: skip
    assert notes == {"annotation_without_image": 1}
    wolf = next(row for row in rows if row["source_id"] == "wolf")
    assert (wolf["verbatim_name"], wolf["individual_count"], wolf["sex"], wolf["life_stage"]) == (
        "gray_wolf", 2, "female", "adult",
    )  # fmt: skip
    assert (wolf["location_id"], wolf["sequence_id"], wolf["event_date"]) == ("33", "s1", "2022-12-31 09:52:50")
    assert wolf["path"] == str(traps.parent / "site1" / "wolf.jpg")
    assert json.loads(wolf["traits"]) == {"frame_num": 0, "seq_num_frames": 3, "sequence_level": True}
    mixed = next(row for row in rows if row["source_id"] == "mixed")
    assert (mixed["verbatim_name"], mixed["individual_count"], wolf["data_source"]) == ("Red Fox", 4, "park")


def test_crops_are_a_row_a_box_clipped_at_the_border(read: Reading, traps: Path) -> None:
    rows, _ = read("camera_traps", traps, crops="boxes")
    by_id = {row["source_id"]: row for row in rows}
    assert [(by_id[f"wolf_{n}"]["crop"], by_id[f"wolf_{n}"]["drop_reason"]) for n in (0, 1)] == [
        ("10,70,30,10", None), ("15,70,30,10", None),
    ]  # fmt: skip
    assert (by_id["mixed"]["crop"], by_id["mixed"]["drop_reason"]) == (None, None)
    assert len(rows) == len(document()["images"]) + 1


def test_addresses_are_made_of_a_base_and_harmless_names(read: Reading, tmp_path: Path) -> None:
    images = [{"id": n, "file_name": name} for n, name in enumerate(["a/b.jpg", "../../etc/passwd", "/etc/passwd"])]
    annotations = [{"id": n, "image_id": n, "category_id": 1} for n in range(3)]
    path = tmp_path / "web.json"
    categories = [{"id": 1, "name": "wolf"}]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    rows, _ = read("camera_traps", path, url="https://lila.org/x/")
    assert [(row["source_url"], row["drop_reason"]) for row in rows] == [
        ("https://lila.org/x/a/b.jpg", None), (None, "bad_url"), (None, "bad_url"),
    ]  # fmt: skip
    rows, _ = read("camera_traps", path)
    assert [row["drop_reason"] for row in rows] == ["missing_file", "outside_source", "outside_source"]


def test_small_parts_give_the_same_rows(read: Reading, traps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = read("camera_traps", traps)
    monkeypatch.setattr(coco, "count_parts", lambda path: 5)
    parted, _ = read("camera_traps", traps)
    assert sorted(parted, key=lambda row: row["source_id"]) == sorted(whole, key=lambda row: row["source_id"])
    assert parted != whole


def test_members_of_other_types_are_left_out_and_a_cut_file_is_told(read: Reading, traps: Path) -> None:
    strange = document()
    strange["images"] += [7, {"id": ["x"], "file_name": {"a": 1}, "width": "wide"}, {"id": "\ud800", "file_name": "b"}]
    strange["annotations"] += [None, {"image_id": "wolf", "category_id": 1, "bbox": [1, 2], "count": "many"}]
    traps.write_text(json.dumps(strange))
    rows, notes = read("camera_traps", traps)
    assert (len(rows), notes["broken_item"]) == (len(document()["images"]) + 2, 2)
    assert [row["source_id"] for row in rows[-2:]] == ["", "?"]
    traps.write_text(json.dumps(document())[:-50])
    with pytest.raises(BadFile, match="not whole JSON"):
        read("camera_traps", traps)
    with pytest.raises(UsageError, match='"boxes" or left out'):
        read("camera_traps", traps, crops="all")


HEADER = ["dataset_name", "url_gcp", "url_aws", "url_azure", "image_id", "sequence_id", "location_id", "frame_num",
          "original_label", "scientific_name", "common_name", "datetime", "annotation_level", "kingdom", "phylum",
          "subphylum", "superclass", "class", "subclass", "infraclass", "superorder", "order", "suborder",
          "infraorder", "superfamily", "family", "subfamily", "tribe", "genus", "species", "subspecies",
          "variety"]  # fmt: skip


def table(path: Path, labels: list[tuple[str, str]]) -> Path:
    """The images and labels as LILA's table has them; labels of one image lie together."""
    rows = [
        {"dataset_name": "Park", "url_gcp": f"https://gcp.org/{image}.jpg", "url_aws": f"https://aws.org/{image}.jpg",
         "url_azure": f"https://az.org/{image}.jpg", "image_id": f"Park : {image}", "sequence_id": "Park : unknown",
         "location_id": "Park : 7", "frame_num": "-1", "original_label": label,
         "scientific_name": "" if label == "empty" else "canis lupus", "common_name": "gray wolf",
         "datetime": "12-31-2022 09:52:50", "annotation_level": "image", "kingdom": "animalia", "genus": "canis",
         "species": "canis lupus"}
        for image, label in labels
    ]  # fmt: skip
    pl.DataFrame([{name: row.get(name, "") for name in HEADER} for row in rows]).write_csv(path)
    return path


def test_lilas_table_gives_addresses_and_lineages(read: Reading, tmp_path: Path) -> None:
    path = table(tmp_path / "lila.csv", [("a", "wolf"), ("b", "wolf"), ("b", "fox"), ("c", "empty")])
    rows, _ = read("camera_traps", path, cloud="aws")
    assert [(row["source_id"], row["drop_reason"]) for row in rows] == [
        ("Park : a", None), ("Park : b#wolf", "several_taxa"), ("Park : b#fox", "several_taxa"),
        ("Park : c", "empty_frame"),
    ]  # fmt: skip
    first = rows[0]
    assert (first["source_url"], first["data_source"]) == ("https://aws.org/a.jpg", "Park")
    assert [first[name] for name in ("kingdom", "genus", "species", "verbatim_name", "common")] == [
        "Animalia", "Canis", "lupus", "Canis lupus", "gray wolf",
    ]  # fmt: skip
    assert (first["event_date"], first["location_id"], first["sequence_id"]) == (
        "2022-12-31 09:52:50", "Park : 7", None,
    )  # fmt: skip
    with pytest.raises(UnknownName, match="unknown cloud"):
        read("camera_traps", path, cloud="mine")


def test_an_image_with_labels_in_two_pieces_is_one_image(
    read: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = [(f"i{n // 3}", "wolf" if n % 3 else "fox") for n in range(40)] + [("single", "wolf")]
    path = table(tmp_path / "lila.csv", labels)
    whole, _ = read("camera_traps", path)
    monkeypatch.setattr(chunked_tables, "_PIECE", 300)
    assert read("camera_traps", path)[0] == whole
    assert Counter(row["drop_reason"] for row in whole) == {"several_taxa": 39, None: 2}


def test_of_the_other_lists_categories_and_licences_alone_are_kept(tmp_path: Path) -> None:
    """Every other list stood in memory as a whole, and some are as long as that of the images."""
    path = tmp_path / "a.json"
    lists = {"images": [{"id": 1}], "annotations": [], "categories": [{"id": 1}], "licenses": [{"id": 2}]}
    path.write_text(json.dumps({"info": {"year": 1}, "videos": [{"id": n} for n in range(9)], **lists}))
    fields = coco.Fields(key="id", columns={"id": coco.text("id")})
    read = coco.read_coco(path, tmp_path / "scratch", Counter(), images=fields, annotations=fields)
    assert read.others == {"categories": [{"id": 1}], "licenses": [{"id": 2}]}
    assert [[len(frame) for frame in part] for part in read.parts()] == [[1, 0]]
