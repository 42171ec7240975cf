"""What a run would be, said before it begins: everything is checked, nothing is written or trained."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from thuja.model import ModelConfig, Tokenizer
from thuja.model.cost import count_parameters, image_flops, text_flops
from thuja.train.checks import Data, Room, check_run, room, start_shape, total_steps
from thuja.train.corpus import spread_evenly
from thuja.train.drawing import draw_step, speak
from thuja.train.memory import MemoryEstimate, Workload, estimate, free_memory, sized
from thuja.train.options import TrainOptions
from thuja.train.parallel import Fleet, start
from thuja.train.placing import settled, workload
from thuja.train.recipe import WITHOUT_TEXT, Objective, Recipe, Stream
from thuja.train.sources import Source
from thuja.train.telling import told_warmup

SAMPLE = 256
"""Images of each stream whose texts are looked at for their length."""
BACKWARD = 3
"""A step's products, in forward passes: a backward pass takes two."""
LETTERS_A_TOKEN = 4
"""What English text comes to, where the tokenizer is not at hand; scientific names have more tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """One stream: its images in all, in a step and in a step of one process, and what it is taught by."""

    name: str
    images: int
    batch_size: int
    share: int
    objectives: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run that may begin. `flops` are those of a step over all processes, texts at their sampled length."""

    recipe: Recipe
    config: ModelConfig
    streams: Sequence[StreamPlan]
    steps: int
    last: int
    fleet: Fleet
    work: Workload
    memory: MemoryEstimate
    free: int
    room: Room
    flops: int
    text_length: int
    notes: Sequence[str] = ()

    def __str__(self) -> str:
        recipe, work, free = self.recipe, self.work, self.free
        first = self.streams[0]
        size = max(work.passes)
        begins = f"from {recipe.start}" if recipe.start else "from scratch"
        lines = [("recipe", f"{recipe.name}, {begins}: {count_parameters(self.config):,} parameters")]
        for one in self.streams:
            said = f"{one.name}: {one.batch_size:,} images a step, {one.share:,} a process, of {one.images:,}"
            lines.append(("stream", f"{said}; {', '.join(one.objectives)}"))
        epochs = self.last * recipe.batch_size / first.images
        ends = "" if self.last == self.steps else f" of the schedule's {self.steps:,}"
        lines.append(("steps", f"{self.last:,}{ends} of {recipe.step_images:,} images, {epochs:.4g} epochs"))
        lines.append(("schedule", f"{told_warmup(recipe, self.steps)}, then a cosine to zero"))
        lines.append(("processes", f"{work.processes} on {self.fleet.device}, {recipe.precision}, {_engine(work)}"))
        lines.append(("at once", f"{size:,} images in each process, {_of_all(work)}"))
        for part in ("weights", "gradients", "optimizer", "images", "texts", "losses", "passing", "total"):
            lines.append(("memory", f"{part:<10} {sized(getattr(self.memory, part)):>12}"))
        lines[-1] = ("memory", f"{lines[-1][1]}, of {sized(free)} to plan with: fits")
        lines.append(("work", f"{self.flops / 1e12:,.3g} TFLOP a step, with texts of {self.text_length} tokens"))
        needed, there, one_checkpoint = (
            sized(size) for size in (self.room.needed, self.room.free, self.room.checkpoint)
        )
        lines.append(("disk", f"{needed} at most, {there} free; a checkpoint {one_checkpoint}"))
        lines += [("note", note) for note in self.notes]
        return "\n".join(f"{name:<10} {said}" for name, said in lines)


