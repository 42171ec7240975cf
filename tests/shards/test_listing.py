from pathlib import Path

import pytest
from tests.shards.making import foreign, jpeg, uuid, write

from thuja.errors import ThujaError, UnknownName
from thuja.shards import FaultCount
from thuja.shards.checking import find_shards
from thuja.shards.listing import count_samples, find_samples, list_samples


def test_a_row_says_shard_uuid_taxon_split_and_size(tmp_path: Path) -> None:
    write(tmp_path, range(5), split="val")
    rows = list(list_samples(find_shards([tmp_path])))
    assert [row["uuid"] for row in rows] == [uuid(n) for n in range(5)]
    assert rows[4] == {
        "shard": "val-00001.tar",
        "uuid": uuid(4),
        "taxon": "Corvus corax",
        "split": "val",
        "size": len(jpeg(4)),
    }


def test_columns_of_the_catalog_can_be_asked_for(tmp_path: Path) -> None:
    write(tmp_path, range(1))
    [row] = list_samples(find_shards([tmp_path]), ["family", "key", "license_name", "common"])
    assert row == {"family": "Corvidae", "key": uuid(0), "license_name": None, "common": "common raven"}
    with pytest.raises(UnknownName, match='unknown column: "familiy"'):
        list(list_samples([], ["familiy"]))


def test_what_is_broken_goes_to_the_caller(tmp_path: Path) -> None:
    path = foreign(tmp_path / "00000.tar", [("a.json", b"{}"), ("b.jpg", jpeg(1)), ("b.txt", b"a bee")])
    faults = FaultCount()
    [row] = list_samples([path], ["uuid", "split"], on_fault=faults)
    assert row == {"uuid": "b", "split": None}
    assert faults.reasons == {"no_image": 1}
    assert count_samples(path) == 2


def test_samples_are_found_by_uuid_in_the_order_asked_for(tmp_path: Path) -> None:
    write(tmp_path, range(10))
    found = find_samples(find_shards([tmp_path]), [uuid(9), uuid(2)])
    assert [one.shard.name for one in found] == ["train-00002.tar", "train-00000.tar"]
    assert [one.sample.image for one in found] == [jpeg(9), jpeg(2)]
    with pytest.raises(ThujaError, match=r'no sample "x" and 1 more in 3 shards'):
        find_samples(find_shards([tmp_path]), ["x", uuid(1), "y"])
