"""Long work: what a killed, forced, resumed or refused job leaves behind."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from thuja.errors import BadFile, EmptyInput, OutputExists, ThujaError, UsageError
from thuja.jobs import (
    MARKER,
    atomic_path,
    in_one_sentence,
    output_folder,
    put_file,
    require_complete,
    require_output,
    write_json,
    write_text,
)
from thuja.jobs.folders import temporary_name


def state(folder: Path) -> str:
    return str(json.loads((folder / MARKER).read_text())["state"])


def made(folder: Path, verb: str = "curate", name: str = "catalog.parquet") -> Path:
    """A folder in which a job of this verb finished, with one file."""
    with output_folder(folder, verb=verb):
        (folder / name).write_text("kept")
    return folder


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# -- one file


def test_a_file_takes_its_place_when_the_block_ends_well(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "a.txt"
    with atomic_path(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert temporary.parent == path.parent  # a rename is atomic on one file system only
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_an_exception_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail_half_way() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_outgrows_the_disk_leaves_the_old_one(tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: the write fails half-way."""
    path = tmp_path / "a.txt"
    path.write_text("old")
    script = """
        import resource, signal, sys
        from pathlib import Path
        from thuja.jobs import write_text
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            write_text(Path(sys.argv[1]), "x" * 5000)
        except OSError as error:
            print(error.strerror)
    """
    done = run(script, str(path))
    assert done.stdout == "File too large\n", done.stderr
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_write_leaves_nothing_under_the_files_name(tmp_path: Path) -> None:
    script = """
        import os, signal, sys
        from pathlib import Path
        from thuja.jobs import atomic_path
        with atomic_path(Path(sys.argv[1])) as temporary:
            temporary.write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    assert run(script, str(tmp_path / "a.txt")).returncode == -signal.SIGKILL
    assert [path.suffix for path in tmp_path.iterdir()] == [".tmp"]


@pytest.mark.parametrize("name", ["file/a.txt", "folder", "file/sub/a.txt"])
def test_a_place_where_no_file_can_be_is_one_sentence(tmp_path: Path, name: str) -> None:
    """Once a traceback of NotADirectoryError, or of IsADirectoryError after all the work was done."""
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="cannot write to") as caught, atomic_path(tmp_path / name):
        pytest.fail("the work should not have begun")
    assert caught.value.hint == "name a place that you may write to"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_json_keeps_its_order_and_ends_in_a_newline(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": "é"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "b": 1,\n  "a": "é"\n}\n'


def test_a_file_name_that_is_not_utf8_is_written_as_its_escape(tmp_path: Path) -> None:
    """A summary that named such a file was once a UnicodeEncodeError at the end of the run."""
    name = os.fsdecode(b"for\xeat.jpg")
    write_json(tmp_path / "a.json", {"worst": name})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"worst": name}


# -- one folder


def test_a_job_is_running_until_its_block_ends_well(tmp_path: Path) -> None:
    with output_folder(tmp_path / "out", verb="curate") as folder:
        assert state(folder) == "running"
    assert state(folder) == "complete"
    assert require_complete(folder, verb="curate") == folder


def test_a_job_that_fails_stays_running(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), output_folder(tmp_path, verb="curate"):
        raise ZeroDivisionError
    with pytest.raises(BadFile, match="did not finish") as caught:
        require_complete(tmp_path, verb="curate")
    assert caught.value.hint == "run thuja curate again with --resume or --force"


def test_a_killed_job_stays_running_and_can_be_resumed(tmp_path: Path) -> None:
    script = """
        import os, signal, sys
        from pathlib import Path
        from thuja.jobs import atomic_path, output_folder, write_text
        with output_folder(Path(sys.argv[1]), verb="train") as folder:
            write_text(folder / "step-1", "whole")
            with atomic_path(folder / "checkpoints" / "step-2") as temporary:
                temporary.write_text("half")
                os.kill(os.getpid(), signal.SIGKILL)
    """
    folder = tmp_path / "run"
    assert run(script, str(folder)).returncode == -signal.SIGKILL
    assert state(folder) == "running"
    with output_folder(folder, verb="train", resume=True):
        left = sorted(path.name for path in folder.rglob("*") if path.is_file())
        assert left == ["step-1", MARKER], "half-written files of the killed run go, whole ones stay"
    assert state(folder) == "complete"


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputExists, match="is not empty"), output_folder(tmp_path, verb="curate"):
        pytest.fail("the work should not have begun")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_the_hint_offers_force_and_resume_only_for_the_same_verb(tmp_path: Path) -> None:
    made(tmp_path)
    with pytest.raises(OutputExists) as same, output_folder(tmp_path, verb="curate"):
        pass
    with pytest.raises(OutputExists) as other, output_folder(tmp_path, verb="train"):
        pass
    assert same.value.hint == "--force replaces it, --resume goes on with it"
    assert other.value.hint == "name another"


def test_force_deletes_what_the_same_verb_made(tmp_path: Path) -> None:
    made(tmp_path, name="old.parquet")
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards" / "old.tar").write_text("")
    made_again = [path.name for path in tmp_path.iterdir()]
    assert "old.parquet" in made_again
    with output_folder(tmp_path, verb="curate", force=True):
        assert [path.name for path in tmp_path.iterdir()] == [MARKER]


@pytest.mark.parametrize("verb", ["train", None])
def test_force_spares_what_another_verb_or_nobody_of_ours_made(tmp_path: Path, verb: str | None) -> None:
    if verb:
        made(tmp_path, verb=verb)
    else:
        (tmp_path / "photo.jpg").write_text("mine")
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(OutputExists, match="--force deletes only what thuja curate made"):
        output_folder(tmp_path, verb="curate", force=True).__enter__()
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("marker", ["", "[]", '{"verb": 5}', "not json"])
def test_force_does_not_trust_a_marker_it_cannot_read(tmp_path: Path, marker: str) -> None:
    (tmp_path / MARKER).write_text(marker)
    with pytest.raises(OutputExists):
        output_folder(tmp_path, verb="curate", force=True).__enter__()
    assert (tmp_path / MARKER).exists()


def test_force_follows_no_link_out_of_the_folder(tmp_path: Path) -> None:
    """A folder reached by a link was once a traceback: shutil.rmtree refuses links."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "mine.jpg").write_text("mine")
    folder = made(tmp_path / "out")
    (folder / "photos").symlink_to(tmp_path / "photos")
    (tmp_path / "link").symlink_to(folder)
    with output_folder(tmp_path / "link", verb="curate", force=True):
        assert [path.name for path in folder.iterdir()] == [MARKER]
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "photos" / "mine.jpg").read_text() == "mine"


