"""Several processes train as one does, whatever they share the model by, and end together."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tests.train.two_processes import HALF, Run, small_model, train
from torch import Tensor, nn

from thuja.errors import ThujaError, UnknownName, UsageError, WeightsMismatch
from thuja.train import Recipe
from thuja.train.parallel import Fleet, _lost_processes_told, start
from thuja.train.sharding import clip_gradients, gather_state, restore_state

SCRIPT = Path(__file__).with_name("two_processes.py")
ROOT = SCRIPT.parents[2]


def run_two(task: str, out: Path, *runs: str) -> list[subprocess.CompletedProcess[str]]:
    """Two processes of the script, as torchrun would start them."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "error", str(SCRIPT), task, str(out), *runs],
            env=os.environ | {"RANK": str(rank), "WORLD_SIZE": "2", "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    ended = []
    try:
        for process in started:
            _, said = process.communicate(timeout=300)
            ended.append(subprocess.CompletedProcess(process.args, process.returncode, stderr=said))
    finally:
        for process in started:
            process.kill()
    return ended


@pytest.fixture(scope="module")
def alone() -> Callable[[Run], dict]:
    """Runs of one process, each made once."""
    known: dict[Run, dict] = {}

    def run(how: Run) -> dict:
        if how not in known:
            known[how] = train(how)
        return known[how]

    return run


def assert_same(found: dict, expected: dict, *, tolerance: float) -> None:
    assert found["losses"] == pytest.approx(expected["losses"], abs=tolerance)
    assert found["norms"] == pytest.approx(expected["norms"], rel=10 * tolerance)
    for kind in ("model", "optimizer"):
        assert found["state"][kind].keys() == expected["state"][kind].keys()
    for name, weight in expected["state"]["model"].items():
        torch.testing.assert_close(found["state"]["model"][name], weight, atol=tolerance, rtol=0, msg=name)
    for name, moments in expected["state"]["optimizer"].items():
        for key, value in moments.items():
            torch.testing.assert_close(found["state"]["optimizer"][name][key], value, atol=tolerance, rtol=1e-3)


def moved(found: dict) -> Tensor:
    """How far a run took the model's weights from where they began, as one vector."""
    parts = []
    for name, begun in small_model().state_dict().items():
        weight = found["weights"][name]
        parts.append((weight.float() - begun.to(weight.dtype).float()).flatten())
    return torch.cat(parts)


@pytest.mark.slow
def test_ddp_and_fsdp2_learn_what_one_process_learns(tmp_path: Path, alone: Callable[[Run], dict]) -> None:
    """Gradient-cached, over streams with heads and temperatures of their own, texts of unequal lengths."""
    runs = ["ddp", "fsdp2", "ddp-recompute-frozen", "fsdp2-recompute-frozen"]
    for ended in run_two("engines", tmp_path, *runs, "ddp-amp", "fsdp2-amp", "ddp-pure", "fsdp2-pure"):
        assert ended.returncode == 0, ended.stderr
    for name in runs:  # computed again or not is the same
        assert_same(torch.load(tmp_path / f"{name}.pt"), alone(Run(freeze="frozen" in name)), tolerance=1e-5)
    for name, precision in (("amp", "amp_bf16"), ("pure", "pure_bf16")):  # other sums are rounded
        for engine in ("ddp", "fsdp2"):
            found, expected = torch.load(tmp_path / f"{engine}-{name}.pt"), alone(Run(precision=precision))
            assert found["losses"] == pytest.approx(expected["losses"], rel=0.05)
            own, theirs = moved(found), moved(expected)
            assert float(own.norm()) == pytest.approx(float(theirs.norm()), rel=0.1)
            assert torch.cosine_similarity(own, theirs, dim=0) > 0.9
    assert_same(torch.load(tmp_path / "ddp-amp.pt"), torch.load(tmp_path / "fsdp2-amp.pt"), tolerance=1e-4)
    for name in ("ddp-pure", "fsdp2-pure"):
        found = torch.load(tmp_path / f"{name}.pt")
        assert found["state"]["model"]["model.logit_scale"].dtype == torch.float32
        assert found["state"]["model"]["model.visual.proj"].dtype == torch.bfloat16
    whole = small_model()
    whole.load_state_dict(torch.load(tmp_path / "fsdp2.pt")["weights"])
    assert not torch.equal(whole.visual.proj, small_model().visual.proj)


@pytest.mark.slow
def test_a_run_goes_on_under_another_engine_and_number_of_processes(
    tmp_path: Path, alone: Callable[[Run], dict]
) -> None:
    torch.save(alone(Run(last=HALF))["state"], tmp_path / "alone-half.state")
    for ended in run_two("engines", tmp_path, "fsdp2-half", "ddp-from-alone", "fsdp2-from-alone"):
        assert ended.returncode == 0, ended.stderr
    whole = alone(Run())
    expected = whole | {key: whole[key][HALF:] for key in ("losses", "norms")}
    for name in ("ddp-from-alone", "fsdp2-from-alone"):
        assert_same(torch.load(tmp_path / f"{name}.pt"), expected, tolerance=1e-5)
    assert_same(train(Run(resume=tmp_path / "fsdp2-half.state", first=HALF)), expected, tolerance=1e-5)


def test_one_process_resumes_bit_for_bit(tmp_path: Path, alone: Callable[[Run], dict]) -> None:
    torch.save(alone(Run(last=HALF))["state"], tmp_path / "half.state")
    resumed, whole = train(Run(resume=tmp_path / "half.state", first=HALF)), alone(Run())
    assert resumed["losses"] == whole["losses"][HALF:]
    for name, weight in whole["state"]["model"].items():
        assert torch.equal(resumed["state"]["model"][name], weight), name


def test_blocks_computed_again_learn_the_same_bit_for_bit(alone: Callable[[Run], dict]) -> None:
    plain, again = alone(Run()), alone(Run(recompute=True))
    assert again["losses"] == plain["losses"]
    assert again["norms"] == plain["norms"]


@pytest.mark.slow
def test_processes_that_differ_are_refused_and_a_signal_to_one_is_known_to_all(tmp_path: Path) -> None:
    for ended in run_two("disagree", tmp_path):
        assert ended.returncode == 2
        assert "the processes have different data: rank 0 has " in ended.stderr
        assert "Traceback" not in ended.stderr
    for rank in range(2):
        told = json.loads((tmp_path / f"told-{rank}.json").read_text())
        assert (
            told.pop("slip")
            == [
                "list index out of range",
                "the main process met IndexError: list index out of range\nhint: its own log says more",
            ][rank]
        ), "the other one waited for a main process that was gone"
        assert told == {"nobody": False, "one": True, "sum": [3.0, 4.0], "engine": "ddp", "met": "nothing here"}


@pytest.mark.slow
def test_a_killed_process_ends_the_others_with_a_sentence(tmp_path: Path) -> None:
    started = time.monotonic()
    survivor, killed = run_two("lose", tmp_path)
    assert killed.returncode == -9
    assert survivor.returncode == 1
    assert "another process of this run is gone or has not answered\nhint: " in survivor.stderr
    assert "Traceback" not in survivor.stderr
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "NCCL error in: /pytorch/NCCLUtils.cpp:77, invalid usage, NCCL version 2.27\nncclInvalidUsage: usage.\n"
            "Last error:\nDuplicate GPU detected : rank 1 and rank 0 both on CUDA device 1000",
            "cannot work together: Duplicate GPU detected : rank 1 and rank 0 both on CUDA device 1000",
        ),
        ("NCCL error in: /pytorch/x.cpp:7, remote process exited or there was a network error", "is gone"),
        ("[/gloo/transport/tcp/pair.cc:538] Connection closed by peer [127.0.0.1]:1234", "is gone"),
        (
            "[enforce fail at /gloo/cuda.cc] unsupported device\nmore",
            "together: [enforce fail at /gloo/cuda.cc] unsupp",
        ),
    ],
)
def test_what_the_libraries_say_is_told_as_what_it_is(said: str, told: str) -> None:
    """Whatever named NCCL or gloo, two ranks on one GPU too, was called a process that is gone."""
    with pytest.raises(ThujaError) as raised, _lost_processes_told():
        raise RuntimeError(said)
    assert told in raised.value.message
    with pytest.raises(RuntimeError, match=r"^shapes differ$"), _lost_processes_told():
        raise RuntimeError("shapes differ")


