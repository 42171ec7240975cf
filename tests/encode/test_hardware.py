"""What is chosen for a machine, and what is refused."""

import platform
import subprocess
import sys

import pytest
import torch

from thuja.encode.hardware import Hardware, is_bfloat16_faster
from thuja.errors import UnknownName, UsageError

needs_no_gpu = pytest.mark.skipif(
    torch.cuda.is_available() or torch.backends.mps.is_available(), reason="this machine has a GPU"
)


@needs_no_gpu
def test_auto_takes_the_processor_and_the_faster_precision() -> None:
    chosen = Hardware(threads=3).settled()
    assert (chosen.device, chosen.engine, chosen.threads) == ("cpu", "torch", 3)
    assert chosen.precision == ("bf16" if is_bfloat16_faster() else "fp32")


@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="others are asked by trying")
def test_nothing_is_multiplied_to_know_what_an_x86_processor_does_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without instructions for bfloat16 each opening of a model spent three seconds on emulated products."""

    def refuse(*_: object) -> None:
        raise AssertionError("a product was tried")

    monkeypatch.setattr(torch, "mm", refuse)
    assert is_bfloat16_faster.__wrapped__() in (True, False)


def test_int8_is_the_engine_onnx_on_a_processor() -> None:
    assert Hardware(precision="int8", device="cpu").settled().engine == "onnx"


@pytest.mark.parametrize(
    ("hardware", "said"),
    [
        (Hardware(device="cpu", precision="fp16"), "does not compute in fp16 on cpu"),
        (Hardware(device="cpu", precision="int8", engine="torch"), "does not compute in int8"),
        (Hardware(device="cpu", precision="int8", engine="openvino"), "does not compute in int8"),
        (Hardware(device="cpu", is_compiled=True), "on a GPU only"),
        (Hardware(device="cuda:99"), "has no device cuda:99"),
    ],
)
def test_what_cannot_be_is_refused(hardware: Hardware, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        hardware.settled()


@pytest.mark.parametrize("wrong", [{"precision": "bf32"}, {"engine": "tensorrt"}])
def test_an_unknown_name_lists_the_known(wrong: dict[str, str]) -> None:
    with pytest.raises(UnknownName, match="unknown"):
        Hardware(**wrong)


def test_an_unknown_device_lists_the_known() -> None:
    with pytest.raises(UnknownName, match="unknown device"):
        Hardware(device="gpu").settled()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's")
def test_kept_memory_comes_to_fault_no_more() -> None:
    """Freed activations went back to the kernel, and every page of the next batch faulted again."""
    script = """
import resource, torch
from thuja.model.machine import keep_memory
assert keep_memory()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(12_000_000).sum()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(min(faults() for _ in range(20)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) < 100  # 48 MB are 11,700 pages


def test_processes_of_one_machine_share_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight processes of torchrun took all processors each."""
    whole = Hardware(device="cpu").settled().threads
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert Hardware(device="cpu").settled().threads == max(1, (whole or 1) // 2)
    assert Hardware(device="cpu", threads=5).settled().threads == 5
