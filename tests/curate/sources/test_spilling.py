"""Joins in parts: the rows of a join in memory, whatever lay in the folder before, and a full disk in one sentence."""

import os
import resource
import signal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.curate.sources import spilling
from thuja.curate.sources.spilling import Spill, count_parts, join_parts, size_as_text
from thuja.errors import ThujaError

_KEYS = st.lists(st.one_of(st.none(), st.integers(0, 9).map(str), st.sampled_from(["x", "ü", "-1"])), max_size=12)


def frames_of(name: str, keys: list[str | None]) -> list[pl.DataFrame]:
    frame = pl.DataFrame(
        {"key": keys, name: [f"{name}{i}" for i in range(len(keys))]}, schema={"key": pl.String, name: pl.String}
    )
    return [frame.head(3), frame.slice(3)]


@settings(max_examples=60, deadline=None)
@given(left=_KEYS, right=_KEYS, count=st.integers(1, 5))
def test_parts_join_as_a_dict_does(tmp_path_factory, left, right, count):
    folder = tmp_path_factory.mktemp("spill")
    many = Spill(folder=folder / "left", key="key", count=count).put(frames_of("l", left))
    one = Spill(folder=folder / "right", key="key", count=count).put(frames_of("r", right))
    parts = list(join_parts(many, one))
    first: dict[str, str] = {}
    for place, key in enumerate(right):
        if key is not None:
            first.setdefault(key, f"r{place}")
    expected = [(key, f"l{place}", first.get(key)) for place, key in enumerate(left) if key is not None]
    found = [row for part in parts if len(part.rows) for row in _rows(part.rows)]
    assert sorted(found, key=lambda row: int(row[1][1:])) == expected
    assert sum(part.keys for part in parts) == len(first)
    assert sum(part.repeated for part in parts) == sum(key is not None for key in right) - len(first)
    assert sum(part.unused for part in parts) == len(set(first) - set(left))
    assert (many.keyless_, one.keyless_) == (left.count(None), right.count(None))
    assert not (folder / "left").exists()
    assert not (folder / "right").exists()


def _rows(frame: pl.DataFrame) -> list[tuple[str, ...]]:
    return frame.select("key", "l", "r" if "r" in frame.columns else pl.lit(None).alias("r")).rows()


def test_what_a_killed_run_left_is_not_read(tmp_path):
    Spill(folder=tmp_path / "s", key="key", count=3).put(frames_of("l", ["0", "1", "2"]))
    again = Spill(folder=tmp_path / "s", key="key", count=3).put(frames_of("l", ["0"]))
    assert [len(again.read(number)) for number in range(3)] == [1, 0, 0]


def test_a_full_disk_is_one_clear_sentence(tmp_path):
    wide = pl.DataFrame({"key": [str(i) for i in range(50_000)], "l": [f"{i * 7919:x}" * 20 for i in range(50_000)]})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(ThujaError, match="no room to put tables down") as caught:
            Spill(folder=tmp_path / "s", key="key", count=2).put([wide])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.hint


def test_a_part_that_is_too_large_is_parted_again(tmp_path, monkeypatch):
    """There were at most 200 parts, so that memory grew with tables of more than 25 GB."""
    monkeypatch.setattr(spilling, "_MOST_AT_ONCE", 3_000)
    monkeypatch.setattr(spilling, "_BYTES_A_PART", 1_000)
    monkeypatch.setattr(spilling, "_BUFFERED", 2_000)
    keys = [f"key-{n % 500}" for n in range(1_000)]
    many = Spill(folder=tmp_path / "left", key="key", count=2).put(frames_of("l", keys))
    one = Spill(folder=tmp_path / "right", key="key", count=2).put(frames_of("r", keys[:400]))
    parts = list(join_parts(many, one))
    assert len(parts) > 10
    assert max(part.rows.estimated_size() for part in parts) < 6_000
    found = sorted((row for part in parts for row in _rows(part.rows)), key=lambda row: int(row[1][1:]))
    assert found == [(key, f"l{n}", f"r{n % 500}" if n % 500 < 400 else None) for n, key in enumerate(keys)]
    assert [sum(part.keys for part in parts), sum(part.repeated for part in parts)] == [400, 0]
    assert not any(tmp_path.iterdir())


def test_rows_of_one_key_are_parted_a_few_times_at_most(tmp_path, monkeypatch):
    monkeypatch.setattr(spilling, "_MOST_AT_ONCE", 100)
    many = Spill(folder=tmp_path / "left", key="key", count=1).put(frames_of("l", ["x"] * 50))
    one = Spill(folder=tmp_path / "right", key="key", count=1).put(frames_of("r", ["x"]))
    assert [len(part.rows) for part in join_parts(many, one)] == [50]


def test_a_reading_that_stops_early_leaves_nothing(tmp_path):
    """Tables that were put down lay in the output folder for good."""
    many = Spill(folder=tmp_path / "left", key="key", count=4).put(frames_of("l", ["0", "1", "2", "3"]))
    one = Spill(folder=tmp_path / "right", key="key", count=4).put(frames_of("r", ["0"]))
    parts = join_parts(many, one)
    next(parts)
    parts.close()
    assert not any(tmp_path.iterdir())


def test_rows_without_a_key_are_kept_where_they_are_wanted(tmp_path):
    many = Spill(folder=tmp_path / "left", key="key", count=3, keeps_keyless=True).put(frames_of("l", [None, "1"]))
    one = Spill(folder=tmp_path / "right", key="key", count=3).put(frames_of("r", ["1", None]))
    found = [row for part in join_parts(many, one) for row in _rows(part.rows)]
    assert sorted(found, key=lambda row: row[1]) == [(None, "l0", None), ("1", "l1", "r0")]


def test_one_file_is_open_at_a_time(tmp_path):
    """A file a part was open, and a process may open 256 on some systems."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_free = os.dup(0)  # other tests' servers may still hold some
    os.close(next_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_free + 50, before[1]))
    try:
        keys = [str(n) for n in range(1_000)]
        many = Spill(folder=tmp_path / "s", key="key", count=200).put(frames_of("l", keys))
        assert sum(len(many.read(number)) for number in range(200)) == 1_000
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_packed_files_count_by_what_they_hold(tmp_path):
    """Of gzip the packed size was counted, a fifth of the text that goes through memory."""
    for name in ("a.csv", "b.csv.gz", "c.parquet"):
        (tmp_path / name).write_bytes(b"x" * 100)
    assert size_as_text(tmp_path / "a.csv", None) == 100
    assert size_as_text(tmp_path / "b.csv.gz", tmp_path / "c.parquet") == 1_100
    assert [count_parts(size) for size in (0, 1 << 30, 1 << 50)] == [1, 8, 256]
