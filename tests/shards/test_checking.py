import gzip
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.shards.making import foreign, jpeg, record, samples, uuid, write

from thuja.errors import EmptyInput, UsageError
from thuja.shards import checking as module
from thuja.shards import index_shard, read_manifest, write_manifest, write_shard
from thuja.shards.checking import check_shards, find_shards


def reasons(folder: Path, **options: bool) -> dict[str, int]:
    return dict(check_shards([folder], workers=1, **options).faults)


def test_good_shards_have_no_fault(tmp_path: Path) -> None:
    write_manifest(tmp_path, [*write(tmp_path, range(10)), *write(tmp_path, range(20, 22), split="val")])
    report = check_shards([tmp_path], is_decoded=True, workers=1)
    assert report.is_good
    assert (report.shards, report.samples, report.manifests) == (4, 12, 1)
    assert report.splits == {"train": 10, "val": 2}
    assert report.bytes == sum(path.stat().st_size for path in tmp_path.glob("*.tar"))


def test_several_processes_find_what_one_finds(tmp_path: Path) -> None:
    write(tmp_path, range(12), max_count=3)
    shutil.copy(tmp_path / "train-00001.tar", tmp_path / "train-00007.tar")
    data = bytearray((tmp_path / "train-00002.tar").read_bytes())
    data[:20] = b"\xff" * 20
    (tmp_path / "train-00002.tar").write_bytes(data)
    assert check_shards([tmp_path], workers=2) == check_shards([tmp_path], workers=1)


def test_a_key_that_comes_again_in_another_shard_is_found(tmp_path: Path) -> None:
    write_shard(tmp_path / "train-00000.tar", samples(range(5)))
    write_shard(tmp_path / "val-00000.tar", samples([9, 3, 8]))
    [fault] = check_shards([tmp_path], workers=1).examples
    assert (fault.reason, fault.key, fault.shard.name) == ("duplicate_key", uuid(3), "val-00000.tar")
    assert "train-00000.tar" in fault.message


