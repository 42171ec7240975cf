"""One training run by thuja's own loop, its steps timed: what benchmarks/train.py starts in a process of its own.

    python benchmarks/train_ours.py '{"model": FOLDER, "shards": FOLDER, "out": FOLDER, "steps": 3, ...}'

Prints a line of JSON: seconds of each step but the first, by the clock and of the processor, losses,
peak memory, texts and tokens of a step.
"""

import json
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor

from thuja.model import Model, Tokenizer, TokenTree
from thuja.model.config import VisionConfig
from thuja.model.prefixes import TreeSize
from thuja.model.token_rows import TokenRows
from thuja.phrasing import CAPTIONS
from thuja.train import learner, loop, supply
from thuja.train.batch import TextTable
from thuja.train.metrics import MetricsLog, Row
from thuja.train.options import Machine, TrainOptions
from thuja.train.recipe import Objective, Recipe, Stream
from thuja.train.shape import OPENAI_CROP, ImageTower, Optimizer


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """A run. Texts are read as a `tree`, or each at the length of the `longest`, or `padded` to the whole context.

    `repeated` ones are each read for themselves.
    """

    model: str
    shards: str
    out: str
    steps: int
    batch: int
    images: int
    precision: str = "fp32"
    device: str = "cpu"
    workers: int = 0
    micro_batch: int | None = None
    recompute: bool = False
    compile: bool = False
    text: str = "tree"
    repeated: bool = False

    def recipe(self) -> Recipe:
        """open_clip_train's default rates, betas and decay for a ViT; its augmentation; plain CLIP loss."""
        config = Model.load(self.model).config
        assert isinstance(config.vision, VisionConfig)
        return Recipe(
            name="beside-open-clip",
            start=self.model,
            image=ImageTower(image_size=config.vision.image_size),
            streams=(Stream(batch_size=self.batch, objectives=(Objective(name="pairs", texts=CAPTIONS),)),),
            epochs=self.steps * self.batch / self.images,
            optimizer=Optimizer(lr=5e-4, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.2, grad_clip=None),
            warmup_steps=100,
            precision=self.precision,
            augmentation=OPENAI_CROP,
        )


class Clock(MetricsLog):
    """The run's own log, which notes when each step ended."""

    ends: list[tuple[float, float]] = []  # noqa: RUF012
    losses: list[float] = []  # noqa: RUF012
    waits: list[float] = []  # noqa: RUF012

    def write(self, row: Row) -> None:
        self.ends.append((time.perf_counter(), time.process_time()))
        self.losses.append(float(row["loss"]))
        self.waits.append(float(row["data_wait_s"]))
        super().write(row)


class Counted(TextTable):
    """The run's own table of texts, which notes how many a step has."""

    texts: list[int] = []  # noqa: RUF012

    def tokens(self, tokenizer: Tokenizer, context_length: int) -> tuple[list[list[int]], Tensor]:
        rows, place_of = super().tokens(tokenizer, context_length)
        self.texts.append(len(rows))
        return rows, place_of


class Repeated(Counted):
    """A table that does not see that two texts are the same."""

    def add(self, texts: Sequence[str]) -> Tensor:
        return super().add([Own(text) for text in texts])


class Own(str):
    """A text that equals no other."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


def count_tokens(text: str) -> list[int]:
    """Have every step's tokens counted, and texts read as `text` says; returns the counts as they grow."""
    counts: list[int] = []
    if text == "tree":
        pack = learner.pack

        def counted(rows: TokenRows, size: TreeSize) -> list[tuple[slice, TokenTree]]:
            trees = list(pack(rows, size))
            counts.append(sum(len(tree.tokens) for _, tree in trees))
            return trees

        learner.pack = counted  # type: ignore[assignment]
        return counts

    def plainly(self: learner.Learner, tokens: Sequence[Sequence[int]]) -> Tensor:
        rows = self.model.tokenizer.pad(tokens, 77 if text == "padded" else None)
        counts.append(rows.numel())
        return self.model.encode_text(rows)

    learner.Learner._texts = plainly  # type: ignore[method-assign]
    return counts


def run(given: Ours) -> dict[str, object]:
    """Train, and what was measured."""
    loop.MetricsLog = Clock  # type: ignore[misc]
    supply.TextTable = Repeated if given.repeated else Counted  # type: ignore[misc]
    tokens = count_tokens(given.text)
    machine = Machine(
        device=given.device,
        micro_batch=given.micro_batch,
        workers=given.workers,
        recompute=given.recompute,
        compile=given.compile,
    )
    options = TrainOptions(force=True, checkpoint_every=10**9, machine=machine)
    loop.train(given.recipe(), {"life": given.shards}, Path(given.out), options=options)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if given.device.startswith("cuda"):
        peak = torch.cuda.max_memory_allocated() / 2**20
    return {
        "seconds": [after[0] - before[0] for before, after in pairwise(Clock.ends)],
        "processor": [after[1] - before[1] for before, after in pairwise(Clock.ends)],
        "losses": Clock.losses,
        "waits": Clock.waits,
        "texts": Counted.texts,
        "tokens": tokens,
        "peak_mb": peak,
        "given": asdict(given),
    }


if __name__ == "__main__":
    print(json.dumps(run(Ours(**json.loads(sys.argv[1])))))
