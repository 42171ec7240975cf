"""iNat21 as folders and as the competition's JSON."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from thuja.curate.sources import SourceSpec, reader
from thuja.errors import BadFile, UsageError

Reading = Callable[..., tuple[list[dict[str, Any]], Counter[str]]]
RAVEN = "04000_Animalia_Chordata_Aves_Passeriformes_Corvidae_Corvus_corax"
MOSS = "09000_Plantae_Bryophyta_Bryopsida_Hypnales_Brachytheciaceae_Homalothecium_sericeum"


def photos(folder: Path) -> Path:
    for name in (f"train/{RAVEN}/a.jpg", f"train/{RAVEN}/b.jpg", f"val/{MOSS}/c.jpg", "train/odd/d.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def document(folder: Path) -> dict[str, Any]:
    names = [f"train/{RAVEN}/a.jpg", f"val/{MOSS}/c.jpg", "train/gone/x.jpg", "../../etc/passwd", "/etc/passwd"]
    return {
        "info": {"year": 2021, "version": "1"},
        "images": [
            {"id": number, "width": 500, "height": 375, "file_name": name, "license": 1, "rights_holder": "Ann",
             "date": "2015-08-26 00:00:00+00:00", "latitude": 43.8, "longitude": float("nan"),
             "location_uncertainty": 17.0}
            for number, name in enumerate(names)
        ],
        "annotations": [{"id": n, "image_id": n, "category_id": category} for n, category in enumerate([7, 8, 7, 7])],
        "licenses": [{"id": 1, "name": "CC BY-NC 4.0", "url": "http://creativecommons.org/licenses/by-nc/4.0/"}],
        "categories": [
            {"id": 7, "name": "Corvus corax", "common_name": "Common Raven", "supercategory": "Birds",
             "kingdom": "Animalia", "phylum": "Chordata", "class": "Aves", "order": "Passeriformes",
             "family": "Corvidae", "genus": "Corvus", "specific_epithet": "corax", "image_dir_name": RAVEN},
            {"id": 8, "name": "Homalothecium sericeum", "common_name": "", "kingdom": "Plantae",
             "genus": "Homalothecium", "specific_epithet": "sericeum"},
        ],
    }  # fmt: skip


def test_folder_names_are_lineages(read: Reading, tmp_path: Path) -> None:
    rows, notes = read("inat21", photos(tmp_path / "inat"))
    by_id = {row["source_id"]: row for row in rows}
    raven = by_id[f"{RAVEN}/a.jpg"]
    assert (raven["kingdom"], raven["family"], raven["genus"], raven["species"]) == (
        "Animalia", "Corvidae", "Corvus", "corax",
    )  # fmt: skip
    assert (raven["data_source"], raven["verbatim_name"], raven["split"]) == ("iNat21", "Corvus corax", "train")
    assert by_id[f"{MOSS}/c.jpg"]["split"] == "val"
    assert (by_id["odd/d.jpg"]["verbatim_name"], by_id["odd/d.jpg"]["kingdom"]) == ("odd", None)
    assert notes == {"folder_without_lineage": 1}


def test_the_json_gives_the_same_ids_and_more(read: Reading, tmp_path: Path) -> None:
    folder = photos(tmp_path / "inat")
    (folder / "train.json").write_text(json.dumps(document(folder)))
    rows, _ = read("inat21", folder / "train.json")
    by_id = {row["source_id"]: row for row in rows}
    raven = by_id[f"{RAVEN}/a.jpg"]
    assert raven["path"] == str(folder / "train" / RAVEN / "a.jpg")
    assert (raven["common"], raven["species"], raven["split"]) == ("Common Raven", "corax", "train")
    assert (raven["latitude"], raven["longitude"], raven["coordinate_uncertainty"]) == (43.8, None, 17.0)
    assert (raven["license_name"], raven["copyright_owner"], raven["width"]) == ("CC BY-NC 4.0", "Ann", 500)
    assert [row["drop_reason"] for row in rows] == [
        None, None, "missing_file", "outside_source", "outside_source",
    ]  # fmt: skip
    assert [row["path"] for row in rows][3:] == ["../../etc/passwd", "/etc/passwd"]


def test_images_that_nobody_annotated_are_told(read: Reading, tmp_path: Path) -> None:
    folder = photos(tmp_path / "inat")
    test = document(folder)
    del test["annotations"], test["categories"]
    (tmp_path / "test.json").write_text(json.dumps(test))
    rows, _ = read("inat21", tmp_path / "test.json", images=str(folder))
    assert [row["drop_reason"] for row in rows][:2] == ["no_annotation"] * 2


def test_a_json_that_is_cut_short_or_another_is_a_bad_file(read: Reading, tmp_path: Path) -> None:
    path = tmp_path / "train.json"
    path.write_text(json.dumps(document(tmp_path))[:-900])
    with pytest.raises(BadFile, match="not whole JSON"):
        read("inat21", path)
    path.write_text('{"hello": [1]}')
    with pytest.raises(BadFile, match="has no images"):
        read("inat21", path)
    with pytest.raises(UsageError, match="no folder of images"):
        read("inat21", path, images=str(tmp_path / "no"))
    with pytest.raises(UsageError, match="no file"):
        read("inat21", tmp_path / "no.json")
    path.write_text(json.dumps(document(tmp_path)))
    with pytest.raises(UsageError, match="needs a folder to put its tables down"):
        next(reader("inat21")(SourceSpec(kind="inat21", path=path), Counter()))
