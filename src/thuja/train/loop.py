"""The training loop: read top to bottom, it is one run.

Everything random in step k is a function of (seed, k), so weights, optimiser and step number are
all that a checkpoint needs for a resumed run to equal one left alone, bit for bit.
"""

import json
import logging
import time
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from thuja.errors import Stopped, UnknownName, UsageError
from thuja.jobs import Progress, sole_folder, write_json, write_text
from thuja.model import Model
from thuja.train.batch import Batch
from thuja.train.checkpoint import full_disk_told, keep_best, load_newest, save_checkpoint
from thuja.train.checks import Data, Facts, check_run, total_steps
from thuja.train.feed import Feed
from thuja.train.learner import Learner, weighed
from thuja.train.lora import Adapters, plain_model
from thuja.train.memory import estimate, free_memory
from thuja.train.metrics import MetricsLog, cut_back, last_metrics, warn_of_replaced
from thuja.train.opening import featurized, feed_workers
from thuja.train.optim import build_optimizer, schedule
from thuja.train.options import Evaluate, TrainOptions
from thuja.train.parallel import Fleet, start
from thuja.train.placing import leaves_some_out, memory_told, placed, settled, workload
from thuja.train.precision import LossScale
from thuja.train.recipe import Recipe
from thuja.train.safety import Stops, Watch
from thuja.train.sharding import State, clip_gradients, gather_state, gather_weights, restore_state, share
from thuja.train.sources import Source
from thuja.train.start import start_learner
from thuja.train.supply import PART, Supply, collate
from thuja.train.telling import tell_beginning, tell_end, told_loss

logger = logging.getLogger(__name__)


def train(recipe: Recipe, data: Data, out: Path, *, options: TrainOptions | None = None) -> Model:
    """Train a model; returns it, saved in `out/model`.

    `data` is the folder whose `train` split the only stream is, or where each stream's images are
    by its name. Writes `recipe.json`, `data.json`, `metrics.jsonl`, `checkpoints/`, `best/`
    and `model/`. Of several processes, the main one returns it as it is saved. Raises Stopped where
    SIGTERM ended it early, after saving.
    """
    options = options or TrainOptions()
    with (
        start(options.machine.device, options.machine.engine) as fleet,
        Stops() as stops,
        closing(check_run(recipe, data, out, options=options, fleet=fleet)) as checked,
    ):
        with _claimed(out, fleet, options):
            if fleet.is_main and not checked.is_begun:
                write_json(out / "data.json", checked.facts)
                write_text(out / "recipe.json", recipe.to_json())
            run = _Run(recipe, checked.sources, out, options=options, fleet=fleet)
            run.finish_steps(stops)
            model, adapters = run.trained()
            stops.release(ENDED)
            if fleet.is_main:
                warn_of_replaced(out)
                _finish(model, recipe, out, facts=checked.facts, options=options)
                if adapters:
                    adapters.save(out / "model")
        return model


ENDED = "stopped after the last step, which is saved"


