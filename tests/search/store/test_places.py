"""An index at a URL answers as its folder does, and reads no more of it than it needs."""

import json
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.fs as pafs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.search.making import contents, ids, made, vectors, written

from thuja.errors import BadFile, OutputExists, UsageError
from thuja.search.engine.building import CodeSettings
from thuja.search.engine.effort import Effort
from thuja.search.filters import Filter
from thuja.search.index import Index
from thuja.search.store.build import BuildOptions, add_to_index
from thuja.search.store.changes import Doomed, compact, delete_rows
from thuja.search.store.places import RangedVectors, RemotePlace, coalesced, place_of
from thuja.search.store.pushing import push_index
from thuja.search.store.rewriting import CompactOptions
from thuja.search.store.versions import current_number
from thuja.taxonomy import Taxon

RANGES = st.lists(st.tuples(st.integers(0, 500), st.integers(1, 40)).map(lambda one: (one[0], one[0] + one[1])))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THUJA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def remote(tmp_path: Path) -> RemotePlace:
    """Object storage as far as reading goes: pyarrow's file system of another root."""
    folder = made(tmp_path / "index", range(30), segment_rows=10, thumbnails=(pictures(tmp_path),))
    delete_rows(folder, Doomed(ids=ids([4])))
    system = pafs.SubTreeFileSystem(str(tmp_path), pafs.LocalFileSystem())
    return RemotePlace("test://index", system, "index")


def pictures(folder: Path) -> Path:
    from PIL import Image

    (folder / "photos").mkdir()
    Image.new("RGB", (40, 30), "red").save(folder / "photos" / "id-00007.jpg")
    return folder / "photos"


def opened(remote: RemotePlace) -> Index:
    from thuja.search.columns import BitsCache
    from thuja.search.index import _pinned

    return Index._opened(remote, _pinned(remote, None), {}, cache=BitsCache())


@given(RANGES, st.integers(0, 50))
def test_coalesced_ranges_hold_what_is_wanted_and_lie_apart(wanted: list[tuple[int, int]], gap: int) -> None:
    runs = coalesced(wanted, gap)
    assert all(any(start <= one and other <= stop for start, stop in runs) for one, other in wanted)
    assert all(after[0] - before[1] > gap for before, after in pairwise(runs))
    assert {end for run in runs for end in run} <= {end for one in wanted for end in one}


@given(st.lists(st.integers(0, 29), max_size=12))
def test_vectors_by_range_are_the_mapped_ones(tmp_path_factory: pytest.TempPathFactory, rows: list[int]) -> None:
    folder = tmp_path_factory.mktemp("vectors")
    matrix = vectors(range(30)).astype("<f2")
    (folder / "v.f16").write_bytes(matrix.tobytes())
    ranged = RangedVectors(RemotePlace("test://v", pafs.LocalFileSystem(), str(folder)), "v.f16", (30, 8))
    assert (ranged.take(np.array(rows, dtype=np.int64)) == matrix[rows]).all()
    if rows:
        assert (ranged.run(min(rows), max(rows) + 1) == matrix[min(rows) : max(rows) + 1]).all()


def test_an_index_elsewhere_answers_as_the_folder_does(tmp_path: Path, remote: RemotePlace, cache: Path) -> None:
    here, there = Index.open(tmp_path / "index"), opened(remote)
    assert contents(there) == contents(here)
    asked = Filter(within=(Taxon(family="Corvidae"),))
    for filter in (None, asked):
        one, other = (index.search(vectors(range(5)), k=4, filter=filter) for index in (here, there))
        assert (one.keys == other.keys).all()
        assert np.abs(one.scores - other.scores).max() < 1e-6
    (key,) = there.keys_of(ids([7]))
    assert there.thumbnail(key) == here.thumbnail(key) is not None
    assert there.facets(["genus"], filter=asked) == here.facets(["genus"], filter=asked)
    kept = {path.name for path in cache.rglob("*") if path.is_file()}
    assert "columns.json" in kept
    assert kept.isdisjoint({"vectors.f16", "rows.arrow", "thumbnails.bin", "index.json"})


def test_codes_elsewhere_find_what_they_find_here_and_read_few_vectors(
    tmp_path: Path,
) -> None:
    made(tmp_path / "index", range(3000), codes=CodeSettings(least_rows=100, lists=16))
    system = pafs.SubTreeFileSystem(str(tmp_path), pafs.LocalFileSystem())
    here, there = Index.open(tmp_path / "index"), opened(RemotePlace("test://coded", system, "index"))
    assert (here.segments[0].codes.index is None, there.segments[0].codes.index is None) == (False, False)
    effort = Effort(probes=4, candidates=30)
    queries = vectors(range(5000, 5006))
    one, other = (index.search(queries, k=5, effort=effort) for index in (here, there))
    assert np.abs(one.scores - other.scores).max() < 1e-5
    assert (one.keys == other.keys).mean() > 0.9  # equal cosines may change places


def test_a_second_reader_fetches_nothing_that_is_kept(tmp_path: Path, remote: RemotePlace, cache: Path) -> None:
    opened(remote)
    before = {path: path.stat().st_ino for path in cache.rglob("*") if path.is_file()}
    assert len(opened(remote)) == 29
    assert {path: path.stat().st_ino for path in cache.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["../../../evil", "/tmp/evil", "columns/../../evil"])