def test_equal_hashes_of_differing_keys_are_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 64-bit hash only raises a doubt; the keys themselves settle it."""
    write(tmp_path, range(6))
    monkeypatch.setattr(module, "key_hash", lambda key: 7)
    assert reasons(tmp_path) == {}


def test_a_key_that_comes_twice_in_one_shard_is_found(tmp_path: Path) -> None:
    members = [
        ("a.jpg", jpeg(0)),
        ("a.txt", b"x"),
        ("b.jpg", jpeg(1)),
        ("b.txt", b"x"),
        ("a.jpg", jpeg(2)),
        ("a.txt", b"y"),
    ]
    foreign(tmp_path / "00000.tar", members)
    assert reasons(tmp_path) == {"duplicate_key": 1}


class TestManifest:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        write_manifest(tmp_path, write(tmp_path, range(10)))
        return tmp_path

    def test_one_changed_byte_is_found(self, folder: Path) -> None:
        path = folder / "train-00001.tar"
        data = bytearray(path.read_bytes())
        offset, size = index_shard(path)[1].members["jpg"]
        data[offset + size // 2] ^= 1
        path.write_bytes(data)
        assert reasons(folder) == {"wrong_hash": 1}

    def test_a_missing_and_an_unlisted_shard_are_found(self, folder: Path) -> None:
        (folder / "train-00002.tar").rename(folder / "train-00005.tar")
        assert reasons(folder) == {"unlisted_shard": 1, "missing_shard": 1}

    def test_one_shard_alone_misses_no_other(self, folder: Path) -> None:
        assert check_shards([folder / "train-00001.tar"], workers=1).is_good

    def test_other_counts_are_found(self, folder: Path) -> None:
        manifest = read_manifest(folder)
        assert manifest is not None
        first, *others = manifest.shards
        write_manifest(folder, [replace(first, samples=3, last_key="x"), *others])
        report = check_shards([folder], workers=1)
        assert report.faults == {"wrong_count": 1, "wrong_last_key": 1}
        assert report.examples[0].message == "samples 4, in the manifest 3"

    def test_a_shard_cut_short_is_found_twice(self, folder: Path) -> None:
        path = folder / "train-00000.tar"
        path.write_bytes(path.read_bytes()[:-12_000])
        assert {"cut_short", "wrong_hash"} <= set(reasons(folder))


class TestSamples:
    def test_a_record_of_another_key_or_split_is_found(self, tmp_path: Path) -> None:
        text = record(1, split="test").to_json().encode()
        foreign(tmp_path / "train-00000.tar", [("u.jpg", jpeg(1)), ("u.json", text)])
        assert reasons(tmp_path) == {"wrong_key": 1, "wrong_split": 1}

    def test_an_html_page_in_an_images_place_is_found(self, tmp_path: Path) -> None:
        foreign(tmp_path / "00000.tar", [("u.jpg", b"<html>404</html>"), ("u.txt", b"a bee")])
        assert reasons(tmp_path) == {"not_an_image": 1}
        assert reasons(tmp_path, is_decoded=True) == {"unsupported": 1}

    def test_only_decoding_finds_half_an_image(self, tmp_path: Path) -> None:
        foreign(tmp_path / "00000.tar", [("u.jpg", jpeg(1, 200, 200)[:2000]), ("u.txt", b"a bee")])
        assert reasons(tmp_path) == {}
        assert reasons(tmp_path, is_decoded=True) == {"truncated": 1}

    def test_faults_beyond_the_first_are_counted(self, tmp_path: Path) -> None:
        foreign(tmp_path / "00000.tar", [(f"{n}.json", b"{}") for n in range(50)])
        foreign(tmp_path / "00001.tar", [(f"{n}.json", b"{}") for n in range(50, 80)])
        report = check_shards([tmp_path], workers=1)
        assert report.faults == {"no_image": 80}
        assert len(report.examples) == 20


def test_a_file_that_cannot_be_read_is_a_fault_among_others(tmp_path: Path) -> None:
    write(tmp_path, range(3))
    (tmp_path / "train-00001.tar").mkdir()
    assert reasons(tmp_path) == {"unreadable": 1}


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "train-00000.tar")
    [fault] = check_shards([tmp_path], workers=1).examples
    assert (fault.reason, fault.message.endswith("it is not a file")) == ("unreadable", True)


def test_a_compressed_tar_is_called_so(tmp_path: Path) -> None:
    write(tmp_path, range(3))
    path = tmp_path / "train-00000.tar"
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert "compressed: unpack it first" in {fault.message for fault in check_shards([path], workers=1).examples}


def test_a_file_that_is_no_tar_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"")
    (tmp_path / "b.tar").write_bytes(b"<html>not found</html>" * 200)
    assert sum(reasons(tmp_path).values()) >= 2


@pytest.mark.shared
def test_odd_images_are_told_from_good_ones_by_decoding(tmp_path: Path, shared: Path) -> None:
    files = sorted((shared / "photos" / "robust").rglob("*.*"))
    members = [
        member
        for number, file in enumerate(files)
        for member in [(f"{number:03}.jpg", file.read_bytes()), (f"{number:03}.txt", file.name.encode())]
    ]
    foreign(tmp_path / "00000.tar", members)
    report = check_shards([tmp_path], is_decoded=True, workers=1)
    bad = {files[int(fault.key)].name for fault in report.examples}
    assert {"broken.png", "broken_data_stream.png", "truncated_jpeg.jpg", "zero_height.j2k"} <= bad
    assert bad.isdisjoint({"flower.jpg", "hopper_orientation_6.jpg", "transparent.png", "exif_gps_typeerror.jpg"})


class TestFinding:
    def test_folders_data_folders_and_files_are_taken(self, tmp_path: Path) -> None:
        write(tmp_path / "shards", range(6))
        inner = sorted((tmp_path / "shards").glob("*.tar"))
        assert find_shards([tmp_path]) == find_shards([tmp_path / "shards"]) == inner
        assert find_shards([inner[1], tmp_path]) == [inner[1], inner[0]]

    def test_what_is_not_there_is_one_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="does not exist"):
            find_shards([tmp_path / "none"])
        with pytest.raises(EmptyInput, match="no shard in"):
            find_shards([tmp_path])
