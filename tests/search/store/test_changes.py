"""Deletes, compaction and the versions they leave: nothing is lost, and no reader is disturbed."""

import fcntl
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.search.making import contents, ids, made, vectors, written

from thuja.errors import OutputExists, UnknownName, UsageError
from thuja.search.columns import BitsCache
from thuja.search.filters import Filter, Range
from thuja.search.index import Index
from thuja.search.store.build import BuildOptions, add_to_index
from thuja.search.store.changes import Doomed, compact, delete_rows
from thuja.search.store.pins import pin, unlink_unless_pinned
from thuja.search.store.places import LocalPlace
from thuja.search.store.rewriting import CompactOptions
from thuja.search.store.versions import commit, listed, read_version, writing
from thuja.taxonomy import Taxon

NOW = CompactOptions(grace=0)


def test_deleted_rows_are_in_no_search_count_facet_tree_or_lookup(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(20), segment_rows=6)
    before = Index.open(folder)
    done = delete_rows(folder, Doomed(ids=[*ids([0, 7]), "never", "never"]))
    assert (done.rows, done.unknown, len(done.version)) == (2, 1, 18)
    index = Index.open(folder)
    assert sorted(contents(index)) == sorted(set(ids(range(20))) - set(ids([0, 7])))
    assert index.count() == 18
    assert set(index.search(vectors([7]), k=20).keys[0].tolist()) == {*index.keys().tolist(), -1}
    assert sum(one.count for one in index.facets(["genus"])["genus"]) == 18
    assert index.tree().node(Taxon()).count == 18
    with pytest.raises(UnknownName, match="unknown id"):
        index.keys_of(ids([7]))
    assert (before.count(), len(before.keys_of(ids([7])))) == (20, 1)


def test_rows_are_deleted_by_a_filter_of_the_index(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(20), segment_rows=6)
    chosen = Filter(within=(Taxon(family="Corvidae"),), ranges={"latitude": Range(low=10)})
    gone = [number for number in range(10, 20) if number % 4 < 2]
    assert delete_rows(folder, Doomed(ids=ids([12]), chosen=lambda _: chosen)).rows == len(gone)
    assert sorted(contents(Index.open(folder))) == ids([n for n in range(20) if n not in gone])


def test_deleting_nothing_makes_no_version(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(5))
    assert delete_rows(folder, Doomed(ids=["never"])).version.number == 1
    assert listed(LocalPlace(folder)) == [1]


def test_a_row_may_come_back_after_it_was_deleted(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(10), segment_rows=4)
    delete_rows(folder, Doomed(ids=ids([3, 4])))
    report = add_to_index([written(tmp_path / "3.parquet", [3])], folder, BuildOptions())
    assert (report.replaced, len(report.version)) == (0, 9)


def test_compaction_changes_no_row_and_drops_what_was_deleted(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(30), segment_rows=6)
    delete_rows(folder, Doomed(ids=ids(range(0, 30, 3))))
    add_to_index([written(tmp_path / "more.parquet", range(28, 35))], folder, BuildOptions())
    before = contents(Index.open(folder))
    done = compact(folder, replace(NOW, segment_rows=100))
    assert (done.from_segments, done.to_segments) == (6, 1)
    after = Index.open(folder)
    assert contents(after) == before
    assert [one.deleted for one in after.facts.segments] == [0]
    assert [path.name for path in (folder / "segments").iterdir()] == [after.facts.segments[0].name]
    assert compact(folder, replace(NOW, segment_rows=100)).from_segments == 0


def test_compaction_keeps_full_segments_and_the_deletes_in_them(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(40), segment_rows=20)
    delete_rows(folder, Doomed(ids=ids([3])))
    add_to_index([written(tmp_path / "1.parquet", range(40, 43))], folder, BuildOptions())
    add_to_index([written(tmp_path / "2.parquet", range(43, 46))], folder, BuildOptions())
    before = Index.open(folder)
    done = compact(folder, replace(NOW, segment_rows=20))
    assert (done.from_segments, done.to_segments) == (2, 1)
    assert [one.name for one in done.version.segments[:2]] == [one.name for one in before.facts.segments[:2]]
    assert sum(one.deleted for one in done.version.segments) == 1
    assert contents(Index.open(folder)) == contents(before)


