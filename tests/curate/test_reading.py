"""Rows of sources: an id is given out once, a limit counts what is kept, and what was read stays read."""

import shutil
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.curate.reading import _limited, settle_repeats, write_sources
from thuja.curate.rows import KINDS, RowWriter, conform
from thuja.curate.sources.spec import SourceSpec
from thuja.errors import BadFile, UsageError
from thuja.record import uuid_of_source

X, Y = "8d9f3e52-0000-5000-8000-000000000001", "8d9f3e52-0000-5000-8000-000000000002"


def rows_in(folder: Path) -> list[tuple[str, str, str | None, str | None]]:
    frame = pl.concat([pl.read_parquet(file) for file in sorted(folder.rglob("*.parquet"))])
    return frame.select("uuid", "source_url", "drop_reason", "dropped_by").rows()


def write_files(folder: Path, files: list[list[tuple[str, str]]]) -> Path:
    for number, rows in enumerate(files):
        (folder / f"source-{number:03}").mkdir(parents=True)
        writer = RowWriter(folder / f"source-{number:03}")
        table = pl.DataFrame(rows, schema=["uuid", "source_url"], orient="row")
        writer.write(conform(table, data_source="s"))
        writer.flush()
    return folder


def test_an_id_that_comes_again_is_another_images_or_a_repeat(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "rows", [[(X, "A"), (Y, "A")], [(X, "B")], [(X, "B"), (X, "A")]])
    settle_repeats(folder)
    again = [("B", "source-002/rows-00000.parquet:0"), ("A", "source-002/rows-00000.parquet:1")]
    assert rows_in(folder) == [
        (X, "A", None, None),
        (Y, "A", None, None),
        (uuid_of_source(X, "B"), "B", None, None),
        *[(uuid_of_source(X, f"{place}#{row}"), place, "repeated_id", "read") for place, row in again],
    ]


@pytest.mark.parametrize("moves", range(6))
def test_a_run_killed_while_it_settles_ids_ends_as_one_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    """Files were settled one by one in place: the second try took the new id of a settled file for one more image."""
    files = [[(X, "A")], [(X, "B")], [(X, "B")]]
    calm = write_files(tmp_path / "calm", files)
    settle_repeats(calm)
    killed = write_files(tmp_path / "killed", files)
    done = 0
    replace = Path.replace

    def replace_some(self: Path, target: Path) -> Path:
        nonlocal done
        if done == moves:
            raise KeyboardInterrupt
        done += 1
        return replace(self, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):  # noqa: PT012
        patch.setattr(Path, "replace", replace_some)
        settle_repeats(killed)
    settle_repeats(killed)
    assert rows_in(killed) == rows_in(calm)
    assert [reason for _, _, reason, _ in rows_in(calm)] == [None, None, "repeated_id"]
    assert not list(killed.rglob("*.tmp")) + list(killed.rglob("*.parquet.settled"))


def test_ids_of_any_form_are_told_apart(tmp_path: Path) -> None:
    """An id that is no UUID, as a table may bring, ended in a traceback."""
    folder = write_files(tmp_path / "rows", [[("image-1", "A"), ("image-2", "A"), ("image-1", "A")]])
    settle_repeats(folder)
    made = uuid_of_source("image-1", "A#source-000/rows-00000.parquet:2")
    assert rows_in(folder) == [
        ("image-1", "A", None, None),
        ("image-2", "A", None, None),
        (made, "A", "repeated_id", "read"),
    ]


@given(st.lists(st.lists(st.booleans(), max_size=6), max_size=5), st.one_of(st.none(), st.integers(1, 8)))
def test_a_limit_counts_kept_rows_and_ends_with_the_last_of_them(frames: list[list[bool]], limit: int | None) -> None:
    """The dropped rows behind it came along as far as the reader's frame went: they hung on how it cut its frames."""
    numbers = iter(range(100))
    rows = [[(next(numbers), None if is_kept else "no_image") for is_kept in frame] for frame in frames]
    schema = {"number": pl.Int64, "drop_reason": pl.String}
    made = [pl.DataFrame(frame, schema=schema, orient="row") for frame in rows]
    found = [row for frame in _limited(iter(made), limit) for row in frame.rows()]
    expected, kept = [], 0
    for row in (row for frame in rows for row in frame):
        if limit is None or kept < limit:
            expected.append(row)
            kept += row[1] is None
    assert found == expected


