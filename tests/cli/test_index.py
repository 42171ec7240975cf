"""`thuja index` as a user calls it: what it prints, what it refuses, and that a kill loses nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.search.making import contents, ids, made, written

from thuja.cli.main import cli
from thuja.errors import ThujaError
from thuja.search.index import Index

THUJA = [sys.executable, "-c", "from thuja.cli.main import main; main()", "index"]


def run(*words: object, **options: object) -> Result:
    return CliRunner().invoke(cli, ["index", *map(str, words)], catch_exceptions=True, **options)  # type: ignore[arg-type]


def said(*words: object, **options: object) -> str:
    """What a command that goes well prints to stdout."""
    result = run(*words, **options)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: object) -> ThujaError:
    error = run(*words).exception
    assert isinstance(error, ThujaError), error
    return error


def test_an_index_is_built_added_to_deleted_from_and_compacted(tmp_path: Path) -> None:
    out = tmp_path / "index"
    first = written(tmp_path / "1.parquet", range(20))
    assert said("build", first, "--out", out, "--segment-rows", 8) == (
        f"{out}: 20 rows taken in; version 1, 20 rows of a-model\n"
    )
    more = written(tmp_path / "2.parquet", range(18, 25))
    assert said("add", out, more) == (
        f"{out}: 7 rows taken in, 2 of them in the place of earlier ones; version 2, 25 rows of a-model\n"
    )
    (tmp_path / "gone.txt").write_text("\n".join([*ids([0, 1]), "", " id-none "]))
    assert said("delete", out, "--ids", tmp_path / "gone.txt", "--dry-run") == (
        "2 rows would go (1 ids are not in the index)\n"
    )
    assert said("delete", out, "--ids", "-", input="\n".join(ids([0, 1]))) == f"{out}: 2 rows deleted, 23 are left\n"
    told = said("delete", out, "--within", "Quercus", "--where", "latitude>=10")
    assert told == f"{out}: 4 rows deleted, 19 are left\n"
    lines = said("versions", out).splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2", "3", "4"]
    assert lines[-1].endswith("index delete  current")
    assert said("compact", out, "--grace", 0).startswith(f"{out}: 4 segments as 1; 4 versions gone, ")
    assert said("check", out).endswith(", 0 faults\n")
    facts = json.loads(said("info", out, "--json"))
    assert (facts["rows"], facts["segments"], facts["model"], facts["dim"]) == (19, 1, "a-model", 8)
    assert facts["columns"] == {name: str(kind) for name, kind in Index.open(out).columns.items()}
    assert "rows         19" in said("info", out)


def test_versions_that_hold_what_was_deleted_are_told_of(tmp_path: Path) -> None:
    out = made(tmp_path / "index", range(4))
    assert run("delete", out, "--within", "Corvus").exit_code == 0
    assert "earlier versions stay, with what was deleted since" in run("compact", out).stderr
    assert run("compact", out, "--grace", 0).stderr.count("stay") == 0


def test_vectors_of_nobody_are_told_of(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"uuid": ["a"], "emb": [[1.0, 0.0]]}), tmp_path / "x.parquet")
    told = run("build", tmp_path / "x.parquet", "--out", tmp_path / "index").stderr
    assert "nothing says whose vectors these are" in told
    assert f"next:    thuja serve --index {tmp_path / 'index'}" in told


def test_what_is_refused_and_repeated_is_said(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = {"uuid": ["a", "a", "b"], "emb": [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], "tags": [["x"], [], []]}
    pq.write_table(pa.table(table), tmp_path / "x.parquet")
    result = run("build", tmp_path / "x.parquet", "--model", "mine", "--out", tmp_path / "index")
    assert result.stdout == f"{tmp_path / 'index'}: 1 row taken in; version 1, 1 row of mine\n"
    for line in (
        "columns left out, which are neither text, number nor bool: tags",
        "1 of 3 rows refused: 1 zero",
        "1 row came again under the same uuid: the last one counts",
    ):
        assert line in result.stderr


def test_a_spoiled_file_fails_the_check(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(5))
    (path,) = folder.rglob("vectors.f16")
    path.write_bytes(b"\0" * path.stat().st_size)
    result = run("check", folder)
    assert (result.exit_code, result.stdout) == (1, f"{path} does not hold what was written\n")
    assert run("check", folder, "--quick").exit_code == 0


def test_a_wrong_call_is_one_sentence(tmp_path: Path) -> None:
    folder = made(tmp_path / "index", range(5))
    source = tmp_path / "index.parquet"
    assert refused("info", tmp_path / "none").message == f"there is no index at {tmp_path / 'none'}"
    assert refused("build", source, "--out", folder).message == f"there is an index at {folder}"
    error = refused("build", source, "--out", "s3://bucket/index")
    assert error.hint == "then: thuja index push DIR s3://bucket/index"
    assert refused("delete", folder).message == "nothing says which rows"
    assert refused("delete", folder, "--within", "Corvuss").message == 'unknown taxon: "Corvuss"'
    assert refused("delete", folder, "--where", "genis=x").message == 'unknown column: "genis"'
    assert "cannot be read" in refused("delete", folder, "--ids", tmp_path / "absent.txt").message
    other = written(tmp_path / "other.parquet", range(3), model="other")
    assert "vectors of the model a-model" in refused("add", folder, other).message
    assert "is no URL" in refused("push", folder, tmp_path / "copy").message
    assert len(Index.open(folder)) == 5


@pytest.mark.parametrize("verb", ["check", "versions", "compact"])
def test_a_url_is_said_to_be_no_folder(verb: str) -> None:
    """It was looked for in the folder `s3:`; and a file:// that a search takes was not found by the other verbs."""
    error = refused(verb, "s3://key:secret@bucket/index")
    assert "folder of this machine, not at s3://" in error.message
    assert "secret" not in error.message


