"""The options of verbs that train: what a run is carried out on, and how often it is saved and checked."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from thuja.cli.option_groups import grouped

if TYPE_CHECKING:
    from thuja.train import TrainOptions


class MachineChoice(NamedTuple):
    """What the user said of the machine; the fields of `thuja.train.Machine`, which would import torch."""

    device: str
    engine: str
    micro_batch: int | None
    workers: int | None
    recompute: bool
    compile: bool


class CourseChoice(NamedTuple):
    """What the user said of the run's course; fields of `thuja.train.TrainOptions`."""

    resume: bool
    force: bool
    steps: int | None
    keep: int
    logs: tuple[str, ...]
    checkpoint_every: int = 50
    evaluate_every: int = 100

    def on(self, machine: MachineChoice) -> "TrainOptions":
        """Both as the training loop takes them; raises UsageError."""
        from thuja.train import Machine, TrainOptions

        return TrainOptions(**self._asdict(), machine=Machine(**machine._asdict()))


_COUNT = click.IntRange(min=1)

_MACHINE = (
    click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1 or mps."),
    click.option(
        "--engine", default="auto", show_default=True, help="How torchrun's processes share the model: ddp or fsdp2."
    ),
    click.option("--micro-batch", type=_COUNT, help="Images at once in each process.  [default: what fits]"),
    click.option("--workers", type=click.IntRange(min=0), help="Processes that decode.  [default: by the device]"),
    click.option("--recompute", is_flag=True, help="Keep fewer activations, and compute them again."),
    click.option("--compile", "compile", is_flag=True, help="Compile the model first, on a GPU."),
)

_COURSE = (
    click.option("--resume", is_flag=True, help="Go on with the run in --out from its newest checkpoint."),
    click.option("--force", is_flag=True, help="Replace the run in --out."),
    click.option("--steps", type=_COUNT, help="Stop after this many steps."),
    click.option("--keep", type=_COUNT, default=2, show_default=True, help="Checkpoints that stay."),
    click.option("--log", "logs", multiple=True, help="Log there too, beside metrics.jsonl: tensorboard or wandb."),
)

_RHYTHM = (
    click.option("--checkpoint-every", type=_COUNT, default=50, show_default=True, help="Steps."),
    click.option("--evaluate-every", type=_COUNT, default=100, show_default=True, help="Steps."),
)

machine_options = grouped("machine", MachineChoice, _MACHINE)
"""Gives a command the options of the machine, as one argument `machine`."""

course_options = grouped("course", CourseChoice, (*_COURSE, *_RHYTHM))
"""Gives a command the options of the run's course, as one argument `course`."""

settled_course_options = grouped("course", CourseChoice, _COURSE)
"""As `course_options`, for a verb that settles itself how often to save and to check."""


def pairs_of(said: tuple[str, ...], *, option: str, example: str) -> dict[str, str]:
    """NAME=VALUE of an option given several times; raises UsageError for one without `=`."""
    from thuja.errors import UsageError

    for one in said:
        if "=" not in one or one.startswith("="):
            raise UsageError(
                f'{option} takes NAME=VALUE, got "{one}"',
                hint=f"{option} {one.strip('=') or 'NAME'}=VALUE, as {example}",
            )
    return dict(one.split("=", 1) for one in said)


def places_of(said: tuple[str, ...]) -> dict[str, Path | str]:
    """Where each further stream's images are, by its name."""
    return dict(pairs_of(said, option="--stream", example="replay=SHARDS"))
