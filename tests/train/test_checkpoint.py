"""Checkpoints: whole or not there, whatever ends a write; the old one outlives a full disk; none runs code."""

import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.errors import BadFile, ThujaError
from thuja.model import Model
from thuja.train import Recipe, TrainOptions, train
from thuja.train.checkpoint import keep_best, list_checkpoints, load_newest, save_checkpoint
from thuja.train.checks import Room


@contextmanager
def disk_with_room_for(size: int) -> Iterator[None]:
    """No file grows past `size` bytes: writing meets EFBIG where a full disk gives ENOSPC."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def state(step: int, size: int = 10) -> dict[str, object]:
    return {"step": step, "weight": torch.full((size,), float(step))}


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        save_checkpoint(tmp_path, step, {"step": step, "weight": torch.tensor([step])}, keep=2)
    assert [path.name for path in list_checkpoints(tmp_path)] == ["step-000000002.pt", "step-000000003.pt"]
    newest = tmp_path / "step-000000003.pt"
    newest.write_bytes(newest.read_bytes()[:200])
    state = load_newest(tmp_path)
    assert state is not None
    assert state["step"] == 2
    (tmp_path / "step-000000002.pt").write_bytes(b"")
    with pytest.raises(BadFile, match="no checkpoint"):
        load_newest(tmp_path)


@pytest.mark.parametrize("keep", [1, 2])
def test_a_checkpoint_written_after_a_damaged_one_of_a_later_step_stays(keep: int, tmp_path: Path) -> None:
    """The newest were kept by their steps' numbers: the damaged one stayed, and the one just written went."""
    for step in (200, 250, 300):
        save_checkpoint(tmp_path, step, state(step), keep=3)
    (tmp_path / "step-000000300.pt").write_bytes(b"broken")
    assert save_checkpoint(tmp_path, 260, state(260), keep=keep).exists()
    assert [step_of(path) for path in list_checkpoints(tmp_path)] == [250, 260][-keep:]
    newest = load_newest(tmp_path)
    assert newest is not None
    assert newest["step"] == 260


@pytest.fixture(scope="module")
def two_steps(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """The second of two checkpoints, and what was written there."""
    folder = tmp_path_factory.mktemp("bits")
    save_checkpoint(folder, 1, state(1))
    newest = save_checkpoint(folder, 2, state(2))
    return newest, newest.read_bytes()


@given(
    place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), rest=st.binary(max_size=40), how=st.integers(0, 2)
)
@settings(max_examples=150, deadline=None)
def test_whatever_has_become_of_its_bytes_a_checkpoint_is_passed_over_or_is_what_was_written(
    two_steps: tuple[Path, bytes], place: float, bit: int, rest: bytes, how: int
) -> None:
    """Bytes that are no zip ended the resumption with an IndexError, and torch took flipped bits for weights."""
    newest, content = two_steps[0], bytearray(two_steps[1])
    if how == 0:
        content[int(place * len(content))] ^= 1 << bit
    newest.write_bytes([bytes(content), rest, b"PK\x03\x04" + rest][how])
    found = load_newest(newest.parent)
    assert found is not None
    assert found["step"] in (1, 2)
    assert torch.equal(found["weight"], torch.full((10,), float(found["step"])))


