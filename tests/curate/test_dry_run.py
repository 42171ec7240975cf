"""What a curation would take, told before it is taken."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from thuja.curate import CurateSummary, Handed, SourceCall, plan, recipe_of
from thuja.curate.dry_run import STORED_BYTES, DryRun, duration
from thuja.errors import OutputExists, UsageError
from thuja.names import resolve_names

Planner = Callable[..., DryRun]


@pytest.fixture
def planned(backbone: Path, tmp_path: Path) -> Planner:
    """A dry run of a source into tmp_path/out."""

    def planner(source: Path, *, resume: bool = False, changes: tuple[str, ...] = (), **flags: object) -> DryRun:
        recipe = recipe_of(
            SourceCall(source=source), flags={"backbones": (str(backbone),), **flags}, changes=changes
        )  # fmt: skip
        handed = Handed(resolve=partial(resolve_names, backbones=(str(backbone),)))
        return plan(recipe, tmp_path / "out", handed=handed, resume=resume)

    return planner


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_rows_and_distinct_urls_by_host_are_counted(planned: Planner, tmp_path: Path) -> None:
    urls = [f"http://a.example/{number % 6}.jpg" for number in range(8)] + ["http://b.example/1.jpg"] * 2
    table = pl.DataFrame(
        {
            "url": [*urls, "http://c.example/1.jpg"],
            "scientific_name": ["Corvus corax", "Pica pica"] * 5 + ["Pica pica"],
            "license_name": ["cc0"] * 10 + ["all rights reserved"],
        }
    )
    table.write_csv(tmp_path / "table.csv")
    run = planned(tmp_path / "table.csv", changes=('screen.licences=["cc0"]', "download.rate=2"))
    assert [(step.name, step.read, step.kept) for step in run.steps] == [
        ("read", 11, 8), ("screen", 8, 7), ("names", 7, 7),
    ]  # fmt: skip
    assert (run.urls, run.hosts, run.local) == (7, 2, 0)
    assert [(host, count) for host, count, _ in run.slowest] == [("a.example", 6), ("b.example", 1)]
    assert run.seconds == run.slowest[0][2]
    assert 3 <= run.seconds <= 5
    assert run.disk_bytes == STORED_BYTES * 14
    assert json.loads(run.to_json())["disk_bytes"] == run.disk_bytes
    assert "to download: 7 distinct URLs from 2 hosts" in str(run)
    assert "  dropped             1  licence" in str(run)


def test_a_later_run_goes_on_from_it_and_ends_in_the_same_catalog(
    photos: Path, planned: Planner, run: Callable[..., CurateSummary], tmp_path: Path
) -> None:
    told = planned(photos, unseen_species=2)
    assert (told.urls, told.hosts, told.local, told.seconds) == (0, 0, 39, 0.0)
    assert told.disk_bytes == STORED_BYTES * 39
    out = tmp_path / "out"
    assert json.loads((out / "thuja.job.json").read_text())["state"] == "running"
    steps = {path.name: path.stat().st_mtime_ns for path in (out / "steps").glob("*.json")}
    assert sorted(steps) == ["0-read.json", "1-screen.json", "2-names.json"]
    assert planned(photos, unseen_species=2, resume=True) == told
    run(photos, resume=True, unseen_species=2)
    assert {name: (out / "steps" / name).stat().st_mtime_ns for name in steps} == steps
    run(photos, out="without", unseen_species=2)
    for name in ("catalog.parquet", "names.csv"):
        assert (out / name).read_bytes() == (tmp_path / "without" / name).read_bytes()
    assert bytes_below(out / "shards") == bytes_below(tmp_path / "without" / "shards")


def test_a_complete_folder_is_refused_and_stays_as_it_is(
    photos: Path, planned: Planner, run: Callable[..., CurateSummary], tmp_path: Path
) -> None:
    run(photos)
    before = bytes_below(tmp_path / "out")
    with pytest.raises(UsageError, match="is complete: nothing is left to reckon"):
        planned(photos, resume=True)
    with pytest.raises(OutputExists, match="is not empty"):
        planned(photos)
    assert bytes_below(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (89, "89 s"), (90, "2 min"), (5400, "1.5 h"), (172_800, "2 days")]
)
def test_times_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said
