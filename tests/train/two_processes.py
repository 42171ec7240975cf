"""What test_parallel.py starts: a small learner trained for a few steps by however many processes.

Usage: two_processes.py TASK OUT, with torchrun's RANK and WORLD_SIZE in the environment.
"""

import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch

from thuja.errors import EmptyInput, ThujaError
from thuja.images import Preparation
from thuja.model import Model, ModelConfig, TextConfig, Tokenizer, VisionConfig
from thuja.model.config import HeadConfig
from thuja.train import Machine, TrainOptions
from thuja.train import train as train_run
from thuja.train.batch import Batch, Share, TextTable, lesson
from thuja.train.blocks import checkpoint_blocks
from thuja.train.drawing import Spoken
from thuja.train.learner import Learner, Passes, weighed
from thuja.train.optim import build_optimizer
from thuja.train.parallel import start
from thuja.train.precision import Precision
from thuja.train.recipe import Objective, Recipe, Stream
from thuja.train.shape import Optimizer
from thuja.train.sharding import clip_gradients, gather_state, gather_weights, restore_state, share

PAIRS, STEPS, HALF = 8, 5, 3

RECIPE = Recipe(
    name="two",
    heads=(HeadConfig(name="replay", has_own_temperature=True),),
    streams=(
        Stream(
            batch_size=PAIRS, objectives=(Objective(loss="multi_positive"), Objective(name="pairs", loss="sigmoid"))
        ),
        Stream(name="replay", batch_size=PAIRS, objectives=(Objective(name="said", head="replay"),)),
    ),
    optimizer=Optimizer(lr=1e-3),
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training run: how, from which saved state, and which steps of it."""

    engine: str = "none"
    precision: str = "fp32"
    recompute: bool = False
    freeze: bool = False
    resume: Path | None = None
    first: int = 0
    last: int = STEPS


def small_model() -> Model:
    texts = [words(number) for number in range(20)]
    tokenizer = Tokenizer.train(texts, 560)
    config = ModelConfig(
        embed_dim=16,
        vision=VisionConfig(image_size=16, patch_size=8, width=32, layers=3, head_width=16),
        text=TextConfig(context_length=24, vocab_size=tokenizer.vocab_size, width=24, heads=2, layers=2),
        heads=RECIPE.heads,
    )
    generator = torch.Generator().manual_seed(0)
    return Model.create(config, tokenizer, Preparation(size=16, mode="squash"), generator=generator).train()


def words(number: int) -> str:
    """Texts of different lengths, so that one process has more groups of them than the other."""
    above = ["kingdom", "phylum", "class", "order"][: 1 + number % 4]
    return " ".join([*above, f"species{number}"])


def batch(model: Model, step: int, rank: int, size: int) -> Batch:
    """This process's part of the step: two images of each kind, of which the second process's have one text length."""
    table = TextTable()
    shares = []
    for place, stream in enumerate(RECIPE.streams):
        generator = np.random.default_rng([step, place])
        images = generator.integers(0, 256, (PAIRS, 18, 18, 3), dtype=np.uint8)
        kinds = np.concatenate([np.arange(PAIRS // 2) // 2, [8, 8, 12, 12]]) + step % 2
        part = slice(rank * PAIRS // size, (rank + 1) * PAIRS // size)
        own = kinds[part]
        spoken = Spoken(
            name="", texts=[words(kind) for kind in own], keys=own, levels=np.zeros_like(own), image_keys=own[:, None]
        )
        shares.append(
            Share(
                name=stream.name,
                uuids=[f"{place}-{row}" for row in range(PAIRS)[part]],
                images=torch.from_numpy(images[part]),
                boxes=torch.eye(2, 3).expand(len(own), 2, 3),
                lessons=[lesson(replace(spoken, name=one.name), table) for one in stream.objectives],
            )
        )
    tokens, place_of = table.tokens(model.tokenizer, 24)
    placed = [
        replace(one, lessons=[replace(said, text_of=place_of[said.text_of]) for said in one.lessons]) for one in shares
    ]
    return Batch(step=step, shares=placed, tokens=tokens)


def train(run: Run, rendezvous: str = "env://") -> dict:
    """The losses, the gradients' lengths, and on rank 0 the state after the last step and the model's weights."""
    with start("cpu", run.engine, rendezvous=rendezvous, patience=timedelta(seconds=60)) as fleet:
        learner = Learner(small_model(), RECIPE)
        if run.freeze:
            learner.model.freeze_trunk()
        precision = Precision(name=run.precision)
        learner.world, learner.passes = fleet.world, Passes(micro_batch=2, text_tokens=16, precision=precision)
        precision.cast(learner)
        if run.recompute:
            checkpoint_blocks(learner)
        module = share(learner, fleet)
        optimizer = build_optimizer([(learner.named_parameters(), RECIPE.optimizer.lr)], RECIPE.optimizer)
        if run.resume is not None:
            restore_state(module, optimizer, torch.load(run.resume) if fleet.is_main else {})
        losses, norms = [], []
        for step in range(run.first, run.last):
            loss = weighed(module(batch(learner.model, step, fleet.world.rank, fleet.world.size)), RECIPE)
            loss.backward()
            norms.append(float(clip_gradients(learner.parameters(), 0.5)))
            optimizer.step()
            optimizer.zero_grad()
            losses += fleet.mean([float(loss.detach())])
        state, weights = gather_state(module, optimizer), gather_weights(module, "model.")
        return {"losses": losses, "norms": norms, "state": state, "weights": weights}


def engines(out: Path, runs: Sequence[str]) -> None:
    """Runs by name, each written by rank 0."""
    for name in runs:
        result = train(RUNS[name](out), f"file://{out}/meet-{name}")
        if os.environ["RANK"] == "0":
            torch.save(result, out / f"{name}.pt")
            torch.save(result["state"], out / f"{name}.state")


RUNS = {
    "ddp": lambda out: Run(engine="ddp"),
    "fsdp2": lambda out: Run(engine="fsdp2"),
    "ddp-recompute-frozen": lambda out: Run(engine="ddp", recompute=True, freeze=True),
    "fsdp2-recompute-frozen": lambda out: Run(engine="fsdp2", recompute=True, freeze=True),
    "ddp-amp": lambda out: Run(engine="ddp", precision="amp_bf16"),
    "fsdp2-amp": lambda out: Run(engine="fsdp2", precision="amp_bf16"),
    "ddp-pure": lambda out: Run(engine="ddp", precision="pure_bf16"),
    "fsdp2-pure": lambda out: Run(engine="fsdp2", precision="pure_bf16"),
    "fsdp2-half": lambda out: Run(engine="fsdp2", last=HALF),
    "ddp-from-alone": lambda out: Run(engine="ddp", resume=out / "alone-half.state", first=HALF),
    "fsdp2-from-alone": lambda out: Run(engine="fsdp2", resume=out / "alone-half.state", first=HALF),
}


def disagree(out: Path, _: Sequence[str]) -> None:
    """One process gets a signal, one cannot write, and then their data differ."""
    rank = int(os.environ["RANK"])
    with start("cpu", "auto", rendezvous=f"file://{out}/meet", patience=timedelta(seconds=60)) as fleet:
        fleet.agree("seed", 42)
        told = {
            "nobody": fleet.any_true(False),
            "one": fleet.any_true(rank == 1),
            "sum": fleet.sum([1.0 + rank, 2.0]),
            "engine": fleet.engine,
        }
        try:
            fleet.on_main(_refuse)
        except ThujaError as error:
            told["met"] = error.message
        try:
            fleet.on_main(lambda: [][0])
        except (IndexError, ThujaError) as error:
            told["slip"] = str(error)
        (out / f"told-{rank}.json").write_text(json.dumps(told))
        fleet.agree("data", {"records": ["a" * 100, rank]})


def _refuse() -> None:
    raise EmptyInput("nothing here")


def apart(out: Path, port: Sequence[str]) -> None:
    """A run whose folder only rank 0 sees, ended by patience."""
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=port[0])
    own = out / os.environ["RANK"]
    own.mkdir()
    options = TrainOptions(
        evaluate=lambda model: {"zero_shot_top1": 0.5},
        evaluate_every=1,
        patience=2,
        machine=Machine(device="cpu", engine="fsdp2"),
    )
    recipe = Recipe.from_json((out / "recipe.json").read_text())
    train_run(recipe, out / "data", own / "run", options=options)


def lose(out: Path, _: Sequence[str]) -> None:
    """Rank 1 is killed in the middle of a run."""
    with start("cpu", "ddp", rendezvous=f"file://{out}/meet", patience=timedelta(seconds=60)) as fleet:
        fleet.wait()
        if not fleet.is_main:
            os.kill(os.getpid(), signal.SIGKILL)
        fleet.wait()


if __name__ == "__main__":
    torch.set_num_threads(1)
    task = {"engines": engines, "disagree": disagree, "lose": lose, "apart": apart}[sys.argv[1]]
    try:
        task(Path(sys.argv[2]), sys.argv[3:])
    except ThujaError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
