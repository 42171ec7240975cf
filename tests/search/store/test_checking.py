"""A check finds every byte that changed; what is broken is one sentence when it is opened."""

import shutil
from pathlib import Path

import pytest
from tests.search.making import ids, made

from thuja.errors import BadFile, ThujaError, UsageError
from thuja.search.index import Index
from thuja.search.store.changes import Doomed, delete_rows
from thuja.search.store.checking import check_index


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