@pytest.mark.slow
def test_only_the_main_process_needs_to_see_the_folder(small_world: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    """Each looked for the best model by itself: one that has a disk of its own waited for ever for the others."""
    (tmp_path / "recipe.json").write_text(tiny_recipe.to_json())
    (tmp_path / "data").symlink_to(small_world)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for ended in run_two("apart", tmp_path, str(port)):
        assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "0" / "run" / "model").is_dir()
    assert not (tmp_path / "1" / "run" / "model").exists()


def test_one_process_needs_no_group() -> None:
    with start("cpu") as fleet:
        fleet.agree("data", "anything")
        fleet.wait()
        assert fleet.is_main
        assert fleet.engine == "none"
        assert fleet.any_true(True)
        assert fleet.mean([3.0]) == [3.0]
        with pytest.raises(UsageError, match="mine"):
            fleet.on_main(_refuse)


def _refuse() -> None:
    raise UsageError("mine")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="this machine has no device cuda"), start("cuda"):
        pass


@pytest.mark.parametrize(
    ("engine", "environment", "said"),
    [
        ("fsdp2", {}, "the engine fsdp2 needs processes to share the model"),
        ("none", {"RANK": "0", "WORLD_SIZE": "2"}, "the engine none is for one process, and there are 2"),
        ("ddp", {"RANK": "3", "WORLD_SIZE": "2"}, "RANK 3 is not one of 2 processes"),
        ("ddp", {"RANK": "0", "WORLD_SIZE": "two"}, "must be numbers"),
    ],
)
def test_an_engine_that_does_not_fit_the_processes_is_refused(
    engine: str, environment: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=said), start("cpu", engine):
        pass


