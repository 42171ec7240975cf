"""Training beside open_clip_train: the same shards, weights, batch, precision and augmentation, by both whole tools.

    python benchmarks/train.py [peer share where memory] [--shape ViT-B-32] [--batch 64] [--steps 4] [--rounds 3]

    peer    images a second of both, in turns, whole loops, the first step (start-up) left out
    share   the same of thuja without what it saves of texts: shared beginnings, repetitions, padding
    where   a step by part: data, towers, losses, backward, optimiser; of the matrix rate of the same run
    memory  a batch of --large pairs at once and 32 at a time: peak, seconds, and the same loss

Both tools run with their defaults for threads and with OMP_WAIT_POLICY=PASSIVE. Seconds are given by the clock
and of the processor, all threads and decoding processes together: on a machine that others use as well, the
second is the steadier. Shards and models are made once, in --work. For a GPU: benchmarks/train_gpu.py.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from random_models import random_model
from train_data import Made, make_shards

BENCHMARKS = Path(__file__).parent
VARIANTS: Mapping[str, Mapping[str, str | bool]] = {
    "thuja: a tree of prefixes": {},
    "each distinct text, to the longest": {"text": "longest"},
    "every text, to the longest": {"text": "longest", "repeated": True},
    "each distinct text, to 77": {"text": "padded"},
    "every text, to 77, as open_clip": {"text": "padded", "repeated": True},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is trained on what."""

    shape: str
    work: Path
    batch: int
    steps: int
    rounds: int
    made: Made
    precision: str
    large: int

    @property
    def shards(self) -> Path:
        """The folder of the shards."""
        return make_shards(self.work, self.made)

    @property
    def model(self) -> Path:
        """The folder of the start model of random weights."""
        return random_model(self.shape, self.work)


@dataclass(slots=True)
class Steps:
    """Seconds of every step but the first, by the clock and of the processor, and the first losses."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    def add(self, other: "Steps") -> None:
        self.clock += other.clock
        self.processor += other.processor
        self.losses = self.losses or other.losses

    def said(self, batch: int) -> str:
        """Medians as a line of figures."""
        clock, processor = statistics.median(self.clock), statistics.median(self.processor)
        losses = ", ".join(f"{loss:.4f}" for loss in self.losses[:2])
        return (
            f"{batch / clock:6.2f} images/s, step {clock:6.2f} s by the clock, {processor:6.2f} s of the processor "
            f"({len(self.clock)} steps); first losses {losses}"
        )


def ours(run: Run, **options: Any) -> tuple[Steps, dict[str, Any]]:
    """One run of thuja's loop in a process of its own."""
    given = {
        "model": str(run.model),
        "shards": str(run.shards),
        "out": str(run.work / "run"),
        "steps": run.steps,
        "batch": run.batch,
        "images": run.made.samples,
        "precision": run.precision,
        **options,
    }
    words = [sys.executable, str(BENCHMARKS / "train_ours.py"), json.dumps(given)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment())
    if done.returncode:
        sys.exit(f"thuja failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return Steps(found["seconds"], found["processor"], found["losses"]), found


def peer(run: Run) -> Steps:
    """One run of open_clip_train; each of its log lines is timed as it comes."""
    logs = run.work / "peer"
    shutil.rmtree(logs, ignore_errors=True)
    last = -(-run.made.samples // 256) - 1
    words = [sys.executable, str(BENCHMARKS / "peers.py"), "open_clip_train", "--dataset-type", "webdataset"]
    words += ["--train-data", f"{run.shards}/{{000000..{last:06d}}}.tar", "--model", run.shape]
    words += ["--pretrained", str(run.model / "open_clip_model.safetensors"), "--batch-size", str(run.batch)]
    words += ["--train-num-samples", str(run.batch * run.steps), "--epochs", "1", "--workers", "1"]
    words += ["--precision", run.precision, "--device", "cpu", "--warmup", "100", "--save-frequency", "0"]
    words += ["--log-every-n-steps", "1", "--logs", str(logs), "--name", "run"]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(), start_new_session=True
    )
    assert process.stdout is not None
    marks: list[tuple[float, float]] = []
    losses: list[float] = []
    tail: list[str] = []
    for line in process.stdout:
        tail = [*tail[-30:], line]
        if "Train Epoch" in line:
            marks.append((time.perf_counter(), processor_seconds(process.pid)))
            losses.append(float(re.findall(r"Contrastive_loss: ([\d.]+)", line)[0]))
    if process.wait():
        sys.exit("open_clip_train failed:\n" + "".join(tail))
    pairs = list(pairwise(marks))
    return Steps([b[0] - a[0] for a, b in pairs], [b[1] - a[1] for a, b in pairs], losses)


def processor_seconds(session: int) -> float:
    """User and system time of all living processes of a session, and of their ended children."""
    total, tick = 0, os.sysconf("SC_CLK_TCK")
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()
        except OSError:  # ended meanwhile
            continue
        if int(fields[3]) == session:
            total += sum(int(number) for number in fields[11:15])
    return total / tick


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}


