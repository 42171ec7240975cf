import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.shards.making import uuid, write

from thuja.errors import BadFile, EmptyInput
from thuja.shards import manifest as module
from thuja.shards import read_manifest, write_manifest


def test_what_the_writer_tells_is_what_the_folder_holds(tmp_path: Path) -> None:
    told = [*write(tmp_path, range(10)), *write(tmp_path, range(20, 23), split="val")]
    first = write_manifest(tmp_path, reversed(told)).read_bytes()
    assert write_manifest(tmp_path).read_bytes() == first
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert (manifest.samples, manifest.splits) == (13, {"train": 10, "val": 3})
    assert manifest.bytes == sum(path.stat().st_size for path in tmp_path.glob("*.tar"))
    assert [one.name for one in manifest.shards] == [f"train-0000{n}.tar" for n in range(3)] + ["val-00000.tar"]
    assert manifest.shards[3].last_key == uuid(22)


def test_totals_stand_before_the_files(tmp_path: Path) -> None:
    write(tmp_path, range(5))
    said = json.loads(write_manifest(tmp_path).read_text())
    assert list(said) == ["format", "shards", "samples", "bytes", "splits", "files"]
    assert (said["shards"], said["samples"], said["splits"]) == (2, 5, {"train": 5})


def test_many_shards_are_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, range(9), max_count=3)
    small = read_manifest(write_manifest(tmp_path).parent)
    monkeypatch.setattr(module, "_MANY", 2)
    assert write_manifest(tmp_path).name == "manifest.parquet"
    assert not (tmp_path / "manifest.json").exists()
    assert read_manifest(tmp_path) == small


def test_no_manifest_is_none_and_no_shard_is_an_error(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None
    with pytest.raises(EmptyInput, match="no shard"):
        write_manifest(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"files": 3}', '{"files": [{"name": "a.tar"}]}', "[" * 100_000, '{"files": [3]}'],
    ids=["empty", "syntax", "list", "bare", "number", "fields", "deep", "rows"],
)
def test_a_manifest_that_is_none_is_a_bad_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(BadFile, match="is not a manifest"):
        read_manifest(tmp_path)


def test_a_shard_named_twice_is_refused(tmp_path: Path) -> None:
    [facts] = write(tmp_path, range(2))
    with pytest.raises(BadFile, match="once"):
        write_manifest(tmp_path, [facts, replace(facts, samples=9)])
