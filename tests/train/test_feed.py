"""Steps made ahead: the same, in order, whoever makes them; errors arrive; nothing is left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from thuja.errors import BadFile, ThujaError, UsageError
from thuja.train.feed import Feed, Served


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """As the trainer's parts are: a dataclass with a tensor and plain things."""

    pixels: Tensor
    names: list[str]
    process: int


@dataclass(frozen=True, slots=True)
class Make:
    """Parts that say which they are; one of them fails, or kills its process, if asked to."""

    fails_at: int = -1
    how: str = ""

    def __call__(self, step: int, part: int) -> Part:
        if step == self.fails_at:
            if self.how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise (
                BadFile("a broken shard", hint="mend it") if self.how == "broken" else ZeroDivisionError("our own slip")
            )
        generator = np.random.default_rng([step, part])
        return Part(
            pixels=torch.from_numpy(generator.integers(0, 255, (3, 4), dtype=np.uint8)),
            names=[f"{step}.{part}"],
            process=os.getpid(),
        )


def told(served: list[Served[Part]]) -> list[tuple[int, list[tuple[list[str], list[list[int]]]]]]:
    return [(one.step, [(part.names, part.pixels.tolist()) for part in one.parts]) for one in served]


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_serves_what_the_thread_serves_and_in_order(workers: int) -> None:
    steps = range(5, 12)
    with Feed(Make(), steps, parts=3) as feed:
        plain = list(feed)
    torch.manual_seed(7)
    with Feed(Make(), steps, parts=3, workers=workers) as feed:
        served = list(feed)
    drawn = torch.rand(1)
    torch.manual_seed(7)
    assert torch.rand(1) == drawn  # the trainer's own random numbers are left alone
    assert told(served) == told(plain)
    names = [[part.names[0] for part in one.parts] for one in plain]
    assert [one.step for one in served] == list(steps)
    assert names == [[f"{step}.{part}" for part in range(3)] for step in steps]
    assert {part.process for one in plain for part in one.parts} == {os.getpid()}
    made_by = {part.process for one in served for part in one.parts}
    assert os.getpid() not in made_by
    assert len(made_by) == workers


@pytest.mark.parametrize("workers", [0, 1])
def test_what_make_raises_is_raised_after_the_steps_before_it(workers: int) -> None:
    with Feed(Make(3, "broken"), range(9), workers=workers) as feed:
        steps = iter(feed)
        assert [next(steps).parts[0].names for _ in range(3)] == [["0.0"], ["1.0"], ["2.0"]]
        with pytest.raises(BadFile) as caught:
            next(steps)
    assert str(caught.value) == "a broken shard\nhint: mend it"
    with pytest.raises(ZeroDivisionError, match="our own slip"), Feed(Make(0), range(9), workers=workers) as feed:
        list(feed)


def test_workers_end_with_an_error_though_its_traceback_is_kept() -> None:
    """They waited, deaf, for as long as the trainer lived: the frames of the traceback held what ends them."""
    steps = iter(Feed(Make(1), range(9), workers=1))
    [part] = next(steps).parts
    with pytest.raises(ZeroDivisionError) as caught:
        next(steps)
    assert caught.tb is not None
    assert not is_running(part.process)


@pytest.mark.slow
def test_a_worker_that_is_killed_is_told_of_in_one_sentence() -> None:
    with (
        pytest.raises(ThujaError, match="a worker process was killed"),
        Feed(Make(2, "killed"), range(9), workers=1) as feed,
    ):
        list(feed)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_feed_closed_early_leaves_no_thread_and_no_worker(workers: int) -> None:
    with Feed(Make(), range(10**9), parts=2, workers=workers) as feed:
        first = next(iter(feed))
    assert [part.names for part in first.parts] == [["0.0"], ["0.1"]]
    assert not any(is_running(part.process) for part in first.parts if workers)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("feed")]


def test_the_time_waited_is_that_of_a_slow_part() -> None:
    def slow(step: int, part: int) -> int:
        time.sleep(0.05)
        return step

    with Feed(slow, range(2)) as feed:
        waits = []
        for one in feed:
            waits.append(one.waited)
            time.sleep(0.1)
    assert waits[0] > 0.04
    assert waits[1] < 0.04


def test_no_steps_and_too_many_workers() -> None:
    with Feed(Make(), range(3, 3), workers=2) as feed:
        assert list(feed) == []
    with pytest.raises(UsageError, match="cannot work with -1 workers"):
        Feed(Make(), range(3), workers=-1)


SCRIPT = """
import sys, time
sys.path.insert(0, {folder!r})
from test_feed import Feed, Make

if __name__ == "__main__":
    feed = Feed(Make(), range(10**9), workers=2)
    steps = iter(feed)
    processes = {{part.process for one in (next(steps), next(steps)) for part in one.parts}}
    print(*processes, flush=True)
    time.sleep(60)
"""


SIGNALLED = """
import os, signal, sys
sys.path.insert(0, {folder!r})
from test_feed import Feed, Make

if __name__ == "__main__":
    with Feed(Make(), range(60), workers=2) as feed:
        steps = iter(feed)
        next(steps)
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
            os.killpg(0, number)
        print(sum(1 for _ in steps))
"""


@pytest.mark.slow
def test_a_signal_to_every_process_of_the_job_does_not_end_the_feed(tmp_path: Path) -> None:
    """SIGTERM killed the server that workers are forked from, SIGUSR1 the workers too, and the run with them."""
    script = tmp_path / "script.py"
    script.write_text(SIGNALLED.format(folder=str(Path(__file__).parent)))
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, timeout=300, start_new_session=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "59\n", "")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_when_the_trainer_is_killed(number: signal.Signals, tmp_path: Path) -> None:
    """They look after their parent every few seconds."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(folder=str(Path(__file__).parent)))
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as trainer:
        assert trainer.stdout is not None
        workers = [int(word) for word in trainer.stdout.readline().split()]
        assert workers
        assert all(is_running(worker) for worker in workers)
        for worker in workers:
            os.kill(worker, signal.SIGTERM)  # theirs to ignore
        time.sleep(0.2)
        assert all(is_running(worker) for worker in workers)
        trainer.send_signal(number)
        trainer.wait()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and any(is_running(worker) for worker in workers):
        time.sleep(0.2)
    assert not any(is_running(worker) for worker in workers)


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
