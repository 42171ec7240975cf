"""A lock is held by one at a time, and let go of however its process ends."""

import errno
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from thuja.errors import OutputExists, ThujaError
from thuja.jobs import is_complete, locked, sole_folder
from thuja.jobs.locks import fcntl

ERROR = ThujaError("somebody else has it", hint="wait")
HOLDING = """
import sys, time
from pathlib import Path
from thuja.errors import ThujaError
from thuja.jobs import locked
with locked(Path(sys.argv[1]), ThujaError("busy"), is_plain=sys.argv[2] == "plain"):
    print("held", flush=True)
    time.sleep(60)
"""


def take(path: Path, *, is_plain: bool, patience: float = 0.0) -> bool:
    with locked(path, ERROR, is_plain=is_plain, patience=patience):
        return True


@pytest.mark.parametrize("is_plain", [False, True])
def test_one_at_a_time(tmp_path: Path, is_plain: bool) -> None:
    path = tmp_path / "lock"
    with locked(path, ERROR, is_plain=is_plain), pytest.raises(ThujaError, match="somebody else"):
        take(path, is_plain=is_plain)
    assert take(path, is_plain=is_plain)


@pytest.mark.parametrize("is_plain", [False, True])
def test_a_lock_is_waited_for(tmp_path: Path, is_plain: bool) -> None:
    path, held = tmp_path / "lock", threading.Event()

    def hold() -> None:
        with locked(path, ERROR, is_plain=is_plain):
            held.set()
            time.sleep(0.3)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    assert take(path, is_plain=is_plain, patience=5)
    thread.join()


@pytest.mark.parametrize("kind", ["system", "plain"])
def test_a_killed_process_lets_go_or_its_file_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDING, str(path), kind], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    if kind == "system":
        assert take(path, is_plain=False)
    else:
        with pytest.raises(ThujaError, match="which you may delete") as raised:
            take(path, is_plain=True)
        assert str(path) in raised.value.hint


class TestSoleFolder:
    """A folder that two processes would write at once is refused to the second, which leaves it as it is."""

    @pytest.mark.parametrize("how", [{}, {"force": True}, {"resume": True}])
    def test_it_is_held_for_the_length_of_the_block(self, tmp_path: Path, how: dict[str, bool]) -> None:
        out = tmp_path / "run"
        if how:
            with sole_folder(out, verb="train"):
                pass
        with sole_folder(out, verb="train", **how):
            (out / "half.tmp").touch()
            (out / "kept").touch()
            for other in ({"force": True}, {"resume": True}):
                with (
                    pytest.raises(OutputExists, match="run is being written by another process"),
                    sole_folder(out, verb="train", **other),
                ):
                    pytest.fail("two have it")
            assert (out / "half.tmp").exists()
        with sole_folder(out, verb="train", resume=True):
            assert (out / "kept").exists()
        assert is_complete(out, verb="train")

    def test_a_folder_of_somebody_else_gets_no_lock(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").touch()
        with pytest.raises(OutputExists), sole_folder(tmp_path, verb="train", force=True):
            pass
        assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.skipif(fcntl is None, reason="the system has no such locks")
def test_a_disk_without_locks_is_said_and_holds_nobody_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, "not there")

    monkeypatch.setattr("thuja.jobs.locks.fcntl.flock", refuse)
    assert take(tmp_path / "lock", is_plain=False)
    assert "knows no locks" in caplog.text