def test_a_checkpoint_never_runs_code(tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "ran"),)

    torch.save({"step": 1, "payload": Payload()}, tmp_path / "step-000000001.pt")
    with pytest.raises(BadFile):
        load_newest(tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("room", [0, 1_000, 300_000])
def test_a_full_disk_leaves_the_old_checkpoints_whole_and_is_said_in_one_sentence(room: int, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 1, state(1, 100_000), keep=1)
    with disk_with_room_for(room), pytest.raises(ThujaError, match="cannot write the checkpoint") as raised:
        save_checkpoint(tmp_path, 2, state(2, 100_000), keep=1)
    assert "File too large" in raised.value.message
    assert "step-000000001.pt is whole" in raised.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000001.pt"], "half a file was left to fill the disk"
    kept = load_newest(tmp_path)
    assert kept is not None
    assert torch.equal(kept["weight"], torch.full((100_000,), 1.0))


def test_a_run_that_met_a_full_disk_goes_on_when_there_is_room(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    options = TrainOptions(checkpoint_every=2, keep=1, steps=6)
    train(tiny_recipe, small_world, tmp_path / "whole", options=options)
    train(tiny_recipe, small_world, tmp_path / "full", options=replace(options, steps=2))
    with disk_with_room_for(50_000), pytest.raises(ThujaError, match="cannot write the checkpoint"):
        train(tiny_recipe, small_world, tmp_path / "full", options=replace(options, resume=True))
    train(tiny_recipe, small_world, tmp_path / "full", options=replace(options, resume=True))
    names = ("whole", "full")
    one, other = ((tmp_path / name / "model" / "open_clip_model.safetensors").read_bytes() for name in names)
    assert one == other


def test_a_full_disk_keeps_the_best_model_so_far_and_is_said_in_one_sentence(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """What safetensors met was a traceback, and half a model stayed on the full disk."""
    scores = iter(range(10))
    options = TrainOptions(
        checkpoint_every=2, evaluate=lambda model: {"zero_shot_top1": next(scores)}, evaluate_every=2, steps=2
    )
    model = train(tiny_recipe, small_world, tmp_path / "run", options=options)
    with disk_with_room_for(20_000), pytest.raises(ThujaError, match="cannot write the best model so far") as raised:
        keep_best(model, tmp_path / "run", recipe=tiny_recipe, step=4, found={"val_zero_shot_top1": 9})
    assert "step-000000002.pt is whole" in raised.value.hint
    assert not list((tmp_path / "run").glob("*.tmp"))
    assert Model.load(tmp_path / "run" / "best").facts["metrics"] == {"step": 2, "val_zero_shot_top1": 0}


def test_a_disk_that_is_full_at_the_end_is_said_and_the_model_is_written_when_there_is_room(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """Checkpoints and the best model were guarded; the last file of all ended in a traceback."""

    def finish(model: Model, folder: Path) -> None:
        with disk_with_room_for(20_000):
            model.save(folder)

    with pytest.raises(ThujaError, match=r"cannot write the model .*/run/model: ") as raised:
        train(tiny_recipe, small_world, tmp_path / "run", options=TrainOptions(steps=2, finish=finish))
    assert "step-000000002.pt is whole" in raised.value.hint
    train(tiny_recipe, small_world, tmp_path / "run", options=TrainOptions(steps=2, resume=True))
    assert Model.load(tmp_path / "run" / "model").facts["metrics"]["step"] == 2


def test_a_disk_too_small_for_the_run_is_refused_before_it_begins(tmp_path: Path) -> None:
    room = Room(checkpoint=5 * 2**30, needed=18 * 2**30, free=17 * 2**30)
    with pytest.raises(ThujaError, match=r"needs 18\.00 GiB, a checkpoint alone 5\.00 GiB, and 17\.00 GiB are free"):
        room.require(tmp_path)
    replace(room, free=18 * 2**30).require(tmp_path)


def test_what_was_killed_while_the_best_model_was_kept_goes_on(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """A half-written best/ is a folder, and resuming stopped at it: only files were cleared away."""

    scores = iter(range(10))
    options = TrainOptions(
        checkpoint_every=2, evaluate=lambda model: {"zero_shot_top1": next(scores)}, evaluate_every=2
    )
    train(tiny_recipe, small_world, tmp_path / "run", options=replace(options, steps=2))
    (tmp_path / "run" / "best").rename(tmp_path / "run" / "former.1-00000000.tmp")
    train(tiny_recipe, small_world, tmp_path / "run", options=replace(options, resume=True, steps=4))
    assert not list((tmp_path / "run").glob("*.tmp"))
    assert Model.load(tmp_path / "run" / "best").facts["metrics"] == {"step": 4, "val_zero_shot_top1": 1}


KILLED = """
import sys
from pathlib import Path
from thuja.train import Recipe, TrainOptions, train

data, run = Path(sys.argv[1]), Path(sys.argv[2])
options = TrainOptions(checkpoint_every=1, resume=(run / "recipe.json").exists())
train(Recipe.from_json(sys.argv[3]), data, run, options=options)
"""


@pytest.mark.slow
def test_killed_ten_times_in_the_middle_of_a_write_a_run_always_resumes_and_ends_as_one_left_alone(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """Weights and moments of 60 MB: a write takes long enough to be hit inside."""
    image = replace(tiny_recipe.image, width=384, layers=3, head_width=64)
    recipe = replace(tiny_recipe, image=image, epochs=6)
    train(recipe, small_world, tmp_path / "whole")
    generator, run, kills = random.Random(0), tmp_path / "killed", 0
    command = [sys.executable, "-c", KILLED, str(small_world), str(run), recipe.to_json()]
    for _ in range(30):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        begun = max((step_of(path) for path in list_checkpoints(run / "checkpoints")), default=0)
        wait_for_write(run, process, after=begun)
        time.sleep(generator.random() * 0.05)
        if kills < 10 and process.poll() is None:
            process.kill()
        said = process.communicate(timeout=120)[1]
        kills += bool(half_written(run))
        assert process.returncode in (0, -signal.SIGKILL), said
        assert "passing over" not in said, "a broken file had taken a checkpoint's name"
        if process.returncode == 0:
            break
    assert kills == 10
    one, other = (path / "model" / "open_clip_model.safetensors" for path in (tmp_path / "whole", run))
    assert one.read_bytes() == other.read_bytes()
    steps = [json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert steps == list(range(1, len(steps) + 1))


def step_of(path: Path) -> int:
    return int(re.sub(r"\D", "", path.name))


def half_written(run: Path) -> list[Path]:
    """Checkpoints that a kill cut short."""
    return list((run / "checkpoints").glob("*.tmp"))


def wait_for_write(run: Path, process: "subprocess.Popen[str]", *, after: int) -> None:
    """Until a checkpoint beyond step `after` is being written."""
    while process.poll() is None:
        if any(step_of(path.with_suffix("").with_suffix("")) > after for path in half_written(run)):
            return
        time.sleep(0.001)