def test_a_file_url_is_its_folder(tmp_path: Path) -> None:
    where = (tmp_path / "an index").as_uri()
    said("build", written(tmp_path / "1.parquet", range(5)), "--out", where)
    assert "5 rows" in said("versions", where)
    assert (tmp_path / "an index" / "index.json").is_file()


def killed_at(path: Path, pattern: str, command: list[str], *, count: int) -> None:
    """Start a command and end it with SIGKILL once so many files match."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    until = time.monotonic() + 90
    while len(list(path.glob(pattern))) < count and process.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("building.tmp/spill.f16", 1),
        ("segments/*", 1),
        ("building/unit-??????", 3),
        ("segments/*", 6),
        ("building/unit-??????", 10),
    ],
)
def test_a_killed_build_goes_on_and_ends_as_one_left_alone(tmp_path: Path, pattern: str, count: int) -> None:
    source = written(tmp_path / "1.parquet", range(2000))
    words = ["build", str(source), "--segment-rows", "150", "--out"]
    out = tmp_path / "index"
    killed_at(out, pattern, [*THUJA, *words, str(out)], count=count)
    assert refused("info", out).message == f"there is no index at {out}"
    done = {path.name: path.stat().st_ino for path in (out / "segments").glob("*")}
    said(*words, out)
    said(*words, tmp_path / "alone")
    assert contents(Index.open(out)) == contents(Index.open(tmp_path / "alone"))
    kept = {path.name: path.stat().st_ino for path in (out / "segments").iterdir()}
    assert len(set(done.items()) & set(kept.items())) >= len(done) - 1
    assert {path.name for path in out.iterdir()} == {"index.json", "segments", "thuja.lock", "versions"}


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["add", "compact"])
def test_a_kill_beside_a_reader_leaves_the_version_that_was(tmp_path: Path, verb: str) -> None:
    folder = made(tmp_path / "index", range(1500), segment_rows=100)
    more = written(tmp_path / "2.parquet", range(1400, 2600))
    words = {
        "add": ["add", str(folder), str(more), "--segment-rows", "100"],
        "compact": ["compact", str(folder), "--segment-rows", "300", "--grace", "0"],
    }[verb]
    before = Index.open(folder)
    expected = contents(before)
    killed_at(folder, "segments/*", [*THUJA, *words], count=len(before.segments) + 2)
    assert contents(Index.open(folder)) == expected == contents(before)
    said("check", folder)
    said(*words)
    assert len(Index.open(folder)) == (2600 if verb == "add" else 1500)
    assert contents(before) == expected
    said("check", folder)