@pytest.mark.parametrize(
    ("rank", "own", "told", "is_told_elsewhere"),
    [(0, "a", "a", False), (1, "a", "a", True), (2, "b", "b", False), (3, None, "a", True)],
)
def test_what_any_process_meets_ends_all_and_each_error_is_told_once(
    rank: int, own: str | None, told: str, is_told_elsewhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    everyone = [UsageError("a"), UsageError("a"), UsageError("b"), None]
    monkeypatch.setattr(Fleet, "collect", lambda *_: everyone)
    fleet = Fleet(device=torch.device("cpu"), world=SimpleNamespace(rank=rank, size=4))

    def act() -> None:
        if own:
            raise UsageError(own)

    with pytest.raises(UsageError, match=told) as raised:
        fleet.together(act)
    assert raised.value.is_told_elsewhere == is_told_elsewhere


def test_an_unknown_engine_lists_the_known() -> None:
    with pytest.raises(UnknownName, match="unknown engine"), start("cpu", "horovod"):
        pass


def test_weights_of_another_shape_are_refused() -> None:
    narrow, wide = nn.Linear(2, 3), nn.Linear(2, 4)
    with pytest.raises(WeightsMismatch, match=r"bias is \(3,\), not \(4,\)"):
        restore_state(wide, None, gather_state(narrow))


def test_gradients_are_unscaled_and_then_clipped_to_one_length() -> None:
    parameters = [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(3))]
    parameters[0].grad, parameters[1].grad = torch.tensor([6.0, 0.0]), torch.tensor(8.0)
    assert float(clip_gradients(parameters, 1.0, scale=2.0)) == pytest.approx(5.0)
    assert parameters[0].grad.tolist() == pytest.approx([0.6, 0.0])
    assert float(parameters[1].grad) == pytest.approx(0.8)
    assert float(clip_gradients(parameters, None)) == pytest.approx(1.0)
    assert float(parameters[1].grad) == pytest.approx(0.8)
