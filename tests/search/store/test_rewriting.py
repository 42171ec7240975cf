"""Small segments are put together by the add that makes many of them, and what is left is told of."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.search.making import contents, ids, made, written

from thuja.errors import ThujaError
from thuja.search.index import Index
from thuja.search.manifest import SegmentFacts, Version
from thuja.search.store import rewriting
from thuja.search.store.build import BuildOptions, add_to_index, build_index
from thuja.search.store.changes import Doomed, compact, delete_rows
from thuja.search.store.describing import describe
from thuja.search.store.rewriting import CompactOptions, due


def added(folder: Path, step: int) -> Version:
    """Three rows more, of which one was there."""
    source = written(folder.parent / f"{step}.parquet", range(2 * step, 2 * step + 3))
    return add_to_index([source], folder, BuildOptions(by="index add")).version


def test_many_small_adds_stay_few_segments_and_lose_no_row(tmp_path: Path) -> None:
    """Two hundred adds made two hundred segments, and a search asked every one, row by row."""
    folder = made(tmp_path / "index", range(3))
    reader = Index.open(folder)
    counts = [len(added(folder, step).segments) for step in range(1, 20)]
    assert counts[:8] == [2, 3, 4, 5, 6, 7, 1, 2]
    assert max(counts) == 7
    index = Index.open(folder)
    assert sorted(contents(index)) == ids(range(41))
    assert (len(index), index.facts.by) == (41, "index add")
    assert len(contents(reader)) == 3


def test_what_is_large_among_the_small_is_not_written_anew_by_every_seventh_add() -> None:
    """All small segments came together each time: of 6,500 adds of five rows, every row was written 460 times, and
    twenty gigabytes of segments stayed for versions that nobody asks for."""
    sizes: list[int] = []
    written_anew, most = 0, 0
    for _ in range(3000):
        sizes.append(5)
        if len(sizes) == rewriting._SMALL_SEGMENTS:
            chosen = [one.rows for one in rewriting._smallest(version(*sizes).segments, 65_536)]
            assert len(chosen) > 1
            for one in chosen:
                sizes.remove(one)
            sizes.append(sum(chosen))
            written_anew += sum(chosen)
        most = max(most, len(sizes))
    assert sum(sizes) == 15_000
    assert written_anew < 10 * sum(sizes)
    assert most < rewriting._SMALL_SEGMENTS


def test_an_add_writes_few_rows_anew_however_many_small_segments_there_are() -> None:
    """The first add to a million rows in segments of ten thousand wrote all of them anew."""
    chosen = rewriting._smallest(version(*[10_000] * 100, 5).segments, 65_536)
    assert [one.rows for one in chosen] == [5, *[10_000] * 6]


@contextmanager
def full_beyond(size: int) -> Iterator[None]:
    """No file grows beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_full_disk_an_add_stands_and_its_segments_stay_apart(tmp_path: Path) -> None:
    """The add was told as failed, though its rows were in the index, and half a segment stayed on the full disk."""
    sources = [written(tmp_path / f"{step}.parquet", range(90 * step, 90 * step + 90)) for step in range(8)]
    folder = tmp_path / "index"
    build_index(sources[:1], folder, BuildOptions())
    for source in sources[1:7]:
        add_to_index([source], folder, BuildOptions())
    largest = max(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    with full_beyond(largest + 500):
        report = add_to_index(sources[7:], folder, BuildOptions())
        with pytest.raises(ThujaError, match="cannot write"):
            compact(folder, CompactOptions())
    assert "File too large" in report.kept_apart
    assert len(report.version.segments) == len(list((folder / "segments").iterdir())) == 8
    assert sorted(contents(Index.open(folder))) == ids(range(720))
    assert not (folder / "building.tmp").exists()
    report = add_to_index(sources[7:], folder, BuildOptions())
    assert (report.kept_apart, len(report.version.segments), len(report.version)) == ("", 1, 720)


def test_an_add_leaves_what_is_large_and_what_is_deleted_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewriting, "_SMALL_ROWS", 5)
    folder = made(tmp_path / "index", range(100, 120), segment_rows=10)
    delete_rows(folder, Doomed(ids=ids([100, 101, 102])))
    before = [one.name for one in Index.open(folder).facts.segments]
    for step in range(1, 9):
        version = added(folder, step)
    assert [one.name for one in version.segments[:2]] == before
    assert [one.kept for one in version.segments[2:]] == [2, 2, 3, 10]
    assert [one.deleted for one in version.segments] == [3, 0, 1, 1, 0, 0]


def test_segments_are_no_larger_than_an_add_was_told(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(16), segment_rows=2)
    report = add_to_index([written(tmp_path / "1.parquet", [90])], folder, BuildOptions(segment_rows=6))
    assert max(one.rows for one in report.version.segments) <= 6
    assert len(report.version) == 17


def version(*rows: int, deleted: int = 0) -> Version:
    facts = [SegmentFacts(name=f"{number:06}-0123456789ab", rows=one) for number, one in enumerate(rows)]
    first = replace(facts[0], deleted=deleted)
    return Version(number=1, model="m", dim=8, segments=(first, *facts[1:]))


def test_a_compaction_is_due_where_segments_are_many_or_much_is_deleted() -> None:
    assert due(version(*[900_000] * 20)) == ""
    assert due(version(*[50_000] * 8)) == ""
    assert due(version(*[50_000] * 40)) == "40 segments can be 2"
    assert due(version(1000, 1000, deleted=200)) == ""
    assert due(version(1000, 1000, deleted=201)) == "201 deleted rows are still on the disk"
    assert due(version(*[100] * 9, deleted=100)) == "9 segments can be 1, 100 deleted rows are still on the disk"


def test_many_versions_are_told_of_though_their_segments_are_few() -> None:
    """Thousands of small adds leave few segments, and nobody was told of what their versions keep on the disk."""
    assert due(version(1000, 1000), versions=200) == ""
    assert due(version(1000, 1000), versions=1201) == "1,201 versions are kept, with all that they name"


def test_info_tells_that_a_compaction_is_due(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(18), segment_rows=2)
    assert describe(Index.open(folder))["compact"] == "due: 9 segments can be 1"
    assert describe(Index.open(made(tmp_path / "other", range(18))))["compact"] == "not due"
