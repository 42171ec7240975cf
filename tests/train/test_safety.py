"""What ends a run early: a signal saves and exits 0, figures that run away stop with the batch's ids kept."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from thuja.errors import Stopped, TrainingDiverged
from thuja.images import Preparation
from thuja.jobs import require_complete
from thuja.model import Model
from thuja.train import Corpus, Recipe, TrainOptions, train
from thuja.train.batch import Batch, Share
from thuja.train.checkpoint import list_checkpoints
from thuja.train.precision import LossScale, Precision
from thuja.train.safety import WINDOW, Stops, Watch
from thuja.train.sources import MemorySource


def batch(*uuids: str) -> Batch:
    shares = [Share(name="life", uuids=uuids, images=torch.zeros(0), boxes=None, lessons=[])]
    return Batch(step=0, shares=shares, tokens=[])


def weights(run: Path) -> bytes:
    return (run / "model" / "open_clip_model.safetensors").read_bytes()


def steps(run: Path) -> list[int]:
    path = run / "metrics.jsonl"
    return [json.loads(line)["step"] for line in path.read_text().splitlines()] if path.exists() else []


def look(watch: Watch, losses: list[float]) -> None:
    for step, loss in enumerate(losses):
        watch.check_loss(loss, batch(), step)


class TestWatch:
    def test_a_loss_that_is_no_number_keeps_the_ids(self, tmp_path: Path) -> None:
        with pytest.raises(TrainingDiverged, match="the loss became nan at step 7"):
            Watch(tmp_path).check_loss(float("nan"), batch("a", "b"), 7)
        kept = json.loads((tmp_path / "diverged.json").read_text())
        assert kept == {"step": 7, "value": "nan", "uuids": {"life": ["a", "b"]}}

    def test_a_gradient_that_is_no_number_stops_and_each_process_keeps_its_own_ids(self, tmp_path: Path) -> None:
        with pytest.raises(TrainingDiverged, match="the gradient's length became inf"):
            Watch(tmp_path, rank=3).check_gradient(float("inf"), batch("c"), 1)
        assert json.loads((tmp_path / "diverged-3.json").read_text())["uuids"] == {"life": ["c"]}

    def test_a_collapse_to_chance_stops_within_a_window(self, tmp_path: Path) -> None:
        watch, chance = Watch(tmp_path), float(np.log(64))
        learnt = [*np.linspace(chance, 1.0, 200), *[1.0] * 50]
        look(watch, learnt)
        with pytest.raises(TrainingDiverged, match="the loss rose to"):
            look(watch, [chance] * WINDOW)

    @pytest.mark.parametrize("begin", [1.0, 4.0, 10.0])
    def test_a_noisy_loss_that_falls_is_no_alarm(self, begin: float, tmp_path: Path) -> None:
        """Fixed curves: noise of 2 nats a step, a restart's rise of 1 nat, and single steps of 30 nats."""
        steps = np.arange(400)
        noise = np.random.default_rng(0).uniform(-2, 2, 400)
        falling = begin * np.exp(-steps / 100)
        risen = falling + np.where((steps > 200) & (steps < 300), 1.0, 0.0)
        spiked = falling + np.where(steps % 100 == 99, 30.0, 0.0)
        for losses in (falling + noise, risen, spiked):
            look(Watch(tmp_path), losses.tolist())  # an alarm raises, and leaves a file
            assert not (tmp_path / "diverged.json").exists()

    def test_the_alarm_sounds_between_one_and_two_nats_above_the_lowest_mean(self, tmp_path: Path) -> None:
        for rise, rises in ((1.4, False), (1.6, True)):
            losses = [*np.linspace(3.0, 0.5, 100), *[0.5] * WINDOW, *[0.5 + rise] * WINDOW]
            with pytest.raises(TrainingDiverged) if rises else nullcontext():
                look(Watch(tmp_path), losses)

    def test_the_sum_of_many_losses_may_rise_by_more_than_one(self, tmp_path: Path) -> None:
        """Seven ranks' losses over 4,096 images begin at 58 nats: three more are noise there, and not at 4."""
        for begin, rises in ((58.0, False), (4.0, True)):
            watch = Watch(tmp_path)
            losses = [begin] * WINDOW + [begin + 3] * WINDOW
            try:
                look(watch, losses)
            except TrainingDiverged:
                assert rises
            else:
                assert not rises

    def test_an_interrupted_run_is_watched_as_one_left_alone(self, tmp_path: Path) -> None:
        watch = Watch(tmp_path)
        look(watch, [0.5] * 70)
        resumed = Watch(tmp_path)
        resumed.restore(json.loads(json.dumps(watch.state())))
        with pytest.raises(TrainingDiverged):
            look(resumed, [4.0] * WINDOW)


