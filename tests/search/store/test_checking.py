"""A check finds every byte that changed; what is broken is one sentence when it is opened."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.search.making import ids, made

from thuja.errors import BadFile, ThujaError, UsageError
from thuja.search.index import Index
from thuja.search.store.changes import Doomed, delete_rows
from thuja.search.store.checking import check_index
from thuja.search.store.places import LocalPlace
from thuja.search.store.thumbnails import Thumbnails


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = made(tmp_path / "index", range(20), segment_rows=10)
    delete_rows(folder, Doomed(ids=ids([1])))
    return folder


def files(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "segments").rglob("*") if path.is_file() and path.name != "segment.json")


def test_a_whole_index_has_no_fault(folder: Path) -> None:
    told: list[int] = []
    done = check_index(folder, advance=told.append)
    assert (done.versions, done.files, done.faults) == (2, len(files(folder)), ())
    assert sum(told) == done.bytes == sum(path.stat().st_size for path in files(folder))


def test_one_byte_that_changed_is_found_in_any_file(folder: Path) -> None:
    for path in files(folder):
        data = path.read_bytes()
        if data:
            path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
            assert check_index(folder).faults == (f"{path} does not hold what was written",)
            assert check_index(folder, is_quick=True).faults == ()
            path.write_bytes(data)


def test_a_file_that_is_cut_short_or_missing_is_found_quickly(folder: Path) -> None:
    one, other = files(folder)[:2]
    size = one.stat().st_size
    one.write_bytes(one.read_bytes()[:-1])
    other.unlink()
    faults = check_index(folder, is_quick=True).faults
    assert faults == (f"{one} holds {size - 1:,} bytes where {size:,} were written", f"{other} is missing")


@pytest.mark.parametrize("name", ["vectors.f16", "rows.arrow", "segment.json", "columns/columns.json"])
@pytest.mark.parametrize("is_cut", [True, False])
def test_a_broken_file_is_one_sentence_when_the_index_is_opened(folder: Path, name: str, is_cut: bool) -> None:
    path = next(iter(sorted((folder / "segments").iterdir()))) / name
    if is_cut:
        path.write_bytes(path.read_bytes()[:-7])
    else:
        path.unlink()
    with pytest.raises(ThujaError):
        Index.open(folder)


def test_a_lost_list_of_deletes_is_said_and_no_deleted_row_shows_up(folder: Path) -> None:
    (lost,) = (folder / "versions").glob("*.deleted.npy")
    lost.unlink()
    with pytest.raises(BadFile, match=r"deleted\.npy is missing"):
        Index.open(folder)
    assert len(check_index(folder).faults) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"segments": [{"name": "../../elsewhere", "rows": 1}]},
        {"segments": [{"name": "000001-0123456789ab", "rows": "1"}]},
        {"segments": [{"name": "000001-0123456789ab", "rows": 1, "deleted": 2}]},
        {"segments": [{"name": 7, "rows": 1}]},
        {"columns": {"genus": "picture"}},
        {"columns": ["genus"]},
        {"dim": -8},
        {"model": None},
    ],
)
def test_a_version_that_says_what_cannot_be_is_one_sentence(folder: Path, change: dict[str, object]) -> None:
    """A segment's name led out of the folder, and a kind that there is not ended in a traceback."""
    path = folder / "versions" / "000002.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(BadFile, match="is not a version of an index"):
        Index.open(folder)


def test_a_segment_that_names_files_outside_of_itself_is_refused(folder: Path, tmp_path: Path) -> None:
    """A push would have sent them."""
    (path, *_) = sorted((folder / "segments").glob("*/segment.json"))
    told = json.loads(path.read_text())
    for name in ("../../../secret", "/etc/passwd", ""):
        told["files"][0]["name"] = name
        path.write_text(json.dumps(told))
        with pytest.raises(BadFile, match="outside of the segment"):
            Index.open(folder)


def test_empty_files_as_a_power_cut_leaves_them_are_one_sentence(folder: Path) -> None:
    """numpy raises EOFError for them, which nobody caught."""
    (deleted,) = (folder / "versions").glob("*.deleted.npy")
    deleted.write_bytes(b"")
    with pytest.raises(BadFile, match="missing or broken"):
        Index.open(folder)


def test_thumbnails_of_other_rows_are_one_sentence(tmp_path: Path) -> None:
    place = LocalPlace(tmp_path)
    (tmp_path / "thumbnails.bin").write_bytes(b"xy")
    for data, told in ((b"", "cannot be read"), (b"no array", "cannot be read")):
        (tmp_path / "thumbnails.npy").write_bytes(data)
        with pytest.raises(BadFile, match=told):
            Thumbnails(place, ".", 2)
    np.save(tmp_path / "thumbnails.npy", np.array([0, 2], dtype="<u8"))
    with pytest.raises(BadFile, match="is not of 2 rows"):
        Thumbnails(place, ".", 2)
    assert Thumbnails(place, ".", 1).read(0) == b"xy"


def test_parts_of_another_segment_are_one_sentence(folder: Path, tmp_path: Path) -> None:
    (path, *_) = sorted((folder / "segments").iterdir())
    (other,) = (made(tmp_path / "other", range(150)) / "segments").iterdir()
    shutil.copy(other / "rows.arrow", path / "rows.arrow")
    with pytest.raises(BadFile, match="parts of several segments"):
        Index.open(folder)


def test_what_is_no_index_is_said(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(UsageError, match="there is no index at"):
        Index.open(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="there is no index at"):
        Index.open(tmp_path)
    with pytest.raises(UsageError, match="there is no index at"):
        Index.open(tmp_path / "index.parquet")
    for text in ("", "[]", "{}", '{"format": 1, "version": "x"}'):
        (folder / "index.json").write_text(text)
        with pytest.raises(BadFile):
            Index.open(folder)
    (folder / "index.json").write_text('{"format": 2, "version": 1}')
    with pytest.raises(BadFile, match="format 2, this thuja reads 1"):
        Index.open(folder)
    (folder / "index.json").write_text('{"format": 1, "version": 7}')
    with pytest.raises(BadFile, match="names version 7"):
        Index.open(folder)
    shutil.rmtree(folder / "segments")
    (folder / "index.json").write_text('{"format": 1, "version": 1}')
    with pytest.raises(BadFile, match="is missing"):
        Index.open(folder)
