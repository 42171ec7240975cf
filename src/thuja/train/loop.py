"""The training loop: read top to bottom, it is one run.

Everything random in step k is a function of (seed, k), so weights, optimiser and step number are
all that a checkpoint needs for a resumed run to equal one left alone, bit for bit.
"""

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from thuja.errors import BadFile, EmptyInput, TrainingDiverged, UsageError
from thuja.jobs import Progress, output_folder, require_complete, write_json, write_text
from thuja.model import Model
from thuja.taxonomy import Rank
from thuja.train.checkpoint import State, load_newest, save_checkpoint
from thuja.train.corpus import Corpus, FeatureSource, ImageSource, PictureSource, Rows, epoch_rows
from thuja.train.loss import clip_loss
from thuja.train.optim import build_optimizer, schedule
from thuja.train.recipe import Recipe
from thuja.train.start import start_model

Evaluate = Callable[[Model], Mapping[str, float]]
Featurize = Callable[[Model, Corpus], np.ndarray[Any, np.dtype[np.float32]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """How one run is carried out; nothing here changes what an undisturbed run learns.

    `evaluate` is called on the model every `evaluate_every` steps and at the end; what it returns
    goes to metrics.jsonl. `finish` is called on the trained model and its folder before the run
    counts as complete. `featurize` gives the (N, F) features of a frozen trunk for a corpus.
    `steps` ends the run early, on the recipe's own schedule.
    """

    resume: bool = False
    force: bool = False
    steps: int | None = None
    checkpoint_every: int = 50
    evaluate_every: int = 100
    evaluate: Evaluate | None = None
    featurize: Featurize | None = None
    finish: Callable[[Model, Path], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One step's inputs: images (B, ...), the distinct texts, which one each image drew, which are true of it."""

    rows: np.ndarray[Any, np.dtype[np.int64]]
    images: Tensor
    texts: list[str]
    text_of: Tensor  # (B,)
    positive: Tensor  # (B, B)


def train(recipe: Recipe, data: Path, out: Path, *, options: TrainOptions | None = None) -> Model:
    """Train a model on the `train` split of a curated folder; returns it, saved in `out/model`.

    Writes `recipe.json`, `metrics.jsonl`, `checkpoints/` and `model/`.
    """
    options = options or TrainOptions()
    require_complete(data, verb="curate")
    corpus = Corpus.open(data, "train")
    if len(corpus.taxa) < 2:
        raise EmptyInput(f"training needs at least two taxa, and {data} has {len(corpus.taxa)}")
    if recipe.batch_size > len(corpus):
        raise UsageError(
            f"the batch of {recipe.batch_size} is larger than the {len(corpus)} training images",
            hint=f"--set batch_size={max(2, len(corpus) // 8)}",
        )
    facts: dict[str, str | int] = {"data": corpus.fingerprint, "images": len(corpus), "taxa": len(corpus.taxa)}
    is_begun = options.resume and (out / "recipe.json").exists()
    if is_begun:  # before the folder is claimed: a whole run that refuses stays whole
        _refuse_other(out, recipe, facts)
    with output_folder(out, verb="train", force=options.force, resume=options.resume):
        if not is_begun:
            write_json(out / "data.json", facts)
            write_text(out / "recipe.json", recipe.to_json())
        run = _Run(recipe, corpus, out, options)
        run.finish_steps()
        about = {
            "recipe": recipe.name,
            "label_text": recipe.label_text,
            "settings": json.loads(recipe.to_json()),
            **facts,
            "metrics": _last_metrics(out / "metrics.jsonl"),
        }
        run.model.save(out / "model", name=recipe.name, facts=about)
        if options.finish:
            options.finish(run.model, out / "model")
        return run.model


def _refuse_other(out: Path, recipe: Recipe, facts: Mapping[str, str | int]) -> None:
    """Insist that a run to resume was begun with this recipe and on these data."""
    if (out / "recipe.json").read_text(encoding="utf-8") != recipe.to_json():
        raise UsageError(f"{out} was begun with another recipe", hint="resume with the same settings, or use --force")
    try:
        begun = json.loads((out / "data.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadFile(f"{out / 'data.json'} cannot be read: {error}", hint="train again with --force") from error
    if begun != facts:
        raise UsageError(f"{out} was begun on other data", hint="resume with the same data, or use --force")


class _Run:
    """One training run's state: the model, its optimiser, the step, and where batches come from."""

    def __init__(self, recipe: Recipe, corpus: Corpus, out: Path, options: TrainOptions) -> None:
        self.recipe, self.corpus, self.out, self.options = recipe, corpus, out, options
        self.model = start_model(recipe, corpus)
        images = len(corpus)
        self.total = max(1, round(recipe.epochs * images / recipe.batch_size))
        self.frozen_until = self.total - round(recipe.unfreeze_epochs * images / recipe.batch_size)
        self.has_trunk = bool(recipe.image.trunk)
        trunk = dict(self.model.trunk_parameters()) if self.has_trunk else {}
        self.model.freeze_trunk(is_frozen=self.has_trunk and not recipe.unfreeze_epochs)
        rest = [pair for pair in self.model.named_parameters() if pair[0] not in trunk]
        self.optimizer = build_optimizer(
            [(rest, recipe.optimizer.lr), (trunk.items(), recipe.trunk_lr)], recipe.optimizer
        )
        self.step = self._restore()
        self._sources: dict[bool, ImageSource] = {}

    def finish_steps(self) -> None:
        """Run every step that is left, logging, checking and saving on the way."""
        last = min(self.total, self.options.steps or self.total)
        size = self.recipe.batch_size
        progress = Progress(total=(last - self.step) * size, label=f"training {self.recipe.name}")
        with (
            ThreadPoolExecutor(max_workers=1) as ahead,
            (self.out / "metrics.jsonl").open("a", encoding="utf-8") as log,
        ):
            coming = ahead.submit(self._batch, self.step) if self.step < last else None
            while coming is not None:
                started = time.perf_counter()
                batch = coming.result()
                waited = time.perf_counter() - started
                coming = ahead.submit(self._batch, self.step + 1) if self.step + 1 < last else None
                loss, lr = self._learn(batch)
                self.step += 1
                seconds = time.perf_counter() - started
                row: dict[str, float] = {
                    "step": self.step,
                    "epoch": round(self.step * size / len(self.corpus), 4),
                    "loss": loss,
                    "lr": lr,
                    "scale": self.model.scale().item(),
                    "images_per_s": round(size / seconds, 1),
                    "data_wait_s": round(waited, 4),
                }
                if self.options.evaluate and (self.step % self.options.evaluate_every == 0 or self.step == last):
                    row |= self._evaluated(self.options.evaluate)
                log.write(json.dumps(row) + "\n")
                if self.step % self.options.checkpoint_every == 0 or self.step == last:
                    log.flush()
                    save_checkpoint(self.out / "checkpoints", self.step, self._state())
                progress.advance(size, note=f"loss {loss:.3f}")
        progress.close()

    def _learn(self, batch: Batch) -> tuple[float, float]:
        """One step of the optimiser; returns the loss and the learning rate."""
        recipe, model = self.recipe, self.model
        is_frozen = self.has_trunk and self.step < self.frozen_until
        share = schedule(self.step, total=self.total, warmup=recipe.warmup_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak_lr"] * share
        model.train()
        image = model.project(batch.images) if is_frozen else model.encode_image(batch.images)  # (B, D)
        text = model.encode_text(batch.texts)[batch.text_of]  # (B, D)
        positive = batch.positive if recipe.positives == "taxon" else None
        loss = clip_loss(image, text, model.scale(), positive=positive)
        value = loss.item()
        if not np.isfinite(value):
            self._stop_diverged(batch, value)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        if recipe.optimizer.grad_clip:
            trained = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
            torch.nn.utils.clip_grad_norm_(trained, recipe.optimizer.grad_clip)
        self.optimizer.step()
        model.clamp_scales()
        return value, recipe.optimizer.lr * share

    def _batch(self, step: int) -> Batch:
        """Everything that step `step` needs, drawn by generators of that step alone."""
        recipe, corpus = self.recipe, self.corpus
        rows = epoch_rows(len(corpus), batch_size=recipe.batch_size, step=step, seed=recipe.seed)
        generator = np.random.default_rng([recipe.seed, 1, step])
        levels = _text_levels(len(rows), recipe.ancestor_share, generator)
        drawn = [self._text(row, level, generator) for row, level in zip(rows.tolist(), levels.tolist(), strict=True)]
        texts = sorted(set(drawn))
        number = {text: index for index, text in enumerate(texts)}
        images = self._source(step).batch(rows, generator)
        text_of = torch.tensor([number[text] for text in drawn])
        clades = corpus.clade_ids[rows]  # (B, 7)
        spoken_of = clades[np.arange(len(rows)), levels]  # (B,)
        positive = torch.from_numpy(clades[:, levels] == spoken_of)  # image i lies in the clade that text j speaks of
        return Batch(rows=rows, images=images, texts=texts, text_of=text_of, positive=positive)

    def _text(self, row: int, level: int, generator: np.random.Generator) -> str:
        record, texts = self.corpus.records[row], self.recipe.texts
        if level == Rank.SPECIES:
            return texts.draw(record.taxon, generator, record.caption)
        return texts.draw(record.taxon.at(Rank(level)), generator)

    def _source(self, step: int) -> ImageSource:
        is_frozen = self.has_trunk and step < self.frozen_until
        if is_frozen not in self._sources:
            self._sources = {is_frozen: self._frozen_source() if is_frozen else self._picture_source()}
        return self._sources[is_frozen]

    def _picture_source(self) -> PictureSource:
        return PictureSource(self.corpus, self.model.preparation, self.recipe.augmentation)

    def _frozen_source(self) -> FeatureSource:
        if self.options.featurize is None:
            raise UsageError("a frozen trunk needs TrainOptions.featurize, which computes its features")
        features = self.options.featurize(self.model, self.corpus)
        return FeatureSource(features, noise=self.recipe.feature_noise)

    def _evaluated(self, evaluate: Evaluate) -> dict[str, float]:
        self.model.eval()
        with torch.inference_mode():
            return {f"val_{name}": value for name, value in evaluate(self.model).items()}

    def _state(self) -> State:
        return {"step": self.step, "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}

    def _restore(self) -> int:
        """Take up the newest checkpoint and cut the log back to it; returns the step to go on from."""
        log = self.out / "metrics.jsonl"
        state = load_newest(self.out / "checkpoints") if self.options.resume else None
        step = 0
        if state is not None:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            step = int(state["step"])
        lines = log.read_text(encoding="utf-8").splitlines(keepends=True) if log.exists() else []
        write_text(log, "".join(line for line in lines if _step_of(line) <= step))
        return step

    def _stop_diverged(self, batch: Batch, value: float) -> None:
        uuids = [self.corpus.records[row].uuid for row in batch.rows]
        write_json(self.out / "diverged.json", {"step": self.step, "loss": str(value), "uuids": uuids})
        raise TrainingDiverged(
            f"the loss became {value} at step {self.step}",
            hint=f"a lower learning rate; the batch is in {self.out}/diverged.json",
        )


def _text_levels(count: int, ancestor_share: float, generator: np.random.Generator) -> Rows:
    """The rank that each of `count` texts speaks of: species, or for a share of them one above."""
    levels = np.full(count, Rank.SPECIES, dtype=np.int64)
    if ancestor_share:
        is_ancestor = generator.random(count) < ancestor_share
        levels[is_ancestor] = generator.integers(Rank.CLASS, Rank.SPECIES, size=int(is_ancestor.sum()))
    return levels


def _last_metrics(log: Path) -> dict[str, float]:
    """The step and figures of the log's last line, without speeds and settings."""
    lines = log.read_text(encoding="utf-8").splitlines()
    row: dict[str, float] = json.loads(lines[-1]) if lines else {}
    return {name: value for name, value in row.items() if name in ("step", "epoch", "loss") or name.startswith("val_")}


def _step_of(line: str) -> float:
    """The step of one line of metrics.jsonl; a line cut short by a kill counts as never written."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError):
        return float("inf")


def read_recipe(run: Path) -> Recipe:
    """The resolved recipe of a run folder; raises BadFile."""
    try:
        return Recipe.from_json((run / "recipe.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise BadFile(f"{run} is not a training run: {error}") from error