def test_gradients_that_overflow_at_every_scale_stop_the_run(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that overflows was skipped with half the scale, for ever."""
    monkeypatch.setattr("thuja.train.loop.clip_gradients", lambda *_, **__: torch.tensor(float("inf")))
    monkeypatch.setattr("thuja.train.loop.LossScale", lambda precision: LossScale(precision, value=4.0))
    with pytest.raises(TrainingDiverged, match="gradient"):
        train(replace(tiny_recipe, precision="amp_fp16"), small_world, tmp_path / "run")
    assert steps(tmp_path / "run") == [1]
    assert LossScale(Precision(name="fp32")).value == 1


INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from thuja.errors import Stopped
from thuja.images import Preparation
from thuja.train import Corpus, Recipe, TrainOptions, train
from thuja.train.sources import MemorySource

world, recipe, run = map(Path, sys.argv[1:])
sent = []

class Interrupted(MemorySource):
    def fetch(self, rows):
        if not sent:
            sent.append(True)
            os.kill(os.getpid(), signal.SIGTERM)
        return super().fetch(rows)

source = Interrupted(Corpus.open(world, "train"), Preparation(size=18, mode="squash"))
try:
    train(Recipe.from_json(recipe.read_text()), {"life": source}, run, options=TrainOptions(steps=3))
except Stopped as error:
    print(error.message)
"""


@pytest.mark.slow
def test_a_signal_while_the_first_pictures_are_decoded_ends_at_once_and_the_run_can_be_resumed(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """In a process of its own: signals go to a process, and this one has other tests to run."""
    (tmp_path / "recipe.json").write_text(tiny_recipe.to_json())
    words = [sys.executable, "-c", INTERRUPTED, small_world, tmp_path / "recipe.json", tmp_path / "run"]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, "stopped before the first step, and nothing is lost\n"), done.stderr
    assert not list_checkpoints(tmp_path / "run" / "checkpoints")
    source = MemorySource(Corpus.open(small_world, "train"), Preparation(size=18, mode="squash"))
    options = TrainOptions(steps=3, resume=True)
    train(tiny_recipe, {"life": source}, tmp_path / "run", options=options)
    assert steps(tmp_path / "run") == [1, 2, 3]


@pytest.mark.slow
def test_the_tests_that_signal_their_own_process_pass_in_one_of_their_own() -> None:
    """In a worker that had run thousands of tests, the first signal to it ended in a silent SIGSEGV."""
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "own_process", __file__]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout


@pytest.mark.own_process
def test_a_second_signal_does_not_cut_short_what_the_first_one_ends() -> None:
    """Raised while a feed was closed, it left the feed's thread behind, and a third one ended the process."""
    ended = []

    def run() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
            ended.append("in order")

    with pytest.raises(Stopped), Stops():
        run()
    assert ended == ["in order"]


@pytest.mark.own_process
def test_a_signal_while_the_model_is_checked_saves_that_step_with_its_check(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    asked: list[int] = []

    def evaluate(model: Model) -> dict[str, float]:
        asked.append(1)
        if len(asked) == 1:
            signal.raise_signal(signal.SIGTERM)
        return {"zero_shot_top1": 0.5}

    options = TrainOptions(evaluate=evaluate, evaluate_every=4, steps=8)
    with pytest.raises(Stopped, match="stopped at step 4 of 8, which is saved") as raised:
        train(tiny_recipe, small_world, tmp_path / "run", options=options)
    assert raised.value.exit_code == 0
    assert [path.name for path in list_checkpoints(tmp_path / "run" / "checkpoints")] == ["step-000000004.pt"]
    assert json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[-1])["val_zero_shot_top1"] == 0.5
    train(tiny_recipe, small_world, tmp_path / "run", options=replace(options, resume=True))
    assert len(asked) == 2
    train(tiny_recipe, small_world, tmp_path / "whole", options=options)
    assert weights(tmp_path / "run") == weights(tmp_path / "whole")