def test_a_limit_without_drop_reasons_counts_rows() -> None:
    frames = [pl.DataFrame({"a": [1, 2, 3]}), pl.DataFrame({"a": [4]}), pl.DataFrame({"a": [5]})]
    assert [frame["a"].to_list() for frame in _limited(iter(frames), 4)] == [[1, 2, 3], [4]]


def test_a_column_that_no_catalog_has_is_refused() -> None:
    with pytest.raises(BadFile, match="a source of eol gave columns that no catalog has: colour, weight"):
        conform(pl.DataFrame({"uuid": ["a"], "weight": [1], "colour": ["red"]}), data_source="eol")


def test_ids_and_places_are_filled_where_they_are_missing() -> None:
    frame = conform(
        pl.DataFrame(
            {
                "uuid": [None, Y, None, None],
                "data_source": [None, None, "own", None],
                "source_id": ["1", "2", "1", None],
                "path": ["/a.jpg", "/b.jpg", "s3://bucket/c.jpg", None],
                "place": [None, "/b.tar#3+4", None, None],
            },
            schema_overrides={"place": pl.String},
        ),
        data_source="eol",
    )
    assert dict(frame.schema) == KINDS
    assert frame.select("uuid", "data_source", "place").rows() == [
        (uuid_of_source("eol", "1"), "eol", "/a.jpg"),
        (Y, "eol", "/b.tar#3+4"),
        (uuid_of_source("own", "1"), "own", None),
        (uuid_of_source("eol", ""), "eol", None),
    ]


def folders(tmp_path: Path, *names: str) -> list[SourceSpec]:
    return [SourceSpec(kind="folder", path=tmp_path / name) for name in names]


def add(tmp_path: Path, *files: str) -> None:
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(b"")


def test_a_source_read_before_another_failed_is_not_read_again(tmp_path: Path) -> None:
    add(tmp_path, "one/Pica pica/a.jpg", "one/Pica pica/b.jpg")
    specs = folders(tmp_path, "one", "two")
    rows, scratch = tmp_path / "rows", tmp_path / "scratch"
    with pytest.raises(UsageError, match=r"there is no folder at .*two"):
        write_sources(specs, rows, scratch=scratch)
    assert sorted(path.name for path in rows.iterdir()) == ["source-000-folder", "source-001-folder.part"]
    add(tmp_path, "one/Pica pica/late.jpg", "two/Corvus corax/c.jpg")
    assert write_sources(specs, rows, scratch=scratch) == {}
    sources = Counter(pl.concat([pl.read_parquet(file) for file in rows.rglob("*.parquet")])["source_id"])
    assert sources == {"Pica pica/a.jpg": 1, "Pica pica/b.jpg": 1, "Corvus corax/c.jpg": 1}
    assert not scratch.exists()


def test_notes_of_all_sources_are_added_up_also_of_those_read_before(tmp_path: Path) -> None:
    add(tmp_path, "one/a.jpg", "two/b.jpg", "other/c.jpg", "other/d.jpg")
    table = tmp_path / "labels.csv"
    names = ["one/a.jpg", "two/b.jpg", "other/c.jpg", "other/d.jpg"]
    pl.DataFrame({"file": names, "scientific_name": ["Pica pica"] * 4}).write_csv(table)
    specs = [SourceSpec(kind="folder", path=tmp_path / name, options={"labels": str(table)}) for name in ("one", "two")]
    rows = tmp_path / "rows"
    assert write_sources(specs, rows, scratch=tmp_path / "scratch") == {"outside": 6}
    shutil.rmtree(rows / "source-001-folder")
    (rows / ".settled").unlink()
    assert write_sources(specs, rows, scratch=tmp_path / "scratch") == {"outside": 6}