def plan_run(recipe: Recipe, data: Data, out: Path, *, options: TrainOptions | None = None) -> Plan:
    """Check everything that `train` would, and say what it would do. Raises what `train` would raise at its beginning.

    A model to start from that is not on this machine is not fetched: its published shape is counted.
    """
    options = options or TrainOptions()
    machine = options.machine
    with (
        start(machine.device, machine.engine) as fleet,
        closing(check_run(recipe, data, out, options=options, fleet=fleet, is_dry=True)) as checked,
    ):
        shape = start_shape(recipe)
        work = settled(workload(recipe, shape.config, fleet, machine=machine), fleet)
        steps = total_steps(recipe, len(checked.sources[recipe.streams[0].name]))
        tokenizer = Tokenizer.load(shape.folder) if shape.folder else None
        texts, length = _texts(recipe, checked.sources, tokenizer, context_length=shape.config.text.context_length)
        return Plan(
            recipe=recipe,
            config=shape.config,
            streams=[_stream_plan(stream, checked.sources[stream.name], fleet) for stream in recipe.streams],
            steps=steps,
            last=min(steps, options.steps or steps),
            fleet=fleet,
            work=work,
            memory=estimate(work),
            free=free_memory(fleet.device),
            room=room(recipe, shape.config, out, keep=options.keep),
            flops=_flops(recipe, shape.config, trains_images=work.trains_images, texts=texts, length=length),
            text_length=length,
            notes=_notes(recipe, has_start=shape.folder is not None),
        )


def _stream_plan(stream: Stream, source: Source, fleet: Fleet) -> StreamPlan:
    return StreamPlan(
        name=stream.name,
        images=len(source),
        batch_size=stream.batch_size,
        share=stream.batch_size // fleet.world.size,
        objectives=[f"{one.loss} on {one.head} by {_said(one)}" for one in stream.objectives],
    )


def _said(objective: Objective) -> str:
    """What images are taught by."""
    if objective.loss in WITHOUT_TEXT:
        return "classes"
    return "clades" if objective.loss == "levels" else "+".join(objective.texts.weights)


def _texts(
    recipe: Recipe, sources: Mapping[str, Source], tokenizer: Tokenizer | None, *, context_length: int
) -> tuple[int, int]:
    """Distinct texts of a step at most, by those of a sample, and their mean length in tokens."""
    texts, lengths = 0, []
    for place, stream in enumerate(recipe.streams):
        source = sources[stream.name]
        count = min(SAMPLE, stream.batch_size, len(source))
        records = source.records(spread_evenly(len(source), count))
        draws, _ = draw_step(stream, place=place, step=0, seed=recipe.seed)
        for draw in draws:
            spoken = speak(draw.cut(0, len(records)), records).texts
            texts += round(len(set(spoken)) / max(1, len(records)) * stream.batch_size)
            lengths += [_length(text, tokenizer, context_length) for text in set(spoken)]
    return texts, max(1, round(sum(lengths) / len(lengths))) if lengths else 1


def _length(text: str, tokenizer: Tokenizer | None, context_length: int) -> int:
    if tokenizer is None:
        return min(context_length, 2 + len(text) // LETTERS_A_TOKEN)
    return len(tokenizer.encode([text], context_length)[0])


def _flops(recipe: Recipe, config: ModelConfig, *, trains_images: bool, texts: int, length: int) -> int:
    images = recipe.step_images * image_flops(config) if trains_images else 0
    return BACKWARD * (images + texts * text_flops(config, length))


def _notes(recipe: Recipe, *, has_start: bool) -> list[str]:
    if not recipe.start:
        return ["texts are counted at four letters a token: the tokenizer is learnt when the run begins"]
    if has_start:
        return []
    return [
        f"the weights of {recipe.start} are not on this machine: all is counted from shapes, and a run fetches them"
    ]


def _engine(work: Workload) -> str:
    named = {"none": "whole model", "ddp": "ddp", "fsdp2": "fsdp2"}[work.engine]
    return f"{named}, recompute" if work.recompute else named


def _of_all(work: Workload) -> str:
    """Whether all of a step's images go at once, and what that would take where they do not."""
    if max(work.passes) == max(work.images):
        return "all"
    whole = replace(work, micro_batch=None, text_tokens=None)
    return f"of {max(work.images):,}: all at once would take {sized(estimate(whole).total)}"
