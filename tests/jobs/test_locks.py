"""A lock is held by one at a time, and let go of however its process ends."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from thuja.errors import ThujaError
from thuja.jobs import locked

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
