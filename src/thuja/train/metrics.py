"""A run's figures, one row a step: metrics.jsonl always, TensorBoard and Weights & Biases where asked for."""

import importlib
import importlib.util
import json
import logging
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from thuja.errors import UnknownName, UsageError
from thuja.jobs import write_text

logger = logging.getLogger(__name__)

FILE = "metrics.jsonl"
LOGS = ("tensorboard", "wandb")

Row = Mapping[str, float | str]


class MetricsLog:
    """Appends rows to `metrics.jsonl` and hands their numbers to the further logs; on one process only."""

    def __init__(self, out: Path, logs: Sequence[str] = (), *, is_main: bool = True, step: int = 0) -> None:
        """`step` is the last one that was done before, where a run goes on."""
        self._out, self._names, self._is_main, self._step = out, tuple(logs), is_main, step
        self._file: Any = None
        self._further: list[Any] = []

    def __enter__(self) -> Self:
        if self._is_main:
            self._file = (self._out / FILE).open("a", encoding="utf-8")
            self._further = [_OPENED[name](self._out, self._step) for name in self._names]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()
        for log in self._further:
            log.close()

    def write(self, row: Row) -> None:
        """One step's figures; `step` is among them."""
        if not self._is_main:
            return
        self._file.write(json.dumps(row) + "\n")
        numbers = {name: value for name, value in row.items() if not isinstance(value, str)}
        for log in self._further:
            log.write(int(numbers["step"]), numbers)

    def flush(self) -> None:
        """Bring what is written to the disk's own buffers, before a checkpoint that goes with it."""
        if self._file:
            self._file.flush()


class _TensorBoard:
    """Steps that an interrupted run took after its last checkpoint are shown once, as the resumed run took them."""

    def __init__(self, out: Path, step: int) -> None:
        writer = importlib.import_module("torch.utils.tensorboard").SummaryWriter
        self._writer = writer(log_dir=str(out / "tensorboard"), purge_step=step + 1 if step else None)

    def write(self, step: int, numbers: Mapping[str, float]) -> None:
        for name, value in numbers.items():
            if name != "step":
                self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()


class _WandB:
    """The run's id is a file of its folder, so that a resumed run goes on in the same place and no other does.

    W&B takes no step twice: those that a resumed run repeats stay as they were logged before.
    """

    def __init__(self, out: Path, step: int) -> None:
        config = json.loads((out / "recipe.json").read_text(encoding="utf-8"))
        name, known = out.resolve().name, out / "wandb-id.txt"
        if not known.exists():
            write_text(known, secrets.token_hex(8))
        run_id = known.read_text(encoding="utf-8")
        self._run = importlib.import_module("wandb").init(
            project="thuja", id=run_id, name=name, resume="allow", dir=str(out), config=config
        )

    def write(self, step: int, numbers: Mapping[str, float]) -> None:
        self._run.log(dict(numbers), step=step)

    def close(self) -> None:
        self._run.finish()


_OPENED = {"tensorboard": _TensorBoard, "wandb": _WandB}


def require_logs(names: Sequence[str]) -> None:
    """Raise UnknownName for a log that there is not, UsageError for one whose package is not installed."""
    for name in names:
        if name not in LOGS:
            raise UnknownName.of("log", name, LOGS)
        if importlib.util.find_spec(name) is None:
            raise UsageError(f"the log {name} needs the package {name}", hint=f"pip install 'thuja[{name}]'")


def warn_of_replaced(out: Path) -> None:
    """Say at the end of a run how many images could not be read in all of it, and why."""
    rows = (json.loads(line) for line in (out / FILE).read_text(encoding="utf-8").splitlines())
    found = Counter[str]()
    for row in rows:
        found.update({name: count for name, count in row.items() if name.startswith("replaced")})
    if total := found.pop("replaced", 0):
        why = ", ".join(f"{count:,} {name.removeprefix('replaced_')}" for name, count in sorted(found.items()))
        logger.warning("%s images could not be read, and others stood in for them; met were %s", f"{total:,}", why)


def last_metrics(out: Path) -> dict[str, float]:
    """The step and figures of the log's last line, without speeds and settings."""
    lines = (out / FILE).read_text(encoding="utf-8").splitlines()
    row: dict[str, float] = json.loads(lines[-1]) if lines else {}
    return {
        name: value
        for name, value in row.items()
        if name in ("step", "epoch") or (name.startswith(("loss", "val_")) and not isinstance(value, str))
    }


def cut_back(out: Path, step: int) -> None:
    """Leave in the log what was written up to `step`, where a resumed run goes on."""
    log = out / FILE
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True) if log.exists() else []
    write_text(log, "".join(line for line in lines if _step_of(line) <= step))


def _step_of(line: str) -> float:
    """The step of one line; a line cut short by a kill counts as never written."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError):
        return float("inf")
