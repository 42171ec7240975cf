"""How far a curation has come, read from its folder alone."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from tests.curate.written_curation import name, source_rows, write_curation, write_small

from thuja.curate import CurateSummary
from thuja.curate.status import read_status, readable_bytes
from thuja.errors import EmptyInput


def test_a_finished_curation_tells_every_step_and_its_drops(tmp_path: Path) -> None:
    status = read_status(write_small(tmp_path))
    assert status.is_complete
    assert [(step.name, step.read, step.kept, dict(step.dropped)) for step in status.steps] == [
        ("read", 60, 60, {}),
        ("names", 60, 60, {}),
        ("check", 60, 58, {"undecodable": 2}),
        ("quality", 58, 54, {"blurred": 4}),
        ("people", 54, 51, {"person": 3}),
        ("duplicates", 51, 49, {"near_duplicate": 2}),
        ("leaks", 49, 47, {"leak": 2}),
        ("splits", 47, 47, {}),
        ("pack", 47, 47, {}),
    ]
    assert not any(step.is_stale for step in status.steps)
    assert status.parts == []
    assert str(status).splitlines()[-1] == f"next: thuja curate report {tmp_path / 'data'}"


def test_bytes_on_disk_are_those_of_the_files(tmp_path: Path) -> None:
    data = write_small(tmp_path)
    (data / "shards").mkdir()
    (data / "shards" / "train-00000.tar").write_bytes(b"x" * 12_345)
    status = read_status(data)
    assert status.bytes["shards"] == 12_345
    assert status.bytes["catalog.parquet"] == (data / "catalog.parquet").stat().st_size
    files = [path for path in data.rglob("*") if path.is_file()]
    assert sum(status.bytes.values()) == sum(path.stat().st_size for path in files)
    assert sum(step.bytes for step in status.steps) == sum(
        path.stat().st_size for path in (data / "steps").rglob("*.parquet")
    )


def test_a_curation_cut_short_shows_what_is_half_done_and_how_to_go_on(tmp_path: Path) -> None:
    rows = source_rows(tmp_path)
    data = write_curation(tmp_path / "my data", rows, {"read": lambda row: {}, "names": name}, complete=False)
    for unit in ("unit-00000", "unit-00001", "unit-00002.part"):
        (data / "steps" / "2-check.part" / unit).mkdir(parents=True)
    half = data / "steps" / "2-check.part" / "unit-00000" / "rows.parquet"
    half.write_bytes(b"x" * 500)
    os.utime(half, (half.stat().st_mtime - 600, half.stat().st_mtime - 600))
    status = read_status(data)
    assert not status.is_complete
    assert [(part.name, part.units, part.bytes) for part in status.parts] == [("2-check", 2, 500)]
    assert 599 < status.parts[0].idle < 700
    text = str(status)
    assert "running, or it was killed" in text
    assert "half done: 2-check, 2 units, 500 B, last written 10 minutes ago" in text
    assert text.splitlines()[-1] == f"next: thuja curate SOURCE --out '{data}' --resume"


def test_the_recipe_in_the_folder_is_what_to_go_on_with(tmp_path: Path) -> None:
    data = write_small(tmp_path)
    (data / "thuja.job.json").write_text(json.dumps({"verb": "curate", "state": "running"}))
    assert read_status(data).command == f"thuja curate {data / 'recipe.json'} --out {data} --resume"


def test_a_step_older_than_the_one_before_it_is_marked(tmp_path: Path) -> None:
    data = write_small(tmp_path)
    newest = max(path.stat().st_mtime for path in (data / "steps").glob("*.json"))
    os.utime(data / "steps" / "3-quality.json", (newest + 60, newest + 60))
    stale = [step.name for step in read_status(data).steps if step.is_stale]
    assert stale == ["people", "duplicates", "leaks", "splits", "pack"]


def test_of_two_steps_with_one_number_the_later_one_counts(tmp_path: Path) -> None:
    """A changed recipe puts another step at the number, and the old one's folder lies there until the end."""
    data = write_small(tmp_path)
    shutil.copytree(data / "steps" / "3-quality", data / "steps" / "3-camera")
    marker = data / "steps" / "3-camera.json"
    shutil.copy(data / "steps" / "3-quality.json", marker)
    os.utime(marker, (marker.stat().st_mtime + 60, marker.stat().st_mtime + 60))
    assert [step.name for step in read_status(data).steps][3] == "camera"


def test_a_marker_that_is_cut_short_or_has_no_rows_is_no_finished_step(tmp_path: Path) -> None:
    data = write_small(tmp_path)
    (data / "steps" / "8-pack.json").write_text('{"fingerprint": "1", "cou')
    shutil.rmtree(data / "steps" / "7-splits")
    assert [step.name for step in read_status(data).steps][-1] == "leaks"


def test_a_folder_that_is_no_curation_is_one_sentence(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(EmptyInput, match="is not a folder that thuja curate made"):
            read_status(folder)


def test_a_status_is_json_and_changes_nothing(tmp_path: Path) -> None:
    data = write_small(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*")}
    told = json.loads(json.dumps(asdict(read_status(data))))
    assert told["steps"][4] == {
        "number": 4, "name": "people", "read": 54, "kept": 51, "dropped": {"person": 3},
        "bytes": told["steps"][4]["bytes"], "is_stale": False,
    }  # fmt: skip
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*")} == before


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_949, "99.9 kB"), (999_600, "1.0 MB"), (3 * 10**15, "3.0 PB")],
)
def test_bytes_for_people(size: int, text: str) -> None:
    assert readable_bytes(size) == text


def test_a_real_curation_adds_up(photos: Path, run: Callable[..., CurateSummary], tmp_path: Path) -> None:
    summary = run(photos)
    status = read_status(tmp_path / "out")
    assert [(step.name, step.read, step.kept) for step in status.steps] == [
        (step.name, step.read, step.kept) for step in summary.steps
    ]
    assert status.is_complete
