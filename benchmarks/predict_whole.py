"""`thuja predict` against `bioclip predict`: whole processes on the same hub cache, their wall time and memory.

Memory is told twice, from /proc/PID/status five times a second: the most that was resident (VmHWM), which counts
the pages of mapped files, and the most anonymous memory (RssAnon), the process's own. `ru_maxrss` would count what
the parent had at its fork. pybioclip reads its matrix of labels into its own memory; thuja maps its own copy in
float16, made by the first run and kept in its cache (THUJA_CACHE).
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from predict_run import Run
from random_models import REPOSITORIES

RANK, K = "family", 5
BENCHMARKS = Path(__file__).parent
THUJA = [sys.executable, "-c", "from thuja.cli.main import main; main()"]
PEER = [sys.executable, str(BENCHMARKS / "peers.py"), "bioclip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a process took: seconds, seconds of processors, and megabytes."""

    seconds: float
    processors: float
    resident: float
    own: float

    def __str__(self) -> str:
        return (
            f"{self.seconds:.1f} s ({self.processors:.1f} s of processors), resident at most {self.resident:,.0f} MB, "
            f"its own {self.own:,.0f} MB"
        )


def cost_of(words: Sequence[object], **environment: str) -> Cost:
    """Run a whole process."""
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        child = subprocess.Popen(
            list(map(str, words)), env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=errors
        )
        peaks = {"VmHWM": 0, "RssAnon": 0}
        watcher = threading.Thread(target=_watch, args=(child.pid, peaks), daemon=True)
        watcher.start()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            errors.seek(0)
            sys.exit(f"{words[:8]} failed:\n{errors.read()[-2000:].decode(errors='replace')}")
    return Cost(
        seconds=seconds,
        processors=usage.ru_utime + usage.ru_stime,
        resident=peaks["VmHWM"] * 1024 / 1e6,
        own=peaks["RssAnon"] * 1024 / 1e6,
    )


def _watch(pid: int, peaks: dict[str, int]) -> None:
    """Keep the most of each, in kB, until the process is gone."""
    while True:
        try:
            lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            return
        for line in lines:
            name, _, value = line.partition(":")
            if name in peaks:
                peaks[name] = max(peaks[name], int(value.split()[0]))
        time.sleep(0.2)


def main(run: Run) -> None:
    home = run.home
    model = f"hf-hub:{REPOSITORIES[run.shape][0]}"
    environment = {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "THUJA_CACHE": str(run.work / "cache")}
    photos = [str(photo) for photo in run.photos]
    asked = ["--rank", RANK, "-k", K, "--model", model.removeprefix("hf-hub:imageomics/"), "--calibration", "none"]
    ours = [*THUJA, "predict", *photos, *asked, "--format", "csv"]
    start = [*THUJA, "predict", photos[0], *asked, "--format", "csv"]
    first = cost_of(start, **environment)
    print(f"thuja, one photo, a first run: {first}", flush=True)
    print(f"thuja, one photo, again: {cost_of(start, **environment)}", flush=True)
    fast = cost_of(ours, **environment)
    print(f"thuja, {len(photos)} photos, its defaults: {fast}", flush=True)
    exact = cost_of([*ours, "--precision", "fp32", "--exact"], **environment)
    print(f"thuja, fp32, exact: {exact}", flush=True)
    peer = cost_of([*PEER, "predict", *photos, "--rank", RANK, "--k", K, "--model", model], **environment)
    print(f"pybioclip: {peer}", flush=True)
    again = cost_of(ours, **environment)
    print(f"thuja once more: {again}; load {os.getloadavg()[0]:.1f}")
    best = min(fast, again, key=lambda cost: cost.seconds)
    print(
        f"{peer.seconds / best.seconds:.2f} x the speed ({peer.processors / best.processors:.2f} x by processor time; "
        f"fp32 {peer.seconds / exact.seconds:.2f} x), {best.resident / peer.resident:.2f} of the resident memory, "
        f"{best.own / peer.own:.2f} of its own"
    )