def versus(run: Run) -> None:
    """Both tools in turns; the medians over all rounds and their ratio."""
    slow, quick, ratios = Steps(), Steps(), []
    for number in range(run.rounds):
        order = (peer, ours) if number % 2 == 0 else (ours, peer)
        found = {one: one(run) for one in order}
        theirs = found[peer]
        own, facts = found[ours]
        assert isinstance(theirs, Steps)
        slow.add(theirs)
        quick.add(own)
        ratios.append([sum(getattr(theirs, kind)) / sum(getattr(own, kind)) for kind in ("clock", "processor")])
        print(f"round {number + 1}: {ratios[-1][0]:.2f} x by the clock, {ratios[-1][1]:.2f} x of the processor")
        waits = ", ".join(f"{wait:.2f}" for wait in facts["waits"][1:])
        print(f"  {facts['texts'][0]} texts of {run.batch}, {facts['tokens'][0]} tokens of {77 * run.batch}; {waits} s")
    print(f"open_clip_train {slow.said(run.batch)}")
    print(f"thuja           {quick.said(run.batch)}")
    clock, processor = (statistics.median(column) for column in zip(*ratios, strict=True))
    print(f"thuja is {clock:.2f} x as fast by the clock, {processor:.2f} x of the processor (medians of rounds)")


def share(run: Run) -> None:
    """What running texts at their length, once each, gains."""
    found = {name: Steps() for name in VARIANTS}
    facts: dict[str, dict[str, Any]] = {}
    for _ in range(run.rounds):
        for name, options in VARIANTS.items():
            steps, facts[name] = ours(run, **options)
            found[name].add(steps)
    least = statistics.median(next(iter(found.values())).processor)
    for name, steps in found.items():
        slower = statistics.median(steps.processor) / least
        tokens = statistics.mean(facts[name]["tokens"])
        print(f"{name:35} {steps.said(run.batch)}; {tokens:,.0f} tokens a step; {slower:.2f} x the time")


def where(run: Run) -> None:
    """A step by part, in a process of its own."""
    words = [sys.executable, str(BENCHMARKS / "train_parts.py"), str(run.model), str(run.shards)]
    words += [str(run.batch), run.precision]
    print(subprocess.run(words, check=True, capture_output=True, text=True, env=environment()).stdout, end="")


def memory(run: Run) -> None:
    """A large batch whole and in micro-batches: two steps each."""
    for micro_batch in (None, 32):
        steps, found = ours(run, batch=run.large, steps=2, micro_batch=micro_batch)
        name = "whole" if micro_batch is None else f"{micro_batch} at a time"
        print(f"batch {run.large}, {name}: peak {found['peak_mb'] / 1024:.2f} GiB; {steps.said(run.large)}", flush=True)


PARTS = {"peer": versus, "share": share, "where": where, "memory": memory}


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--shape", default="ViT-B-32")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=4, help="Of a run; the first is not counted.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=1024)
    parser.add_argument("--taxa", type=int, default=2000)
    parser.add_argument("--precision", default="fp32", choices=["fp32", "amp_bf16"])
    parser.add_argument("--large", type=int, default=1024)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "thuja-train-bench")
    chosen = parser.parse_args(words)
    run = Run(
        shape=chosen.shape,
        work=chosen.work,
        batch=chosen.batch,
        steps=chosen.steps,
        rounds=chosen.rounds,
        made=Made(samples=chosen.samples, taxa=chosen.taxa),
        precision=chosen.precision,
        large=chosen.large,
    )
    print(f"{run.shape}, batch {run.batch}, {run.precision}, {os.cpu_count()} processors, torch {torch.__version__}")
    print(f"load {os.getloadavg()[0]:.2f} before")
    for name in chosen.parts or PARTS:
        PARTS[name](run)
    print(f"load {os.getloadavg()[0]:.2f} after")


if __name__ == "__main__":
    main()