def test_thumbnails_go_with_their_rows_into_the_new_segment(tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "photos").mkdir()
    for number in (1, 9):
        Image.new("RGB", (30 + number, 20)).save(tmp_path / "photos" / f"id-{number:05}.jpg")
    folder = made(tmp_path / "index", range(10), segment_rows=4, thumbnails=(tmp_path / "photos",))
    before = [Index.open(folder).thumbnail(key) for key in Index.open(folder).keys_of(ids(range(10)))]
    delete_rows(folder, Doomed(ids=ids([0])))
    compact(folder, NOW)
    index = Index.open(folder)
    assert [index.thumbnail(key) for key in index.keys_of(ids(range(1, 10)))] == before[1:]
    assert sum(one is not None for one in before) == 2


def test_an_index_of_which_all_is_deleted_answers_nothing_and_takes_rows_again(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(6), segment_rows=4)
    delete_rows(folder, Doomed(ids=ids(range(6))))
    for _ in range(2):
        index = Index.open(folder)
        assert len(index) == index.count() == 0
        assert index.search(vectors([1]), k=3).keys.tolist() == [[-1, -1, -1]]
        assert index.rows([]).num_rows == 0
        assert index.tree().children(Taxon()) == []
        compact(folder, NOW)
    assert Index.open(folder).facts.segments == ()
    add_to_index([written(tmp_path / "1.parquet", range(3))], folder, BuildOptions())
    assert len(Index.open(folder)) == 3


def test_versions_stay_as_long_as_they_are_wanted(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(10), segment_rows=4)
    for number in range(4):
        delete_rows(folder, Doomed(ids=ids([number])))
    compact(folder, CompactOptions(segment_rows=2, grace=3600))
    assert listed(LocalPlace(folder)) == [1, 2, 3, 4, 5, 6]
    assert [len(Index.open(folder, version=number)) for number in (1, 3)] == [10, 8]
    assert compact(folder, replace(NOW, segment_rows=2, keep=3)).versions_gone == 3
    assert listed(LocalPlace(folder)) == [4, 5, 6]
    with pytest.raises(UnknownName, match='unknown version: "1"') as caught:
        Index.open(folder, version=1)
    assert caught.value.hint.endswith("one of 4, 5, 6")


def test_a_version_that_a_reader_has_open_stays_until_it_is_closed(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(20), segment_rows=6)
    reader = Index.open(folder)
    before = contents(reader)
    delete_rows(folder, Doomed(ids=ids(range(10))))
    assert compact(folder, NOW).versions_gone == 1  # the one of the deletes, which nobody has open
    assert contents(reader) == before
    assert reader.facets(["species"], filter=Filter(within=(Taxon(genus="Pica"),)))["species"][0].count == 2
    newest = reader.refreshed()
    assert (len(newest), newest.version) == (10, 3)
    assert newest.refreshed() is newest
    del reader
    assert compact(folder, NOW).versions_gone == 1
    assert len(list((folder / "segments").iterdir())) == 1
    assert len(contents(newest)) == 10


