"""How one run is carried out: where, how often it is saved and checked, what is handed in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from thuja.errors import UsageError
from thuja.model import Model
from thuja.model.machine import AUTO, fair_threads
from thuja.phrasing import Wording, phrase
from thuja.train.corpus import Corpus

Evaluate = Callable[[Model], Mapping[str, float]]
Featurize = Callable[[Model, Corpus], np.ndarray[Any, np.dtype[np.float32]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a run is carried out on; nothing here changes what it learns, up to rounding.

    `device` is cpu, mps, cuda or cuda:N; auto is the best there is. Under torchrun, `engine` keeps
    whole copies (ddp, auto) or parts (fsdp2) of the model in each process.
    `micro_batch` images go through the towers at a time, by default as many as fit. `workers`
    processes decode (0: a thread; None: by the device). `recompute` keeps no activations inside the
    towers' blocks; `compile` compiles them.
    """

    device: str = AUTO
    engine: str = AUTO
    micro_batch: int | None = None
    workers: int | None = None
    recompute: bool = False
    compile: bool = False

    def __post_init__(self) -> None:
        if (self.micro_batch is not None and self.micro_batch < 1) or (self.workers is not None and self.workers < 0):
            raise UsageError(
                f"micro_batch is at least 1 and workers at least 0, got {self.micro_batch} and {self.workers}"
            )

    def decoders(self, device: torch.device) -> int:
        """How many processes decode: on a GPU its share of the processors, none beside a model on the processors."""
        if self.workers is not None:
            return self.workers
        return fair_threads() if device.type == "cuda" else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """How one run is carried out; nothing here but `wording` changes what an undisturbed run learns.

    `evaluate` is called on the model every `evaluate_every` steps and at the end; what it returns
    goes to metrics.jsonl, and the model that is best by the recipe's metric is kept in `best/`.
    `finish` is called on the trained model and its folder before the run counts as complete.
    `featurize` gives the (N, F) features of a frozen trunk for a corpus. `wording` puts taxa into
    words. `steps` ends the run early, on the recipe's own schedule. The newest `keep` checkpoints
    stay. `logs` are further places for metrics: tensorboard, wandb. With `patience`, the start is
    checked too, the run ends after that many checks in a row that found nothing better, and the best
    model, not the last, is what it leaves.
    """

    resume: bool = False
    force: bool = False
    steps: int | None = None
    checkpoint_every: int = 50
    evaluate_every: int = 100
    keep: int = 2
    patience: int | None = None
    evaluate: Evaluate | None = None
    featurize: Featurize | None = None
    finish: Callable[[Model, Path], None] | None = None
    wording: Wording = phrase
    logs: tuple[str, ...] = ()
    machine: Machine = Machine()
