"""Hugging Face data sets as the `datasets` library writes them."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from thuja.curate.sources.hugging_face_tables import _ROWS
from thuja.errors import BadFile, UsageError
from thuja.images.places import read_place

Reading = Callable[..., tuple[list[dict[str, Any]], Counter[str]]]
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
NAMES = ["Corvus corax", "Pica pica"]
FEATURES = {
    "image": {"_type": "Image"},
    "label": {"names": NAMES, "_type": "ClassLabel"},
    "sex": {"dtype": "string", "_type": "Value"},
}


def table(images: list[dict[str, Any] | None], *, features: dict[str, Any] | None = FEATURES) -> pa.Table:
    count = len(images)
    columns = {
        "image": pa.array(images, IMAGE),
        "label": pa.array([row % 2 for row in range(count - 1)] + [-1]),
        "sex": pa.array(["male"] * count),
        "wing": pa.array([1.5] * count),
    }
    meta = {} if features is None else {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.table(columns).replace_schema_metadata(meta)


def picture(number: int) -> dict[str, Any]:
    return {"bytes": f"image {number}".encode(), "path": f"{number}.jpg"}


def test_bytes_are_put_down_and_class_numbers_named(read: Reading, tmp_path: Path) -> None:
    (tmp_path / "set" / "data").mkdir(parents=True)
    count = _ROWS + 5
    pq.write_table(table([picture(n) for n in range(count)]), tmp_path / "set/data/train-00000-of-00002.parquet")
    pq.write_table(table([picture(9), None, {"bytes": None, "path": None}]), tmp_path / "set/data/validation-0.parquet")
    rows, _ = read("hugging_face", tmp_path / "set")
    assert len(rows) == count + 3
    assert [read_place(row["place"]) for row in rows[:count]] == [f"image {n}".encode() for n in range(count)]
    assert read_place(rows[count]["place"]) == b"image 9"
    assert [row["verbatim_name"] for row in rows[:3]] == ["Corvus corax", "Pica pica", "Corvus corax"]
    assert rows[count - 1]["verbatim_name"] is None  # -1: no label
    assert (rows[0]["source_id"], rows[0]["data_source"], rows[0]["split"]) == (
        "data/train-00000-of-00002.parquet#0", "set", "train",
    )  # fmt: skip
    assert (rows[0]["sex"], json.loads(rows[0]["traits"])["wing"]) == ("male", 1.5)
    assert [(row["split"], row["drop_reason"]) for row in rows[count:]] == [
        ("val", None), ("val", "no_image"), ("val", "no_image"),
    ]  # fmt: skip
    assert len({row["source_id"] for row in rows}) == count + 3


def test_paths_instead_of_bytes_stay_in_the_folder(read: Reading, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"x")
    (tmp_path / "secret.jpg").write_bytes(b"x")
    names = ["a.jpg", "../secret.jpg", "/etc/passwd", "gone.jpg"]
    pq.write_table(table([{"bytes": None, "path": name} for name in names]), folder / "x.parquet")
    rows, _ = read("hugging_face", folder)
    assert [(row["path"], row["drop_reason"], row["place"]) for row in rows] == [
        (str(folder / "a.jpg"), None, None), ("../secret.jpg", "outside_source", None),
        ("/etc/passwd", "outside_source", None), (str(folder / "gone.jpg"), "missing_file", None),
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["stream", "file"])
def test_arrow_files_are_read_in_both_forms(read: Reading, tmp_path: Path, form: str) -> None:
    folder = tmp_path / "saved" / "test"
    folder.mkdir(parents=True)
    content = table([picture(n) for n in range(4)], features=None)
    new = pa.ipc.new_stream if form == "stream" else pa.ipc.new_file
    with new(str(folder / "data-00000-of-00001.arrow"), content.schema) as writer:
        writer.write_table(content)
    (folder / "dataset_info.json").write_text(json.dumps({"features": FEATURES}))
    rows, _ = read("hugging_face", tmp_path / "saved", name="mine")
    assert [read_place(row["place"]) for row in rows] == [f"image {n}".encode() for n in range(4)]
    assert [row["verbatim_name"] for row in rows] == ["Corvus corax", "Pica pica", "Corvus corax", None]
    assert {(row["split"], row["data_source"]) for row in rows} == {("test", "mine")}


def test_the_readme_names_classes_too_and_columns_may_be_chosen(read: Reading, tmp_path: Path) -> None:
    content = table([picture(n) for n in range(3)], features=None).rename_columns(["img", "species_id", "sex", "wing"])
    pq.write_table(content, tmp_path / "a.parquet")
    (tmp_path / "README.md").write_text(
        "---\ndataset_info:\n  features:\n  - name: img\n    dtype: image\n  - name: species_id\n    dtype:\n"
        "      class_label:\n        names:\n          '0': Corvus corax\n          '1': Pica pica\n---\n# Birds\n"
    )
    rows, _ = read("hugging_face", tmp_path)
    assert [row["verbatim_name"] for row in rows] == ["Corvus corax", "Pica pica", None]
    rows, _ = read("hugging_face", tmp_path / "a.parquet", image="img", label="sex")
    assert [row["verbatim_name"] for row in rows] == ["male"] * 3
    with pytest.raises(UsageError, match='no column "x"'):
        read("hugging_face", tmp_path, label="x")
    with pytest.raises(UsageError, match='no column "x"'):
        read("hugging_face", tmp_path, image="x")


def test_a_folder_of_images_with_metadata(read: Reading, tmp_path: Path) -> None:
    folder = tmp_path / "birds"
    for name in ("train/a.jpg", "train/b.jpg", "test/a.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    (folder / "train" / "metadata.csv").write_text("file_name,label,wing\na.jpg,Pica pica,2\n../../x.jpg,Pica pica,3\n")
    lines = [json.dumps({"file_name": "a.jpg", "label": "Corvus corax", "box": [1, 2]}), "{broken", "7"]
    (folder / "test" / "metadata.jsonl").write_text("\n".join(lines) + "\n")
    rows, notes = read("hugging_face", folder)
    assert [(row["source_id"], row.get("verbatim_name"), row.get("split"), row["drop_reason"]) for row in rows] == [
        ("train/a.jpg", "Pica pica", "train", None),
        ("../../x.jpg", "Pica pica", None, "outside_source"),
        ("test/a.jpg", "Corvus corax", "test", None),
        ("train/b.jpg", None, None, "not_in_table"),
    ]
    assert json.loads(rows[0]["traits"]) == {"label": "Pica pica", "wing": 2}
    assert notes == {"broken_line": 2}


def test_a_folder_of_classes_without_metadata(read: Reading, tmp_path: Path) -> None:
    (tmp_path / "train" / "Pica pica").mkdir(parents=True)
    (tmp_path / "train" / "Pica pica" / "a.jpg").write_bytes(b"x")
    [row] = read("hugging_face", tmp_path, name="n")[0]
    assert (row["verbatim_name"], row["split"], row["source_id"]) == ("Pica pica", "train", "train/Pica pica/a.jpg")


def test_what_is_no_data_set_is_told(read: Reading, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no data set at"):
        read("hugging_face", tmp_path / "nothing")
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(UsageError, match="no column holds images: a"):
        read("hugging_face", tmp_path)
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[:-9])
    with pytest.raises(BadFile, match="cannot be read"):
        read("hugging_face", tmp_path)
    (tmp_path / "a.parquet").rename(tmp_path / "a.arrow")
    with pytest.raises(BadFile, match="cannot be read"):
        read("hugging_face", tmp_path)


def test_an_id_on_the_hub_that_cannot_be_fetched_is_told(
    read: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UsageError, match="the data set nobody/nothing-of-this-name cannot be fetched"):
        read("hugging_face", Path("nobody/nothing-of-this-name"))


def test_a_readme_that_is_no_yaml_is_told(read: Reading, tmp_path: Path) -> None:
    pq.write_table(table([picture(1)]), tmp_path / "a.parquet")
    (tmp_path / "README.md").write_text("---\na: [1\nb: }\n---\n")
    with pytest.raises(BadFile, match=r"README\.md cannot be read"):
        read("hugging_face", tmp_path)


def test_a_column_file_beside_file_name_is_a_trait(read: Reading, tmp_path: Path) -> None:
    """A metadata.csv with both stopped the reading with the library's DuplicateError."""
    folder = tmp_path / "hf"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"x")
    (folder / "metadata.csv").write_text("file_name,file,label,n\na.jpg,scan-7,Corvus corax,2\n")
    [row], _ = read("hugging_face", folder)
    assert (row["path"], row["verbatim_name"], row["drop_reason"]) == (str(folder / "a.jpg"), "Corvus corax", None)
    assert json.loads(row["traits"]) == {"label": "Corvus corax", "n": 2, "said_file": "scan-7"}


def test_of_a_single_file_only_what_lies_beside_it_describes_it(read: Reading, tmp_path: Path) -> None:
    """All folders below the one of the file were walked, and any dataset_info.json in them was believed."""
    table = pl.DataFrame({"image": [{"bytes": b"x", "path": None}], "label": [0]})
    table.write_parquet(tmp_path / "t.parquet")
    info = json.dumps({"features": {"label": {"_type": "ClassLabel", "names": ["Pica pica"]}}})
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "dataset_info.json").write_text(info)
    [row], _ = read("hugging_face", tmp_path / "t.parquet")
    assert row["verbatim_name"] == "0"
    (tmp_path / "dataset_info.json").write_text(info)
    [row], _ = read("hugging_face", tmp_path / "t.parquet")
    assert row["verbatim_name"] == "Pica pica"
