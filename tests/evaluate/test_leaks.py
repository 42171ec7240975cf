"""Leaks planted in a training catalog are found, each by its key and at the image it is of, and nothing else is."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from tests.curate.leaks.planted import Row, painted, training_row

from thuja.curate.leaks import LeakIndexSettings, build_leak_index
from thuja.errors import BadFile, EmptyInput, ThujaError
from thuja.evaluate.leaks import IMAGE_KEYS, find_leaks, find_split_leaks
from thuja.evaluate.task import Images
from thuja.record import CATALOG_SCHEMA

COUNT = 7


@pytest.fixture
def task(tmp_path: Path) -> Images:
    folder = tmp_path / "task"
    folder.mkdir()
    for number in range(COUNT - 1):
        painted(number).save(folder / f"{number}.jpg", quality=92)
    return Images(folder=folder, paths=tuple(f"{number}.jpg" for number in range(COUNT)))


@pytest.fixture
def facts() -> pa.Table:
    """What the task's own table says: an address of the third, the observation of all, as iNaturalist's."""
    urls = [None] * COUNT
    urls[2] = "https://inaturalist-open-data.s3.amazonaws.com/photos/12/large.jpg"
    observations = [f"https://www.inaturalist.org/observations/{number}" for number in range(COUNT)]
    return pa.table({"source_url": urls, "observation_id": observations})


def write_catalog(path: Path, rows: list[Row]) -> Path:
    kept = [{name: row.get(name) for name in CATALOG_SCHEMA.names} for row in rows]
    pq.write_table(pa.Table.from_pylist(kept, schema=CATALOG_SCHEMA), path)
    return path


@pytest.fixture
def catalog(tmp_path: Path, task: Images) -> Path:
    """Of image 0 the bytes, of 1 a smaller mirrored copy, of 2 the address, of 3 the observation, of 5 a test row."""
    mirrored, other = tmp_path / "mirrored.jpg", tmp_path / "other.jpg"
    flipped = Image.open(task.files()[1]).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    flipped.resize((200, 150)).save(mirrored, quality=80)
    painted(99).save(other)
    inat: dict[str, Any] = {"data_source": "gbif", "dataset_key": "50c9509d-22c7-4a22-a47d-8c48425ef4a7"}
    rows = [
        training_row(0, task.files()[0], split="train"),
        training_row(1, mirrored),
        training_row(2, source_url="http://www.inaturalist.org/photos/12", split="train"),
        training_row(3, other, observation_id="3", **inat),
        training_row(4, task.files()[4], split="train", drop_reason="leak"),
        training_row(5, task.files()[5], split="test"),
    ]
    return write_catalog(tmp_path / "catalog.parquet", rows)


def test_each_planted_leak_is_found_at_its_image_and_by_its_key(
    tmp_path: Path, task: Images, facts: pa.Table, catalog: Path
) -> None:
    found = find_leaks(task, catalog, tmp_path / "work" / "index.parquet", facts=facts)
    assert found.leaked.tolist() == [True, True, True, False, False, False, False]
    assert found.near.tolist() == [False, False, False, True, False, False, False]
    assert found.found[0] == "sha256;md5;pixel_hash;pdq"
    assert found.found[1:5] == ("pdq", "source_url", "observation_id", "")
    assert found.training == 4
    assert not found.unknown.any()
    assert {"sha256", "pdq", "source_url", "observation_id"} <= set(found.compared)
    assert "specimen" in found.not_compared
    assert found.to_table().to_pylist()[3] == {
        "path": "3.jpg", "leaked_by": "observation_id", "is_leaked": False, "is_near": True,
    }  # fmt: skip
    assert found.sentences()[0].startswith("3 of 7 images are training images too, and 1 more share an observation")


def test_an_index_is_made_once_and_one_of_the_task_may_be_brought(
    tmp_path: Path, task: Images, facts: pa.Table, catalog: Path
) -> None:
    """`thuja curate leaks build` reads a folder in its own order, and knows no image that is not there."""
    index = tmp_path / "index.parquet"
    first = find_leaks(task, catalog, index, facts=facts)
    stamp = index.stat().st_mtime_ns
    again = find_leaks(task, catalog, index, facts=facts)
    assert index.stat().st_mtime_ns == stamp
    assert (again.found, again.compared) == (first.found, first.compared)
    assert [file.name for file in tmp_path.glob("index*")] == ["index.parquet"]

    brought = tmp_path / "brought.parquet"
    build_leak_index(task.folder, brought, LeakIndexSettings(name="task"))
    turned = task.select([6, 5, 4, 3, 2, 1, 0])
    found = find_leaks(turned, catalog, brought)
    assert found.leaked.tolist() == [False, False, False, False, False, True, True]
    assert found.unknown.tolist() == [True] + [False] * 6
    assert "nothing is known" in found.sentences()[-1]


def test_keys_that_the_catalog_lacks_are_told_as_not_compared(tmp_path: Path, task: Images, facts: pa.Table) -> None:
    """A catalog of addresses alone, as TreeOfLife's is: no copy under another address can be found."""
    addresses = pl.DataFrame({"source_url": ["https://inaturalist.org/photos/12", "https://example.org/1.jpg"]})
    addresses.write_csv(tmp_path / "catalog.csv")
    found = find_leaks(task, tmp_path / "catalog.csv", tmp_path / "index.parquet", facts=facts)
    assert found.compared == ("source_url",)
    assert np.flatnonzero(found.leaked).tolist() == [2]
    assert {"sha256", "md5", "pixel_hash", "pdq"} <= set(found.not_compared)
    assert found.sentences()[1].startswith("Not compared, as one side lacks them: ")


