"""A step by itself does what it does in a whole run, and refuses a table in one sentence."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result
from polars.testing import assert_frame_equal

from thuja.cli.curate import step_command
from thuja.curate import CurateSummary
from thuja.curate.rows import KINDS
from thuja.errors import BadFile, EmptyInput, ThujaError, UnknownName, UsageError

Curator = Callable[..., CurateSummary]


def step(name: str, table: Path, *more: object, out: Path | None = None) -> Result:
    words = [name, str(table), "--out", str(out or table.with_name("done.parquet")), *map(str, more)]
    return CliRunner().invoke(step_command, words, catch_exceptions=False)


def rows_of(folder: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(file) for file in sorted(folder.rglob("*.parquet"))]).sort("uuid")


def done(table: Path) -> pl.DataFrame:
    return pl.read_parquet(table.with_name("done.parquet")).sort("uuid")


@pytest.fixture
def steps(photos: Path, run: Curator, paint: Callable[..., Path], tmp_path: Path) -> Path:
    """The steps of a curation in which screen, check and quality each drop something."""
    paint(photos / "Pica pica" / "small.jpg", 700, 12)
    (photos / "Pica pica" / "broken.jpg").write_bytes(b"no image")
    listed = tmp_path / "gone.txt"
    listed.write_text("Parus major/0.jpg\nParus major/1.jpg\n")
    run(photos, changes=["quality.min_side=20", f"screen.takedown={listed}"])
    return tmp_path / "out" / "steps"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "name", "says"),
    [
        ("0-read", "screen", ["screen: 41 read = 39 kept + 2 dropped", "  dropped             2  taken_down"]),
        ("3-download", "check", ["check: 39 read = 38 kept + 1 dropped", "  dropped             1  unsupported"]),
        ("4-check", "quality", ["quality: 38 read = 37 kept + 1 dropped", "  dropped             1  too_small"]),
    ],
)
def test_a_step_by_itself_leaves_the_rows_that_it_leaves_in_a_whole_run(
    steps: Path, tmp_path: Path, before: str, name: str, says: list[str]
) -> None:
    table = tmp_path / "rows.parquet"
    rows_of(steps / before).write_parquet(table)
    settings = {
        "screen": ["--set", f"screen.takedown={tmp_path / 'gone.txt'}"],
        "quality": ["--set", "quality.min_side=20"],
    }
    result = step(name, table, *settings.get(name, ()))
    assert result.stdout.splitlines() == says
    after = f"{int(before[0]) + 1}-{name}"
    assert_frame_equal(done(table), rows_of(steps / after))
    assert sorted(path.name for path in tmp_path.glob(".*")) == []


def test_rows_dropped_before_stay_as_they_are_and_are_no_ones_count(steps: Path, tmp_path: Path) -> None:
    table = tmp_path / "rows.parquet"
    rows = rows_of(steps / "5-quality")
    rows.write_parquet(table)
    result = step("quality", table, "--set", "quality.min_side=30")
    assert result.stdout.splitlines() == [
        "quality: 37 read = 0 kept + 37 dropped",
        "  dropped            37  too_small",
    ]
    was_dropped = rows["drop_reason"].is_not_null()
    assert was_dropped.sum() == 4
    assert_frame_equal(done(table).filter(was_dropped), rows.filter(was_dropped))


def test_a_step_done_again_drops_nothing_more(steps: Path, tmp_path: Path) -> None:
    """What it had dropped the first time was counted as dropped once more: the rows "did not add up"."""
    table = tmp_path / "rows.parquet"
    rows_of(steps / "5-quality").write_parquet(table)
    result = step("quality", table, "--set", "quality.min_side=20")
    assert result.stdout.splitlines() == ["quality: 37 read = 37 kept + 0 dropped"]
    assert_frame_equal(done(table), rows_of(steps / "5-quality"))


def test_a_recipes_settings_are_taken_and_a_table_of_few_columns_will_do(tmp_path: Path) -> None:
    table = tmp_path / "rows.parquet"
    pl.DataFrame({"source_id": ["1", "2"], "license_name": ["cc0", "cc-by-nd"], "path": ["a", "b"]}).write_parquet(
        table
    )
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('[screen]\nlicences = ["cc0"]\n[[sources]]\nkind = "folder"\npath = "photos"\n')
    result = step("screen", table, "--recipe", recipe)
    assert result.stdout.splitlines()[0] == "screen: 2 read = 1 kept + 1 dropped"
    assert dict(done(table).schema) == KINDS
    assert done(table).sort("path").select("data_source", "drop_reason", "dropped_by").rows() == [
        ("rows", None, None), ("rows", "licence", "screen"),
    ]  # fmt: skip


def test_a_table_of_any_name_is_read_and_ids_need_be_no_uuids(tmp_path: Path) -> None:
    """A Parquet file without an end to its name was "neither a folder, a table nor a recipe"."""
    table = tmp_path / "rows"
    pl.DataFrame({"uuid": ["image-1", "image-2"], "path": ["a", "b"]}).write_parquet(table)
    assert step("screen", table).stdout == "screen: 2 read = 2 kept + 0 dropped\n"
    assert done(table)["uuid"].to_list() == ["image-1", "image-2"]


def test_the_folder_of_the_output_is_made(tmp_path: Path) -> None:
    """It ended in a traceback, also where the output was a folder and the work was done."""
    table = tmp_path / "rows.parquet"
    pl.DataFrame({"source_id": ["1"], "path": ["a"]}).write_parquet(table)
    step("screen", table, out=tmp_path / "new" / "done.parquet")
    assert pl.read_parquet(tmp_path / "new" / "done.parquet")["source_id"].to_list() == ["1"]
    with pytest.raises(UsageError, match="cannot write to"):
        step("screen", table, out=tmp_path / "new")


@pytest.mark.parametrize(
    ("columns", "kind", "says"),
    [
        ({"source_id": pl.Series([], dtype=pl.String)}, EmptyInput, "has no row"),
        ({"path": ["a"]}, BadFile, "has neither a uuid nor a source_id"),
        ({"source_id": ["1", None], "path": ["a", "b"]}, BadFile, "has neither a uuid nor a source_id"),
        ({"source_id": ["1"], "colour": ["red"]}, BadFile, "gave columns that no catalog has: colour"),
        ({"source_id": ["1"], "width": ["wide"]}, BadFile, "cannot be read as a catalog"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_a_sentence(
    tmp_path: Path, columns: dict[str, object], kind: type[ThujaError], says: str
) -> None:
    table = tmp_path / "rows.parquet"
    pl.DataFrame(columns).write_parquet(table)
    with pytest.raises(kind, match=says) as caught:
        step("screen", table)
    assert "\n" not in caught.value.message
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]


def test_what_is_no_parquet_and_what_would_be_written_over_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "rows.parquet"
    table.write_text("uuid,path\n1,a\n")
    with pytest.raises(BadFile, match="cannot be read as a catalog"):
        step("screen", table)
    (tmp_path / "link.parquet").symlink_to(table)
    with pytest.raises(UsageError, match="would be written over what is read"):
        step("screen", table, out=tmp_path / "link.parquet")


def test_a_step_that_there_is_not_or_that_has_nothing_to_go_by_is_said(tmp_path: Path) -> None:
    table = tmp_path / "rows.parquet"
    pl.DataFrame({"source_id": ["1"], "path": ["a"]}).write_parquet(table)
    with pytest.raises(UnknownName, match='unknown step: "mow"') as caught:
        step("mow", table)
    assert caught.value.hint == "one of screen, names, download, check, duplicates, caps, splits"
    with pytest.raises(UsageError, match="the leak gate has nothing to look for"):
        step("leaks", table)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('[[sources]]\nkind = "folder"\npath = "photos"\n')
    with pytest.raises(UsageError, match=r"the recipe .*recipe\.toml has no \[quality\]"):
        step("quality", table, "--recipe", recipe)
    result = CliRunner().invoke(step_command, ["screen", str(tmp_path / "none"), "--out", "x"])
    assert result.exit_code == 2
    assert "does not exist" in result.stderr
