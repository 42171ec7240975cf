"""Joins in parts: the rows of a join in memory, whatever lay in the folder before, and a full disk in one sentence."""

import resource
import signal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.curate.sources.spilling import Spill, join_parts
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
    assert not any((folder / "left").iterdir())


def _rows(frame: pl.DataFrame) -> list[tuple[str, ...]]:
    return frame.select("key", "l", "r" if "r" in frame.columns else pl.lit(None).alias("r")).rows()


def test_what_a_killed_run_left_is_not_read(tmp_path):
    Spill(folder=tmp_path / "s", key="key", count=3).put(frames_of("l", ["0", "1", "2"]))
    again = Spill(folder=tmp_path / "s", key="key", count=3).put(frames_of("l", ["0"]))
    assert [again.read(number) is None for number in range(3)] == [False, True, True]


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
