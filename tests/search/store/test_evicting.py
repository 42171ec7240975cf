"""The cache of indexes elsewhere has a size, and an open index keeps what it needs."""

import errno
import gc
import os
from pathlib import Path

import pyarrow.fs as pafs
import pytest
from tests.search.making import contents, made, vectors

from thuja.errors import UsageError
from thuja.search.columns import BitsCache
from thuja.search.index import Index, _pinned
from thuja.search.store.evicting import evict, most_bytes
from thuja.search.store.places import RemotePlace


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THUJA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "search"


def opened(tmp_path: Path, name: str) -> Index:
    """An index of two segments elsewhere, which is made where it is not there; of each name it holds other rows."""
    if not (tmp_path / name).exists():
        made(tmp_path / name, range(len(name), len(name) + 10), segment_rows=5)
    system = pafs.SubTreeFileSystem(str(tmp_path), pafs.LocalFileSystem())
    place = RemotePlace(f"test://{name}", system, name)
    return Index._opened(place, _pinned(place, None), {}, cache=BitsCache())


def kept(cache: Path) -> dict[str, int]:
    """The bytes of every segment that is kept, by its name."""
    return {
        folder.name: sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        for folder in cache.glob("*/segments/*")
    }


def test_what_was_opened_longest_ago_goes_first(tmp_path: Path, cache: Path) -> None:
    names = [one.name for one in opened(tmp_path, "index").segments]
    gc.collect()
    for turn, name in enumerate(reversed(names)):
        (facts,) = cache.glob(f"*/segments/{name}/segment.json")
        os.utime(facts, ns=(turn, turn))
    sizes = kept(cache)
    assert evict(cache, sum(sizes.values())) == 0
    assert evict(cache, sum(sizes.values()) - 1) == sizes[names[1]]
    assert list(kept(cache)) == [names[0]]
    assert len(contents(opened(tmp_path, "index"))) == 10  # what is gone is fetched again
    assert kept(cache) == sizes


def test_an_open_index_keeps_its_segments_and_a_closed_one_loses_them(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever had ever been opened stayed on the disk for good."""
    monkeypatch.setenv("THUJA_SEARCH_CACHE_GB", "0")
    first, second = opened(tmp_path, "one"), opened(tmp_path, "three")
    before = contents(first)
    assert len(kept(cache)) == 4
    del second
    gc.collect()
    third = opened(tmp_path, "eleven")
    open_now = [one.name for index in (first, third) for one in index.segments]
    assert sorted(kept(cache)) == sorted(open_now)
    assert contents(first) == before
    assert len(first.search(vectors([1]), k=3).keys[0]) == 3


def test_a_segment_that_goes_right_after_it_was_fetched_is_fetched_again(tmp_path: Path, cache: Path) -> None:
    index = opened(tmp_path, "index")
    place, name = index._place, index.segments[0].name
    del index
    gc.collect()
    file = f"segments/{name}/segment.json"
    place.fetched(file)
    evict(cache, 0)
    assert not kept(cache)
    owner = BitsCache()  # anything that lives
    place.hold(file, owner)
    evict(cache, 0)
    assert list(kept(cache)) == [name]


class Contested(RemotePlace):
    """Whose first file is taken off this machine by another process right after it was fetched."""

    is_quiet = False

    def fetched(self, file: str) -> Path:
        path = super().fetched(file)
        if not self.is_quiet:
            self.is_quiet = True
            evict(self._cache.parent, 0)
        return path


def test_a_segment_that_goes_before_it_is_held_is_no_broken_index(tmp_path: Path, cache: Path) -> None:
    """Its facts were read before they were held: what an eviction elsewhere took in between was told as missing."""
    made(tmp_path / "index", range(10))
    place = Contested("test://index", pafs.SubTreeFileSystem(str(tmp_path), pafs.LocalFileSystem()), "index")
    assert len(contents(Index._opened(place, _pinned(place, None), {}, cache=BitsCache()))) == 10
    assert place.is_quiet


def test_a_cache_that_is_mounted_to_be_read_alone_is_used_as_it_is(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a disk says EROFS, which is no PermissionError: an index there could not be opened any more."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    opened(tmp_path, "index")
    gc.collect()
    before = kept(cache)
    monkeypatch.setattr(os, "utime", refuse)
    monkeypatch.setattr(os, "rename", refuse)
    monkeypatch.setenv("THUJA_SEARCH_CACHE_GB", "0")
    assert len(contents(opened(tmp_path, "index"))) == 10
    gc.collect()
    assert evict(cache, 0) == 0
    assert kept(cache) == before


def test_what_a_killed_eviction_left_is_cleared_away(tmp_path: Path, cache: Path) -> None:
    index = opened(tmp_path, "index")
    left = next(cache.glob("*/segments")) / "000001-0123456789ab.7-ab.tmp"
    left.mkdir()
    (left / "codes.faiss").touch()
    assert evict(cache, 10**9) == 0
    assert sorted(kept(cache)) == sorted(one.name for one in index.segments)


@pytest.mark.parametrize("said", ["much", "-1", "inf", "nan"])
def test_a_size_that_is_none_is_one_sentence(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("THUJA_SEARCH_CACHE_GB", said)
    with pytest.raises(UsageError, match="is a number of gigabytes"):
        most_bytes()
    monkeypatch.setenv("THUJA_SEARCH_CACHE_GB", "0.5")
    assert most_bytes() == 500_000_000