def test_resume_keeps_what_is_there(tmp_path: Path) -> None:
    made(tmp_path)
    with output_folder(tmp_path, verb="curate", resume=True):
        assert state(tmp_path) == "running"
        assert (tmp_path / "catalog.parquet").read_text() == "kept"


def test_resume_begins_where_there_is_nothing_yet(tmp_path: Path) -> None:
    with output_folder(tmp_path / "out", verb="train", resume=True) as folder:
        assert state(folder) == "running"


@pytest.mark.parametrize("verb", ["train", None])
def test_resume_of_another_verbs_folder_is_refused(tmp_path: Path, verb: str | None) -> None:
    made(tmp_path, verb=verb) if verb else (tmp_path / "photo.jpg").write_text("mine")
    with pytest.raises(OutputExists, match="holds no curate run to resume"):
        output_folder(tmp_path, verb="curate", resume=True).__enter__()


def test_force_and_resume_together_are_refused(tmp_path: Path) -> None:
    """Resume once won silently, whatever --force had asked for."""
    made(tmp_path)
    with pytest.raises(UsageError, match="--force and --resume exclude each other"):
        output_folder(tmp_path, verb="curate", force=True, resume=True).__enter__()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    for force in (False, True):
        with pytest.raises(OutputExists, match="is a file"):
            output_folder(tmp_path / "out", verb="curate", force=force).__enter__()
    assert (tmp_path / "out").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere" / "at" / "all")
    for name in ("file/out", "dangling", "x" * 300):
        with pytest.raises(UsageError, match="cannot write to"):
            output_folder(tmp_path / name, verb="curate").__enter__()


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a file system that nobody may write to")
def test_a_folder_that_nobody_may_write_to_is_one_sentence() -> None:
    """/proc refuses even root, whom the permissions of an ordinary folder do not stop."""
    with pytest.raises(UsageError, match="cannot write to /proc/self"):
        output_folder(Path("/proc/self/thuja"), verb="curate").__enter__()


def test_a_later_verb_refuses_a_folder_that_is_not_of_the_verb_it_needs(tmp_path: Path) -> None:
    made(tmp_path / "run", verb="train")
    for folder in (tmp_path / "run", tmp_path / "nothing", tmp_path / "run" / MARKER):
        with pytest.raises(EmptyInput, match="is not a folder that thuja curate made"):
            require_complete(folder, verb="curate")


def test_write_text_replaces_a_file_whole(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "long, long ago")
    write_text(tmp_path / "a.txt", "short")
    assert (tmp_path / "a.txt").read_text() == "short"


def test_processes_of_one_number_do_not_write_into_each_others_files(tmp_path: Path) -> None:
    """In two containers on one folder both may be process 7: they once wrote to one temporary file."""
    path = tmp_path / "file"
    with atomic_path(path) as first:
        with atomic_path(path) as second:
            second.write_text("second")
        first.write_text("first")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_half_written_goes_when_the_job_is_resumed(tmp_path: Path) -> None:
    with output_folder(tmp_path / "o", verb="curate"):
        left = tmp_path / "o" / temporary_name("shard.tar")
        left.touch()
    with output_folder(tmp_path / "o", verb="curate", resume=True):
        assert not left.exists()


def test_an_output_is_refused_before_the_work_and_nothing_is_touched(tmp_path: Path) -> None:
    """A card once emptied the folder of the last one, and then found that it could not be made."""
    folder = made(tmp_path / "out")
    require_output(folder, verb="curate", force=True)
    require_output(tmp_path / "new" / "er", verb="curate")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (folder / "catalog.parquet").read_text() == "kept"
    assert state(folder) == "complete"
    with pytest.raises(OutputExists, match="is not empty") as caught:
        require_output(folder, verb="curate", can_resume=False)
    assert caught.value.hint == "--force replaces it"
    with pytest.raises(OutputExists, match="deletes only what thuja train made"):
        require_output(folder, verb="train", force=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write to"):
        require_output(tmp_path / "file" / "out", verb="curate")


def test_a_file_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.jpg"
    put_file(path, lambda: b"whole")
    put_file(path, lambda: pytest.fail("it should not be made"))
    assert path.read_bytes() == b"whole"
    assert list(path.parent.iterdir()) == [path]


def test_what_stops_a_write_is_one_sentence_with_its_hint(tmp_path: Path) -> None:
    full = in_one_sentence(tmp_path, hint="make room")
    with pytest.raises(ThujaError, match="stopped: No space left on device") as caught, full:
        raise OSError(28, "it is full")
    assert caught.value.hint == "make room"
