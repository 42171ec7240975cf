"""A build that was ended goes on by the same command, and ends as one that was left alone."""

import resource
from pathlib import Path

import pytest
from tests.search.making import MODEL, contents, made, written

from thuja.errors import ThujaError
from thuja.search.index import Index
from thuja.search.store.build import BuildOptions, add_to_index, build_index


def test_a_full_disk_is_one_sentence_and_the_same_command_goes_on(tmp_path: Path) -> None:
    first = made(tmp_path / "index", range(10))
    source = written(tmp_path / "big.parquet", range(400), dim=8)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
    try:
        with pytest.raises(ThujaError, match="cannot write"):
            add_to_index([source], first, BuildOptions(segment_rows=100))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(Index.open(first)) == 10
    assert len(add_to_index([source], first, BuildOptions(segment_rows=100)).version) == 400


def test_segments_that_an_ended_run_has_made_are_not_made_again(tmp_path: Path) -> None:
    source = written(tmp_path / "1.parquet", range(30))
    clean = tmp_path / "clean"
    build_index([source], clean, BuildOptions(segment_rows=10))
    out = tmp_path / "index"
    from thuja.search.store import build

    taken = build.find_sources([source])
    out.mkdir()
    base = build.replace(build.Version(number=0, model=MODEL, dim=8))
    job = build._Build(taken, out, BuildOptions(segment_rows=10), base=base)
    units = build.Units(out / build.BUILDING, job.plan)
    steps = job._units(units)
    next(steps), next(steps)
    steps.close()
    there = {path.name: path.stat().st_ino for path in (out / "segments").iterdir()}
    assert len(there) == 2
    build_index([source], out, BuildOptions(segment_rows=10))
    after = {path.name: path.stat().st_ino for path in (out / "segments").iterdir()}
    assert after.items() >= there.items()
    assert contents(Index.open(out)) == contents(Index.open(clean))
    assert not (out / "building").exists()


def test_a_build_killed_at_its_very_end_is_given_again(tmp_path: Path) -> None:
    """The half-written name of the version counted as somebody's file, and the folder as something else."""
    (tmp_path / "index" / "versions").mkdir(parents=True)
    for name in ("index.json.7-ab.tmp", "building.tmp", "building.7-ab.tmp", "versions/000001.json.7-ab.tmp"):
        (tmp_path / "index" / name).write_text("{")
    (tmp_path / "index" / "thuja.lock").touch()
    assert len(Index.open(made(tmp_path / "index", range(5)))) == 5
    assert not list((tmp_path / "index").rglob("*.tmp"))


def test_two_builds_of_the_same_files_are_the_same_bytes(tmp_path: Path) -> None:
    source = written(tmp_path / "1.parquet", range(30))
    for name in ("one", "two"):
        build_index([source], tmp_path / name, BuildOptions(segment_rows=10))
    files = [
        path.relative_to(tmp_path / "one") for path in (tmp_path / "one" / "segments").rglob("*") if path.is_file()
    ]
    assert files
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files)
