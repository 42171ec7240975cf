"""The processes that train one model: what torchrun says of them, what they agree on, how they end together.

One process without torchrun is the same code with nothing to talk to.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from types import TracebackType
from typing import Any, Final, Literal, TypeVar

import torch
import torch.distributed as dist

from thuja.errors import ThujaError, UnknownName, UsageError
from thuja.model.machine import AUTO, find_device
from thuja.train.world import ALONE, Processes, World

T = TypeVar("T")

Engine = Literal["none", "ddp", "fsdp2"]
ENGINES: Final = (AUTO, "none", "ddp", "fsdp2")

PATIENCE: Final = timedelta(minutes=60)
"""How long a process waits for the others before it gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """This process among those of the run: its device, how they share the model, and the loss's world.

    Every method but the properties is called by all processes, at the same place of the run.
    """

    device: torch.device
    engine: Engine = "none"
    world: World = ALONE

    @property
    def is_main(self) -> bool:
        """Whether this process writes the run's files."""
        return self.world.rank == 0

    def agree(self, what: str, value: Any) -> None:
        """Raise UsageError, in every process, where they do not all have the same `value` (of JSON's kinds)."""
        if self.world.size == 1:
            return
        said = json.dumps(value, sort_keys=True)
        if len(said) > _LONGEST_SHOWN:
            said = sha256(said.encode()).hexdigest()[:12]
        everyone: list[str] = [""] * self.world.size
        dist.all_gather_object(everyone, said)
        other = next((rank for rank, theirs in enumerate(everyone) if theirs != everyone[0]), None)
        if other is not None:
            error = UsageError(
                f"the processes have different {what}: rank 0 has {everyone[0]}, rank {other} has {everyone[other]}",
                hint="start every process with the same command, on the same files",
            )
            raise self.shared(error)

    def shared(self, error: ThujaError) -> ThujaError:
        """An error that every process raises, which the main one tells."""
        error.is_told_elsewhere = not self.is_main
        return error

    def together(self, action: Callable[[], T]) -> T:
        """Do the same in every process; where any raises a ThujaError, all do: their own, or the first that there is.

        Each different error is told once, by the first process that has met it.
        """
        failure: ThujaError | None = None
        try:
            found = action()
        except ThujaError as error:
            failure = error
        everyone: list[ThujaError | None] = self.collect(failure)
        first = next((error for error in everyone if error is not None), None)
        if first is None:
            return found
        raised = failure or first
        said = [str(error) if error is not None else "" for error in everyone]
        raised.is_told_elsewhere = said.index(str(raised)) != self.world.rank
        raise raised

    def any_true(self, flag: bool) -> bool:
        """Whether any process says so: a signal that one of them got stops all at the same step."""
        return self.sum([float(flag)])[0] > 0

    def sum(self, values: Sequence[float]) -> list[float]:
        """Each value's sum over the processes."""
        if self.world.size == 1:
            return list(values)
        summed = torch.tensor(values, dtype=torch.float64)  # on the processor: no GPU is waited for
        dist.all_reduce(summed)
        return [float(value) for value in summed]

    def mean(self, values: Sequence[float]) -> list[float]:
        """Each value's mean over the processes."""
        return [value / self.world.size for value in self.sum(values)]

    def collect(self, value: Any) -> list[Any]:
        """Every process's value (of what pickles), in the order of the ranks."""
        if self.world.size == 1:
            return [value]
        everyone: list[Any] = [None] * self.world.size
        dist.all_gather_object(everyone, value)
        return everyone

    def tell(self, value: Any) -> Any:
        """The main process's value (of what pickles), in every process."""
        box = [value]
        if self.world.size > 1:
            dist.broadcast_object_list(box, 0)
        return box[0]

    def on_main(self, action: Callable[[], object]) -> None:
        """Do something in the main process; what it raises ends all: a ThujaError as it is, else by its name.

        A function that is handed in may raise anything, and the others wait for word.
        """
        if self.is_main:
            with _Outcome(self):
                action()
        elif (failure := self.tell(None)) is not None:
            raise self.shared(failure)

    def wait(self) -> None:
        """Go on when all processes have come here: a file that one wrote is there for the others."""
        self.sum([0.0])


def is_first_here() -> bool:
    """Whether this is the first of the machine's processes, which speaks for them before they have met."""
    return os.environ.get("LOCAL_RANK", "0") == "0"


