import io
import tarfile
from pathlib import Path

import pytest
from tests.shards.making import jpeg, write

from thuja.shards import Entry, index_shard, read_shard, scan_shard
from thuja.shards.archive import scan
from thuja.shards.reader import open_shard


def tar(path: Path, form: int) -> Path:
    """Folders with long names between samples whose own names are long, or short."""
    with tarfile.open(path, "w", format=form) as file:
        for number in range(4):
            folder = tarfile.TarInfo("d" * 150)
            folder.type = tarfile.DIRTYPE
            if form != tarfile.USTAR_FORMAT:
                file.addfile(folder)
            name = "é" * 120 + str(number) if number % 2 and form != tarfile.USTAR_FORMAT else f"short{number}"
            for suffix, data in (("jpg", jpeg(number)), ("txt", b"a bee")):
                info = tarfile.TarInfo(f"{name}.{suffix}")
                info.size = len(data)
                file.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_scanning_from_where_an_entry_starts_meets_it_first(tmp_path: Path, form: int) -> None:
    path = tar(tmp_path / "a.tar", form)
    entries = index_shard(path)
    assert len(entries) == 4
    with open_shard(path) as file:
        assert [next(scan(file, path, start=entry.start)) for entry in entries] == entries


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_folders_long_name_is_not_taken_for_the_next_files(tmp_path: Path, form: int) -> None:
    """A long name stands in a member of its own, and that of a folder was kept for the file behind it."""
    keys = [sample.record.uuid for sample in read_shard(tar(tmp_path / "a.tar", form))]
    assert keys == ["short0", "é" * 120 + "1", "short2", "é" * 120 + "3"]


def test_our_entries_start_at_their_first_header(tmp_path: Path) -> None:
    write(tmp_path, range(3))
    found = [one for one in scan_shard(tmp_path / "train-00000.tar") if isinstance(one, Entry)]
    assert [one.start for one in found] == [one.members["jpg"][0] - 512 for one in found]
