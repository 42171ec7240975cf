"""Folders whose names are patterns to those who read tables."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from thuja.curate import CurateSummary, Handed, SourceCall, curate, recipe_of
from thuja.curate.parquet_frames import read_frame
from thuja.curate.report import write_report
from thuja.curate.story import read_story
from thuja.names import resolve_names
from thuja.shards import read_manifest

ODD = "set [1] * {a,b}?"


@pytest.mark.parametrize("name", [ODD, "plain", "a]b[c", "back\\slash"])
def test_a_folder_is_read_whatever_it_is_called(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / name).mkdir()
    pl.DataFrame({"a": [1, 2]}).write_parquet(tmp_path / name / "x.parquet")
    assert read_frame([tmp_path / name / "x.parquet"]).to_pydict() == {"a": [1, 2]}
    monkeypatch.chdir(tmp_path)
    assert read_frame([Path(name, "x.parquet")]).to_pydict() == {"a": [1, 2]}


@pytest.mark.slow
def test_a_curation_goes_into_a_folder_that_is_called_like_a_pattern(
    photos: Path, run: Callable[..., CurateSummary], tmp_path: Path
) -> None:
    """`--out "set [1]"` was taken for a pattern, which no file fits, once the first step was done."""
    summary = run(photos, out=ODD)
    assert summary.kept == 39
    assert run(photos, out=ODD, resume=True) == summary
    manifest = read_manifest(tmp_path / ODD / "shards")
    assert manifest is not None
    assert manifest.samples == 39
    assert (tmp_path / ODD / "README.md").is_file()
    assert write_report(tmp_path / ODD).is_file()
    assert read_story(tmp_path / ODD, "Pica pica/0.jpg").drop is None
    newer = run(photos, out="newer", previous=tmp_path / ODD)
    assert newer.splits == summary.splits


def test_a_folder_called_like_a_pattern_may_be_named_from_where_one_stands(
    photos: Path, backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Daft takes a relative path with brackets for a URL, to read and to write."""
    monkeypatch.chdir(tmp_path)
    recipe = recipe_of(SourceCall(source=Path("photos")), flags={"backbones": ("backbone.parquet",)})
    handed = Handed(resolve=partial(resolve_names, backbones=(str(backbone),)))
    assert curate(recipe, Path("set [1]"), handed=handed).kept == 39