def test_a_version_that_goes_while_a_reader_opens_it_is_said_to_be_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that came between the look for readers and the deletion held a file that was no more."""
    path = tmp_path / "000001.json"
    path.touch()
    reader = BitsCache()  # anything that lives
    pin(path, reader)
    assert not unlink_unless_pinned(path)
    del reader
    lock = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", lambda file, how: (path.unlink(), lock(file, how)))
    with pytest.raises(FileNotFoundError):
        pin(path, BitsCache())
    monkeypatch.undo()
    path.touch()
    assert unlink_unless_pinned(path)
    assert not path.exists()


def test_a_new_version_shares_the_segments_that_are_open(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(20), segment_rows=6)
    reader = Index.open(folder)
    delete_rows(folder, Doomed(ids=ids([1])))
    assert all(one is other for one, other in zip(reader.segments, reader.refreshed().segments, strict=True))


def test_one_process_at_a_time_writes(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(5))
    with writing(folder):
        for change in (
            lambda: delete_rows(folder, Doomed(ids=ids([1]))),
            lambda: compact(folder, NOW),
            lambda: add_to_index([tmp_path / "index.parquet"], folder, BuildOptions()),
        ):
            with pytest.raises(OutputExists, match="being changed by another process"):
                change()
        assert len(Index.open(folder)) == 5


def test_a_version_that_was_not_named_before_a_kill_is_cleared_away(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(5))
    name = (folder / "index.json").read_bytes()
    version = read_version(LocalPlace(folder))
    commit(folder, replace(version, number=2, segments=()), {})
    (folder / "index.json").write_bytes(name)  # as if it had been killed right before
    (folder / "segments" / "000009-0123456789ab").mkdir()
    (folder / "index.json.1-a.tmp").touch()
    assert len(Index.open(folder)) == 5
    delete_rows(folder, Doomed(ids=ids([0])))
    assert (Index.open(folder).version, len(Index.open(folder))) == (3, 4)
    compact(folder, replace(NOW, keep=9))
    assert sorted(path.name for path in (folder / "segments").iterdir()) == sorted(
        {one.name for number in listed(LocalPlace(folder)) for one in read_version(LocalPlace(folder), number).segments}
    )
    assert not list(folder.glob("*.tmp"))


def test_compaction_leaves_what_a_killed_build_has_made(tmp_path: Path) -> None:
    """It used to be swept away, and the build that went on named segments that were not there."""
    folder = made(tmp_path / "index", range(5))
    (folder / "segments" / "000002-aaaaaaaaaaaa").mkdir()
    (folder / "segments" / "000003-bbbbbbbbbbbb").mkdir()
    (folder / "building").mkdir()
    (folder / "building" / "unit-000000").write_text('{"segment": "000002-aaaaaaaaaaaa"}')
    compact(folder, NOW)
    assert [path.name for path in sorted((folder / "segments").iterdir())][1:] == ["000002-aaaaaaaaaaaa"]


@pytest.mark.parametrize("change", [{"keep": 0}, {"grace": -1.0}, {"most_deleted": 2.0}, {"segment_rows": 0}])
def test_wrong_options_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        CompactOptions(**change)  # type: ignore[arg-type]


_WRITER = """
import sys
from pathlib import Path
from tests.search.making import ids, written
from thuja.search.store.build import BuildOptions, add_to_index
from thuja.search.store.changes import Doomed, compact, delete_rows
from thuja.search.store.rewriting import CompactOptions

folder = Path(sys.argv[1])
for step in range(12):
    more = written(folder.parent / "more.parquet", range(10 * step, 10 * step + 30))
    add_to_index([more], folder, BuildOptions(segment_rows=8))
    delete_rows(folder, Doomed(ids=ids(range(10 * step, 10 * step + 5))))
    compact(folder, CompactOptions(segment_rows=40, grace=0))
"""


@pytest.mark.slow
def test_a_second_process_reads_whole_versions_while_one_writes(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(20), segment_rows=8)
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(folder)], cwd=Path(__file__).parents[3])
    seen: dict[int, set[str]] = {}
    reader = Index.open(folder)
    while writer.poll() is None:
        for index in (Index.open(folder), reader := reader.refreshed()):
            rows = contents(index)
            assert len(rows) == len(index) == index.count()
            assert seen.setdefault(index.version, set(rows)) == set(rows)
            some = sorted(rows)[:3]
            found = index.search(index.vectors(index.keys_of(some)), k=1)
            assert found.keys[:, 0].tolist() == index.keys_of(some)
    assert writer.returncode == 0
    assert len(seen) > 4
    last = Index.open(folder)
    gone = {number for step in range(12) for number in range(10 * step, 10 * step + 5)}
    assert sorted(contents(last)) == ids([number for number in range(140) if number not in gone])