class _Run:
    """One training run's state: what learns, its optimiser, the step, and where batches come from."""

    def __init__(
        self, recipe: Recipe, sources: Mapping[str, Source], out: Path, *, options: TrainOptions, fleet: Fleet
    ) -> None:
        self.recipe, self.sources, self.out, self.options, self.fleet = recipe, sources, out, options, fleet
        images = len(sources[recipe.streams[0].name])
        self.total = total_steps(recipe, images)
        self.frozen_until = 0
        if recipe.image.trunk:
            self.frozen_until = self.total - round(recipe.unfreeze_epochs * images / recipe.batch_size)
        learner = start_learner(recipe, sources, wording=options.wording)
        if recipe.image.trunk and not recipe.unfreeze_epochs:
            learner.model.freeze_trunk()
        self.planned = workload(recipe, learner.model.config, fleet, machine=options.machine)
        self.budget = min(fleet.collect(free_memory(fleet.device)))  # before the model lies on the device
        self.work = settled(self.planned, fleet, budget=self.budget)
        self.watch = Watch(out, rank=fleet.world.rank)
        self.best, self.stale = -float("inf"), 0
        with memory_told(self.work):
            self.learner = placed(learner, fleet, self.work, machine=options.machine)
            self.shared = share(self.learner, fleet, finds_unused=leaves_some_out(self.learner))
            self.loss_scale = LossScale(self.work.precision)
            self.optimizer = build_optimizer(_groups(self.learner, recipe), recipe.optimizer)
            self.step = self._restore()

    def finish_steps(self, stops: Stops) -> None:
        """Run every step that is left, logging, checking and saving on the way."""
        options, recipe = self.options, self.recipe
        last = self.step if self._is_patience_out() else min(self.total, options.steps or self.total)
        left = max(last - self.step, 0) * recipe.step_images
        if self.fleet.is_main:
            tell_beginning(recipe, step=self.step, last=last, total=self.total)
        progress = Progress(total=left, label=f"training {recipe.name}") if self.fleet.is_main and left else None
        log = MetricsLog(self.out, options.logs, is_main=self.fleet.is_main, step=self.step)
        with log, memory_told(self.work), closing(self._batches(last)) as batches:
            if options.patience and options.evaluate and not self.step:
                log.write({"step": 0, **self._evaluated(options.evaluate)})
            started = time.perf_counter()
            for batch, waited in batches:
                stops.defer()
                row = self._learn(batch)
                self.step += 1
                is_last = self.step == last
                seconds, started = time.perf_counter() - started, time.perf_counter()
                row |= {"images_per_s": round(recipe.step_images / seconds, 1), "data_wait_s": round(waited, 4)}
                row |= {"order": batch.order} | self._replaced(batch)
                if options.evaluate and (self.step % options.evaluate_every == 0 or is_last):
                    row |= self._evaluated(options.evaluate)
                    started = time.perf_counter()
                    is_last = is_last or self._is_patience_out()
                log.write(row)
                is_stopped = self.fleet.any_true(stops.is_asked)
                if self.step % options.checkpoint_every == 0 or is_last or is_stopped:
                    log.flush()
                    self._save()
                if progress:
                    progress.advance(recipe.step_images, note=told_loss(row))
                if is_stopped and not is_last:
                    stopped = Stopped(f"stopped at step {self.step} of {last}, which is saved", hint="--resume goes on")
                    raise self.fleet.shared(stopped)
                if is_last:
                    break
        if progress:
            progress.close()
        if self.fleet.is_main:
            total = self.step if self._is_patience_out() else self.total
            tell_end(self.out, metric=recipe.best, step=self.step, total=total)
        if self.fleet.any_true(stops.is_asked):
            raise self.fleet.shared(Stopped(ENDED, hint="--resume goes on"))

    def _learn(self, batch: Batch) -> dict[str, float | str]:
        """One step of the optimiser; returns the losses, the learning rate and the temperatures."""
        rate = schedule(self.step, total=self.total, warmup=self.recipe.warmup_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak_lr"] * rate
        self.shared.train()
        losses: dict[str, Tensor] = self.shared(batch)
        total = weighed(losses, self.recipe)
        values = self.fleet.mean(torch.stack([total, *losses.values()]).tolist())
        self.watch.check_loss(values[0], batch, self.step)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(total * self.loss_scale.value)
        norm = clip_gradients(self.learner.parameters(), self.recipe.optimizer.grad_clip, scale=self.loss_scale.value)
        is_accepted = self.loss_scale.accept(norm)
        if is_accepted or self.loss_scale.value <= 1:  # no smaller scale is left to be tried
            self.watch.check_gradient(norm.item(), batch, self.step)
        if is_accepted:
            self.optimizer.step()
            self.learner.model.clamp_scales()
        return {
            "step": self.step + 1,
            "epoch": round(
                (self.step + 1) * self.recipe.batch_size / len(self.sources[self.recipe.streams[0].name]), 4
            ),
            "loss": values[0],
            **{f"loss_{name}": value for name, value in zip(losses, values[1:], strict=True) if len(losses) > 1},
            "lr": self.recipe.optimizer.lr * rate,
            "grad_norm": norm.item(),
            **self._scales(),
        }

    def _replaced(self, batch: Batch) -> dict[str, float | str]:
        """How many images of all processes stand in for one that cannot be read, and where there are any, why."""
        (count,) = self.fleet.sum([batch.replaced])
        if not count:
            return {"replaced": 0}
        reasons = sum(self.fleet.collect(batch.reasons), Counter[str]())
        return {"replaced": int(count)} | {f"replaced_{name}": number for name, number in sorted(reasons.items())}

    def _batches(self, last: int) -> Generator[tuple[Batch, float]]:
        """Every batch up to step `last`, and how many seconds it was waited for.

        While a trunk is frozen its features are read in place of pictures.
        """
        for sources, end in ((self._features, self.frozen_until), (lambda: self.sources, self.total)):
            steps = range(self.step, min(end, last))
            if steps:
                yield from self._fed(sources(), steps)

    def _fed(self, sources: Mapping[str, Source], steps: range) -> Generator[tuple[Batch, float]]:
        workers = feed_workers(list(sources.values()), self.options.machine, self.fleet)
        supply = Supply(
            recipe=self.recipe,
            sources=sources,
            rank=self.fleet.world.rank,
            size=self.fleet.world.size,
            wording=self.options.wording,
            part=PART if workers else None,
        )
        model = self.learner.model
        length = model.config.text.context_length
        is_pinned = self.fleet.device.type == "cuda"
        with Feed(supply, steps, parts=supply.parts(), workers=workers, pin=is_pinned) as feed:
            for served in feed:
                batch = collate(supply, served.step, served.parts, tokenizer=model.tokenizer, context_length=length)
                yield batch, served.waited

    def _features(self) -> Mapping[str, Source]:
        """Each stream's features of the frozen trunk, computed once."""
        if self.options.featurize is None:
            raise UsageError("a frozen trunk needs TrainOptions.featurize, which computes its features")
        featurize, model = self.options.featurize, self.learner.model
        return featurized(self.sources, lambda corpus: featurize(model, corpus))

    def _evaluated(self, evaluate: Evaluate) -> dict[str, float]:
        """What the function handed in says of the model, and whether it is the best so far, which is then kept."""
        model, adapters = self._whole()
        found: dict[str, float] = {}

        def look() -> None:
            model.eval()
            with torch.inference_mode():
                found.update((f"val_{name}", value) for name, value in evaluate(model).items())
            if f"val_{self.recipe.best}" not in found:
                known = [name.removeprefix("val_") for name in found]
                raise UnknownName.of("metric to choose the best model by", self.recipe.best, known)
            score = found[f"val_{self.recipe.best}"]
            self.stale += 1
            if score > self.best:
                self.best, self.stale = score, 0
                keep_best(model, self.out, recipe=self.recipe, step=self.step, found=found, adapters=adapters)

        self.fleet.on_main(look)
        self.stale = self.fleet.tell(self.stale)
        return found

    def _is_patience_out(self) -> bool:
        return bool(self.options.patience) and self.stale >= (self.options.patience or 0)

    def trained(self) -> tuple[Model, Adapters | None]:
        """What the run has come to, on the main process: the best model where patience ends it, else the newest."""
        best = self.out / "best"
        if not self.fleet.tell(_ends_with_best(self.out, self.options)):
            return self._whole()
        if not self.fleet.is_main:  # whose disk may be another
            return self.learner.model, None
        adapters = Adapters.load(best) if self.recipe.tune.method == "lora" else None
        return Model.load(best).to(self.fleet.device), adapters

    def _whole(self) -> tuple[Model, Adapters | None]:
        """The model as one piece and the adapters that are merged into it, on the main process.

        What FSDP2 has split is put together on the processor first.
        """
        own = self.learner.model
        is_adapted = self.recipe.tune.method == "lora"
        if self.fleet.engine != "fsdp2" and not is_adapted:
            return own, None
        weights = gather_weights(self.shared, "model.")
        if not weights:  # another process has them
            return own, None
        if not is_adapted:
            return plain_model(own, weights).to(self.fleet.device), None
        adapters = Adapters.of(weights, self.recipe.tune, start=own.id)
        return plain_model(own, adapters.merged(weights)).to(self.fleet.device), adapters

    def _save(self) -> None:
        state = gather_state(self.shared, self.optimizer)
        state["run"] = {
            "step": self.step,
            "best": self.best,
            "stale": self.stale,
            "loss_scale": self.loss_scale.state(),
            "watch": self.watch.state(),
            "passes": [self.work.micro_batch, self.work.text_tokens],
        }
        folder, keep = self.out / "checkpoints", self.options.keep
        self.fleet.on_main(lambda: save_checkpoint(folder, self.step, state, keep=keep))

    def _restore(self) -> int:
        """Take up the newest checkpoint and cut the log back to it; returns the step to go on from."""
        found: list[State | None] = [None]
        if self.options.resume:
            self.fleet.on_main(lambda: found.append(load_newest(self.out / "checkpoints")))
        state = found[-1]
        run: dict[str, Any] | None = self.fleet.tell(state and state["run"])
        if run is not None:
            restore_state(self.shared, self.optimizer, state or {})
            self.best, self.stale = run["best"], run["stale"]
            self.loss_scale.restore(run["loss_scale"])
            self.watch.restore(run["watch"])
            self._restore_passes(*run["passes"])
        step = run["step"] if run else 0
        # A run that patience may end begins with a row of step 0, which a fresh start writes again.
        self.fleet.on_main(lambda: cut_back(self.out, step if run else -1))
        return int(step)

    def _restore_passes(self, micro_batch: int | None, text_tokens: int | None) -> None:
        """Cut batches as before the interruption where that fits, so that not even rounding tells the two apart."""
        before = replace(self.planned, micro_batch=micro_batch, text_tokens=text_tokens)
        if self.options.machine.micro_batch is not None or before == self.work:
            return
        if estimate(before).total > self.budget:
            logger.warning(
                "less memory is free than when the run began: %s images go through at once, which were %s, and the "
                "weights may differ in rounding",
                self.work.micro_batch or "all",
                micro_batch or "all",
            )
            return
        self.work = before
        self.learner.passes = replace(self.learner.passes, micro_batch=micro_batch, text_tokens=text_tokens)

    def _scales(self) -> dict[str, float]:
        model = self.learner.model
        own = [head.name for head in model.config.heads if head.has_own_temperature]
        return {"scale": model.scale().item()} | {f"scale_{name}": model.scale(name).item() for name in own}


def _groups(learner: Learner, recipe: Recipe) -> list[tuple[list[tuple[str, torch.nn.Parameter]], float]]:
    """The parameters with their peak learning rates: a pretrained trunk has its own."""
    trunk = {f"model.{name}" for name, _ in learner.model.trunk_parameters()} if recipe.image.trunk else set()
    named = list(learner.named_parameters())
    return [
        ([pair for pair in named if pair[0] not in trunk], recipe.optimizer.lr),
        ([pair for pair in named if pair[0] in trunk], recipe.trunk_lr),
    ]


@contextmanager
def _claimed(out: Path, fleet: Fleet, options: TrainOptions) -> Iterator[None]:
    """The run folder, claimed by the main process; all of them go on, or all raise what it met."""
    with ExitStack() as stack:
        folder = sole_folder(out, verb="train", force=options.force, resume=options.resume)
        fleet.on_main(lambda: stack.enter_context(folder))
        yield


def _ends_with_best(out: Path, options: TrainOptions) -> bool:
    """Whether the run's end was left to patience, which found a best model."""
    return bool(options.patience) and (out / "best").is_dir()


def _finish(model: Model, recipe: Recipe, out: Path, *, facts: Facts, options: TrainOptions) -> None:
    about = {
        "recipe": recipe.name,
        "label_text": recipe.label_text,
        "settings": json.loads(recipe.to_json()),
        "streams": dict(facts),
        **facts[recipe.streams[0].name],
        "metrics": model.facts["metrics"] if _ends_with_best(out, options) else last_metrics(out),
    }
    with full_disk_told(f"the model {out / 'model'}", out / "checkpoints"):
        model.save(out / "model", name=recipe.name, facts=about)
        if options.finish:
            options.finish(model, out / "model")
