"""The options that say where and how a model runs, the same for every verb that runs one."""

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import click

from thuja.cli.option_groups import grouped

if TYPE_CHECKING:
    from thuja.encode import Hardware


class HardwareChoice(NamedTuple):
    """What the user said; the fields of `thuja.encode.Hardware`, which would import torch."""

    device: str
    precision: str
    engine: str
    is_compiled: bool
    threads: int | None

    def settled(self, planned: str | None = None) -> "Hardware":
        """With every `auto` chosen for this machine; raises UsageError for what it cannot do.

        An `auto` precision is the `planned` one of a job that was begun, if this machine can do that.
        """
        from thuja.encode.hardware import Hardware
        from thuja.errors import UsageError
        from thuja.model.machine import AUTO

        if planned is not None and self.precision == AUTO:
            with suppress(UsageError):
                return Hardware(**self._replace(precision=planned)._asdict()).settled()
        return Hardware(**self._asdict()).settled()


_OPTIONS = (
    click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1 or mps."),
    click.option(
        "--precision", default="auto", show_default=True, help="fp32, bf16, fp16 (GPU) or int8 (with engine onnx)."
    ),
    click.option(
        "--engine", default="auto", show_default=True, help="torch; or openvino, onnx: extras, for images on a CPU."
    ),
    click.option("--compile", "is_compiled", is_flag=True, help="Compile the model first, on a GPU."),
    click.option("--threads", type=click.IntRange(min=1), help="Of the processor.  [default: all it may use]"),
)

hardware_options = grouped("hardware", HardwareChoice, _OPTIONS)
"""Gives a command the options above, as one argument `hardware`."""
