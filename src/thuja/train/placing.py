"""The learner brought to its device, in its number format, and told how batches go through it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch

from thuja.errors import UsageError
from thuja.model import TAXONOMY, ModelConfig
from thuja.model.machine import fair_threads, keep_memory
from thuja.taxonomy import RANKS
from thuja.train.blocks import checkpoint_blocks, compile_blocks
from thuja.train.learner import Learner, Passes
from thuja.train.memory import (
    USABLE,
    Workload,
    estimate,
    fitted,
    free_memory,
    out_of_memory,
    sized,
    with_micro_batch,
)
from thuja.train.options import Machine
from thuja.train.parallel import Fleet
from thuja.train.precision import Precision
from thuja.train.recipe import WITHOUT_TEXT, Objective, Recipe


def placed(learner: Learner, fleet: Fleet, work: Workload, *, machine: Machine) -> Learner:
    """The same learner, ready to be shared among the fleet's processes."""
    precision = work.precision
    learner.world = fleet.world
    learner.passes = Passes(micro_batch=work.micro_batch, text_tokens=work.text_tokens, precision=precision)
    if fleet.device.type == "cpu":
        keep_memory()
        torch.set_num_threads(min(torch.get_num_threads(), fair_threads()))
    learner.to(fleet.device)
    precision.cast(learner)
    precision.set_up_products()
    if machine.compile:
        compile_blocks(learner)
    if machine.recompute:
        checkpoint_blocks(learner)
    return learner


def workload(recipe: Recipe, config: ModelConfig, fleet: Fleet, *, machine: Machine) -> Workload:
    """What each process does in a step: as many texts as there can be, each as long as the context."""
    return Workload(
        config=config,
        images=tuple(stream.batch_size // fleet.world.size for stream in recipe.streams),
        texts=sum(
            stream.batch_size // fleet.world.size * _texts_an_image(objective)
            for stream in recipe.streams
            for objective in stream.objectives
        ),
        text_length=config.text.context_length,
        micro_batch=machine.micro_batch,
        precision=Precision(name=recipe.precision, device=fleet.device),
        processes=fleet.world.size,
        engine=fleet.engine,
        recompute=machine.recompute,
        trains_images=not recipe.image.trunk or bool(recipe.unfreeze_epochs),
        tune=recipe.tune,
        distill=recipe.distill,
    )


def settled(work: Workload, fleet: Fleet, *, budget: int | None = None) -> Workload:
    """The same step with the micro-batch that fits every process, where none is given.

    `budget` is what a process may take, by default what is free on its device. Raises UsageError,
    in every process, where the micro-batch that is given does not fit, or not even one image.
    """
    budget = free_memory(fleet.device) if budget is None else budget
    least = min(fleet.collect(budget))
    if work.micro_batch is None:
        return fitted(work, least)
    chosen = with_micro_batch(work, work.micro_batch)
    if work.micro_batch >= max(work.images) and estimate(work).total <= least:
        return work
    needed = estimate(chosen).total
    if needed > least / USABLE:
        fits = fitted(replace(work, micro_batch=None), least)
        size = max(work.images) if fits.micro_batch is None else fits.micro_batch
        raise UsageError(
            f"a micro-batch of {work.micro_batch:,} images takes about {sized(needed)}, and "
            f"{sized(round(least / USABLE))} are free on {_named(fleet.device)}",
            hint=f"--micro-batch {size} fits",
        )
    return chosen


def leaves_some_out(learner: Learner) -> bool:
    """Whether a step may give some trained parameters no gradient, which DDP must be told of."""
    recipe = learner.recipe
    objectives = [objective for _, objective in learner.objectives()]
    heads = {TAXONOMY} | {head.name for head in learner.model.config.heads}
    return (
        any(stream.per_batch for stream in recipe.streams)
        or bool(recipe.image.trunk and recipe.unfreeze_epochs)  # its features are read until it learns
        or any(objective.loss in WITHOUT_TEXT for objective in objectives)
        or heads != {objective.head for objective in objectives}
    )


@contextmanager
def memory_told(work: Workload) -> Iterator[None]:
    """Say in one sentence that the device is full, and the micro-batch that would fit."""
    try:
        yield
    except RuntimeError as error:  # torch.OutOfMemoryError is one; for the processor's there is no kind of its own
        if not isinstance(error, torch.OutOfMemoryError) and "DefaultCPUAllocator" not in str(error):
            raise
        raise out_of_memory(work, work.precision.device) from error


def _texts_an_image(objective: Objective) -> int:
    if objective.loss in WITHOUT_TEXT:
        return 0
    return len(RANKS) if objective.loss == "levels" else 1


def _named(device: torch.device) -> str:
    return "this machine" if device.type == "cpu" else str(device)