@pytest.mark.own_process
@pytest.mark.parametrize("moment", ["check", "finish"])
def test_a_signal_after_the_last_step_ends_the_run_and_it_is_finished_by_resuming(
    moment: str, small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """It was noted and asked for by nobody while all labels were made, until the cluster killed the process."""
    finished: list[bool] = []

    def at(now: str) -> None:
        if now == moment and not finished:
            finished.append(False)
            signal.raise_signal(signal.SIGTERM)

    def evaluate(model: Model) -> dict[str, float]:
        at("check")
        return {"zero_shot_top1": 0.5}

    def finish(model: Model, folder: Path) -> None:
        at("finish")
        finished.append(True)

    options = TrainOptions(steps=2, evaluate=evaluate, finish=finish)
    with pytest.raises(Stopped, match="stopped after the last step, which is saved"):
        train(tiny_recipe, small_world, tmp_path / "run", options=options)
    assert finished == [False]
    train(tiny_recipe, small_world, tmp_path / "run", options=replace(options, resume=True))
    assert finished == [False, True]
    assert steps(tmp_path / "run") == [1, 2]
    require_complete(tmp_path / "run", verb="train")


def test_signals_are_what_they_were_after_a_run(small_world: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    train(tiny_recipe, small_world, tmp_path / "run", options=TrainOptions(steps=1))
    assert signal.getsignal(signal.SIGTERM) == before


def started(
    data: Path,
    out: Path,
    recipe: Path,
    *more: str,
    launcher: Sequence[str] = (sys.executable, "-m", "thuja"),
    **environment: str,
) -> "subprocess.Popen[str]":
    command = [*launcher, "train", str(recipe), str(data), "--out", str(out), *more]
    environment = {**os.environ, **environment}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stderr=pipe, stdout=pipe, text=True, env=environment, start_new_session=True)


def wait_for_steps(run: Path, count: int, process: "subprocess.Popen[str]") -> None:
    path = run / "metrics.jsonl"

    def written() -> int:
        """The last line may be half written: the run goes on."""
        return path.read_text().count("\n") if path.exists() else 0

    while process.poll() is None and written() < count:
        time.sleep(0.02)


@pytest.mark.slow
def test_sigterm_to_a_real_run_saves_exits_0_and_the_run_resumes_to_the_same_weights(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(replace(tiny_recipe, epochs=60).to_json())
    process = started(small_world, tmp_path / "run", recipe)
    wait_for_steps(tmp_path / "run", 10, process)
    process.send_signal(signal.SIGTERM)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert (out, "stopped at step" in said, "Traceback" in said) == ("", True, False)
    (newest,) = list_checkpoints(tmp_path / "run" / "checkpoints")[-1:]
    assert int(newest.stem.removeprefix("step-")) == steps(tmp_path / "run")[-1]
    ended = started(small_world, tmp_path / "run", recipe, "--resume")
    assert ended.communicate(timeout=120)[0].startswith("model: ")
    whole = started(small_world, tmp_path / "whole", recipe)
    whole.communicate(timeout=120)
    assert weights(tmp_path / "run") == weights(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_to_every_process_of_a_run_with_workers_saves_and_exits_0(
    number: signal.Signals, small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """Clusters send it to all processes of a job, and it killed those that made the batches."""
    recipe = tmp_path / "recipe.json"
    recipe.write_text(replace(tiny_recipe, epochs=200).to_json())
    run = tmp_path / "run"
    process = started(small_world, run, recipe, "--stream", f"life={small_world / 'shards'}", "--workers", "2")
    wait_for_steps(run, 10, process)
    os.killpg(process.pid, number)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 0, said
    assert list_checkpoints(run / "checkpoints")[-1].name == f"step-{steps(run)[-1]:09}.pt"


@pytest.mark.slow
def test_torchrun_lets_its_processes_save_and_exits_1(small_world: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    """The page said that the run exits 0, which its processes do, and their launcher does not."""
    recipe = tmp_path / "recipe.json"
    recipe.write_text(replace(tiny_recipe, epochs=200).to_json())
    run = tmp_path / "run"
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "thuja"]
    process = started(small_world, run, recipe, launcher=launcher)
    wait_for_steps(run, 3, process)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[1]
    last = steps(run)[-1]
    assert said.count(f"stopped at step {last} of") == 1, said
    assert process.returncode == 1
    assert list_checkpoints(run / "checkpoints")[-1].name == f"step-{last:09}.pt"


@pytest.mark.slow
def test_a_signal_to_one_of_two_processes_stops_both_at_the_same_step(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(replace(tiny_recipe, epochs=200).to_json())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    both = [started(small_world, tmp_path / "run", recipe, RANK=str(rank), **places) for rank in range(2)]
    wait_for_steps(tmp_path / "run", 3, both[0])
    both[1].send_signal(signal.SIGTERM)
    said = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    last = steps(tmp_path / "run")[-1]
    assert [f"stopped at step {last} of" in errors for _, errors in said] == [True, False], "told once, by the first"
    assert [out for out, _ in said] == ["", ""]
    assert list_checkpoints(tmp_path / "run" / "checkpoints")[-1].name == f"step-{last:09}.pt"
