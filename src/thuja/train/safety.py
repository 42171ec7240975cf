"""What ends a run early: a signal to stop, and a loss or gradient that has run away."""

import signal
import threading
from collections import deque
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, Self

from thuja.errors import Stopped, TrainingDiverged
from thuja.jobs import write_json
from thuja.train.batch import Batch

WINDOW: Final = 50
"""Steps whose mean loss is looked at."""
RISE: Final = 1.5
"""How far, in nats, that mean may rise above its lowest before the run counts as diverged; where the
loss is a sum of many and began far above chance's few nats, RISE_SHARE of where it began."""
RISE_SHARE: Final = 1 / 3


class Stops:
    """Notes SIGTERM, which clusters send before they take a machine away, and SIGUSR1, instead of dying of it.

    Before there is anything to save, they end the run at once: Stopped is raised. After `defer`, the
    loop asks `is_asked` between steps; after `release`, when all is saved, they end it at once again.
    A second signal does not cut short what the first one ends.
    Outside the main thread, where Python allows no handler, signals are left as they are.
    """

    def __init__(self) -> None:
        self.is_asked = False
        self._is_deferred = self._is_ending = False
        self._told = "stopped before the first step, and nothing is lost"
        self._before: dict[signal.Signals, Any] = {}

    def defer(self) -> None:
        """Let what has begun come to its end: there is something to save from here on."""
        self._is_deferred = True

    def release(self, told: str) -> None:
        """Raise Stopped with what is `told`, for a signal noted or to come: all that there was to save is saved."""
        self._told, self._is_deferred = told, False
        if self.is_asked:
            raise Stopped(told, hint="--resume goes on")

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGUSR1):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.is_asked = True
        if not self._is_deferred and not self._is_ending:
            self._is_ending = True
            raise Stopped(self._told, hint="--resume goes on")


class Watch:
    """Stops a run whose figures make no sense any more, and keeps the ids of the batch in `diverged.json`.

    All processes watch the same figures, so all stop at the same step; each keeps its own ids.
    """

    def __init__(self, out: Path, *, rank: int = 0) -> None:
        self._file = out / ("diverged.json" if rank == 0 else f"diverged-{rank}.json")
        self._recent: deque[float] = deque(maxlen=WINDOW)
        self._first = self._lowest = float("inf")

    def check_loss(self, loss: float, batch: Batch, step: int) -> None:
        """Raise TrainingDiverged for a loss that is no number, or that has climbed far above its best."""
        if not isfinite(loss):
            self._stop(f"the loss became {loss} at step {step}", loss, batch, step=step)
        self._recent.append(loss)
        if len(self._recent) == WINDOW:
            mean = sum(self._recent) / WINDOW
            self._first = mean if self._first == float("inf") else self._first
            self._lowest = min(self._lowest, mean)
            if mean > self._lowest + max(RISE, RISE_SHARE * self._first):
                what = f"the loss rose to {mean:.2f} by step {step}, from {self._lowest:.2f}"
                self._stop(what, loss, batch, step=step)

    def check_gradient(self, norm: float, batch: Batch, step: int) -> None:
        """Raise TrainingDiverged for a gradient that is no number; the weights are as they were."""
        if not isfinite(norm):
            self._stop(f"the gradient's length became {norm} at step {step}", norm, batch, step=step)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of it, so that a run that is often interrupted is watched as one."""
        return {"first": self._first, "lowest": self._lowest, "recent": list(self._recent)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._first, self._lowest = float(state["first"]), float(state["lowest"])
        self._recent = deque(state["recent"], maxlen=WINDOW)

    def _stop(self, what: str, value: float, batch: Batch, *, step: int) -> None:
        uuids = {share.name: list(share.uuids) for share in batch.shares}
        write_json(self._file, {"step": step, "value": str(value), "uuids": uuids})
        raise TrainingDiverged(what, hint=f"a lower learning rate; the batch is in {self._file}")