def test_two_equal_images_of_a_task_are_both_leaked(tmp_path: Path, task: Images) -> None:
    twin = task.folder / "twin.jpg"
    twin.write_bytes(task.files()[0].read_bytes())
    images = Images(folder=task.folder, paths=("0.jpg", "3.jpg", "twin.jpg"))
    catalog = write_catalog(tmp_path / "catalog.parquet", [training_row(0, task.files()[0])] * 3)
    assert find_leaks(images, catalog, tmp_path / "index.parquet").leaked.tolist() == [True, False, True]


def test_an_index_of_another_task_and_an_empty_catalog_are_refused(
    tmp_path: Path, task: Images, facts: pa.Table, catalog: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    painted(50).save(elsewhere / "50.jpg")
    build_leak_index(elsewhere, tmp_path / "other.parquet", LeakIndexSettings(name="other"))
    with pytest.raises(BadFile, match="knows none of the images"):
        find_leaks(task, catalog, tmp_path / "other.parquet")
    empty = write_catalog(tmp_path / "empty.parquet", [training_row(0, split="test")])
    with pytest.raises(EmptyInput, match="holds no training image"):
        find_leaks(task, empty, tmp_path / "index.parquet")
    with pytest.raises(ThujaError, match="facts of 7 images, got 2 rows"):
        find_leaks(task, catalog, tmp_path / "new.parquet", facts=facts[:2])


def test_splits_that_share_an_observation_or_a_picture_are_found(tmp_path: Path, task: Images) -> None:
    files = task.files()
    rows = [
        training_row(0, files[0], split="train", observation_id="a"),
        training_row(1, files[1], split="test", observation_id="a"),
        training_row(2, files[0], split="val", observation_id="b"),
        training_row(3, files[2], split="unseen", observation_id="c"),
        training_row(4, files[3], split="test", observation_id="a", drop_reason="duplicate"),
        training_row(5, files[4], split="train", observation_id="a", data_source="other"),
    ]
    found = find_split_leaks(write_catalog(tmp_path / "catalog.parquet", rows))
    assert found.names == tuple(rows[number]["uuid"] for number in (1, 2, 3))
    assert found.leaked.tolist() == [False, True, False]
    assert found.near.tolist() == [True, False, False]
    assert found.training == 2
    assert "pdq" in found.found[1].split(";")
    assert set(found.found[1].split(";")) <= set(IMAGE_KEYS)
    with pytest.raises(EmptyInput, match="no image of another split"):
        find_split_leaks(write_catalog(tmp_path / "train.parquet", rows[:1]))