def test_an_index_elsewhere_writes_nothing_outside_of_the_cache(remote: RemotePlace, tmp_path: Path, name: str) -> None:
    for path in (tmp_path / "index" / "segments").glob("*/segment.json"):
        facts = json.loads(path.read_text())
        facts["files"].append({"name": name, "bytes": 1, "sha256": ""})
        path.write_text(json.dumps(facts))
    with pytest.raises(BadFile):
        opened(remote)
    assert not list(tmp_path.glob("**/evil"))


def test_vectors_elsewhere_that_are_cut_short_are_one_sentence(remote: RemotePlace, tmp_path: Path) -> None:
    """What was missing at the end was met by the first search that needed it, as a traceback."""
    (path, *_) = (tmp_path / "index" / "segments").glob("*/vectors.f16")
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(BadFile, match="bytes where"):
        opened(remote)


def test_two_servers_with_a_bucket_of_one_name_share_no_cache() -> None:
    """What one of them had given was taken for the other's."""
    urls = [f"s3://k:s@bucket/index?scheme=http&region=x&endpoint_override=127.0.0.1%3A{port}" for port in (1, 2, 1)]
    one, other, again = (place_of(url)._cache for url in urls)  # type: ignore[attr-defined]
    assert (one == again, one == other) == (True, False)


def test_a_url_of_files_is_a_folder(tmp_path: Path) -> None:
    folder = made(tmp_path / "an index", range(5))
    assert len(Index.open(folder.as_uri())) == 5
    assert len(Index.open(str(folder))) == 5


@pytest.mark.parametrize("where", ["nosuch://place/index", "s3://"])
def test_a_url_of_no_kind_is_one_sentence(where: str) -> None:
    with pytest.raises(UsageError, match="is no place that can be read"):
        Index.open(where)


@pytest.mark.parametrize("where", ["/tmp/elsewhere", "file:///tmp/elsewhere"])
def test_only_object_storage_is_pushed_to(tmp_path: Path, where: str) -> None:
    with pytest.raises(UsageError, match="is no URL of object storage"):
        push_index(made(tmp_path / "index", range(3)), where)


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A bucket of moto's server on loopback, as a URL with a blank for the path."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    system = pafs.S3FileSystem(
        endpoint_override=f"{host}:{port}", scheme="http", access_key="k", secret_key="s", allow_bucket_creation=True
    )
    system.create_dir("bucket")
    yield f"s3://k:s@bucket/{{}}?scheme=http&endpoint_override={host}%3A{port}&region=us-east-1"
    server.stop()


@pytest.mark.slow
def test_a_pushed_index_is_opened_searched_and_brought_forward(tmp_path: Path, s3: str) -> None:
    folder, url = made(tmp_path / "index", range(40), segment_rows=10), s3.format("birds")
    first = push_index(folder, url)
    assert (first.version, first.files > 10) == (1, True)
    there = Index.open(url)
    assert contents(there) == contents(Index.open(folder))
    assert push_index(folder, url).bytes < 2000  # the version's own file alone
    add_to_index([written(tmp_path / "more.parquet", range(38, 50))], folder, BuildOptions())
    delete_rows(folder, Doomed(ids=ids([1])))
    assert push_index(folder, url).version == 3
    assert contents(there.refreshed()) == contents(Index.open(folder))
    assert len(contents(there)) == 40


@pytest.mark.slow
def test_a_push_that_was_cut_short_leaves_the_version_before_and_goes_on(tmp_path: Path, s3: str) -> None:
    folder, url = made(tmp_path / "index", range(10)), s3.format("cut")
    push_index(folder, url)
    add_to_index([written(tmp_path / "more.parquet", range(10, 20))], folder, BuildOptions())

    class Cut(Exception):
        pass

    def cut(size: int, told: list[int] = []) -> None:  # noqa: B006
        told.append(size)
        if len(told) == 5:
            raise Cut

    with pytest.raises(Cut):
        push_index(folder, url, advance=cut)
    assert len(Index.open(url)) == 10
    push_index(folder, url)
    assert len(Index.open(url)) == 20


@pytest.mark.slow
def test_an_index_of_another_history_is_not_overwritten(tmp_path: Path, s3: str) -> None:
    url = s3.format("mine")
    push_index(made(tmp_path / "one", range(5)), url)
    with pytest.raises(OutputExists, match="holds an index whose version 1 is none of"):
        push_index(made(tmp_path / "two", range(6)), url)
    assert len(Index.open(url)) == 5


@pytest.mark.slow
def test_a_copy_of_a_version_that_a_compaction_took_away_is_brought_forward(tmp_path: Path, s3: str) -> None:
    """It was taken for another's, and all had to be sent again."""
    folder, url = made(tmp_path / "index", range(10)), s3.format("old")
    push_index(folder, url)
    delete_rows(folder, Doomed(ids=ids([1])))
    assert compact(folder, CompactOptions(grace=0)).versions_gone == 2
    assert push_index(folder, url).version == 3
    assert len(Index.open(url)) == 9


@pytest.mark.slow
def test_a_bucket_without_an_index_is_said(s3: str) -> None:
    with pytest.raises(UsageError, match="there is no index at"):
        current_number(place_of(s3.format("empty")))


@pytest.mark.slow
def test_many_threads_read_one_remote_index(tmp_path: Path, s3: str) -> None:
    url = s3.format("threads")
    push_index(made(tmp_path / "index", range(60), segment_rows=20), url)
    index = Index.open(url)
    wanted = index.search(vectors(range(8)), k=5)
    wrong: list[Any] = []

    def ask() -> None:
        found = index.search(vectors(range(8)), k=5)
        rows = index.rows(found.keys[0])
        if (found.keys != wanted.keys).any() or rows.num_rows != 5:
            wrong.append(found)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