@contextmanager
def told_once() -> Iterator[None]:
    """Let what every process meets before they have met each other be told by the first of each machine."""
    try:
        yield
    except ThujaError as error:
        error.is_told_elsewhere = not is_first_here()
        raise


class _Outcome:
    """Tells the other processes how a block of the main one ended, whatever it raised."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fleet.tell(error if error is None or isinstance(error, ThujaError) else _named(error))


_LONGEST_SHOWN = 60


def _named(error: BaseException) -> ThujaError:
    """What the other processes say of an error that only the main one has met."""
    first = next(iter(str(error).splitlines()), "")
    return ThujaError(f"the main process met {type(error).__name__}: {first}", hint="its own log says more")


@contextmanager
def start(
    device: str = AUTO, engine: str = AUTO, *, patience: timedelta = PATIENCE, rendezvous: str = "env://"
) -> Iterator[Fleet]:
    """Join the processes that torchrun started, or stand alone; leaves them at the end.

    `engine`:
      how processes share the model. `ddp`: each holds it whole; `fsdp2`: each holds its part of it;
      `none`: one process. `auto` is `ddp` for several processes and `none` for one.
    `rendezvous`:
      where they meet: torchrun's environment, or a URL of torch.distributed's.

    Raises UsageError for a device that is not there or an engine that does not fit the number of
    processes, ThujaError when another process is gone.
    """
    if engine not in ENGINES:
        raise UnknownName.of("engine", engine, ENGINES)
    place = find_device(device)
    rank, size = _environment()
    if engine == "none" and size > 1:
        raise UsageError(f"the engine none is for one process, and there are {size}", hint="--engine ddp or fsdp2")
    if engine in ("ddp", "fsdp2") and "WORLD_SIZE" not in os.environ:
        raise UsageError(
            f"the engine {engine} needs processes to share the model",
            hint=f"torchrun --nproc-per-node N -m thuja train ... --engine {engine}",
        )
    if engine == "none" or (engine == AUTO and size == 1):
        yield Fleet(device=place)
        return
    if place.type == "mps":
        raise UsageError("torch has no way to share a model over mps", hint="--device cpu, or one process")
    if place.type == "cuda":
        torch.cuda.set_device(place)
    dist.init_process_group(
        # Numbers of the loop's own, on the processor, go by gloo: they make no GPU wait.
        "cpu:gloo,cuda:nccl" if place.type == "cuda" else "gloo",
        init_method=rendezvous,
        timeout=patience,
        rank=rank,
        world_size=size,
    )
    try:
        with _lost_processes_told():
            yield Fleet(device=place, engine="fsdp2" if engine == "fsdp2" else "ddp", world=Processes())
    finally:
        # gloo's thread frees the last sum's tensors, for which it needs the interpreter's lock. Ending a group holds
        # that lock and waits for the thread: one run in a hundred hung here.
        time.sleep(0.1)
        dist.destroy_process_group()


def _environment() -> tuple[int, int]:
    """This process's rank and their number, as torchrun says; raises UsageError for half a word of it."""
    try:
        rank, size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    except ValueError as error:
        raise UsageError(f"RANK and WORLD_SIZE must be numbers: {error}") from error
    if not 0 <= rank < size:
        raise UsageError(f"RANK {rank} is not one of {size} processes", hint="let torchrun start them")
    return rank, size


@contextmanager
def _lost_processes_told() -> Iterator[None]:
    """Say in one sentence what gloo and NCCL say in twenty lines when another process is gone, or they cannot talk."""
    try:
        yield
    except RuntimeError as error:
        said = str(error)
        if any(word in said for word in _LOST):
            raise ThujaError(
                "another process of this run is gone or has not answered",
                hint="its own log says why; then go on with --resume",
            ) from error
        if not isinstance(error, dist.DistError) and not any(word in said for word in _LIBRARIES):
            raise
        reason = said.partition("Last error:")[2].strip() or said  # NCCL's own reason, below its versions
        raise ThujaError(f"the processes of this run cannot work together: {reason.splitlines()[0]}") from error


_LIBRARIES: Final = ("gloo", "NCCL")
_LOST: Final = (
    "Application timeout caused pair closure",
    "Broken pipe",
    "Connection closed by peer",
    "Connection refused",
    "Connection reset by peer",
    "Socket Timeout",
    "Timed out waiting",
    "remote process exited",
    "wait timeout",
)
"""What gloo, NCCL and torch's store say of a process that is gone."""
