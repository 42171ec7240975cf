"""What is looked at before a run spends any time: the folder, the data, what the processes have, room on the disk."""

import json
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from thuja.errors import BadFile, ThujaError, UsageError
from thuja.images import Preparation
from thuja.jobs import require_output
from thuja.model.config import ModelConfig
from thuja.model.description import describe
from thuja.model.known import find_known
from thuja.model.published import find_cached
from thuja.train.counts import count_weights
from thuja.train.memory import sized
from thuja.train.metrics import require_logs
from thuja.train.opening import Place, close_sources, open_sources
from thuja.train.options import TrainOptions
from thuja.train.parallel import Fleet
from thuja.train.recipe import Recipe
from thuja.train.settings import differences
from thuja.train.sources import Source
from thuja.train.start import model_config, preparation_of
from thuja.train.supply import Supply, check_sources

_TOLD = 5
"""Differences between two recipes that are named."""

Data = Path | Mapping[str, Place]
"""A curated folder for the first stream, or a place or an open source for each by name."""

Facts = Mapping[str, Mapping[str, str | int]]
"""What a run is begun on, by stream: it resumes on nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A run that may begin: its open sources, their facts, and whether it goes on with what is in the folder."""

    sources: Mapping[str, Source]
    facts: Facts
    is_begun: bool

    def close(self) -> None:
        """Close the files of the sources that have some open."""
        close_sources(self.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartShape:
    """The model that a run starts from, known without its weights.

    `folder` is where it is; None where it is not at hand, and where a run begins from scratch.
    """

    config: ModelConfig
    preparation: Preparation
    folder: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Bytes that a run writes at most, and those that are free where it writes."""

    checkpoint: int
    needed: int
    free: int

    def require(self, out: Path) -> None:
        """Raise ThujaError where the disk is too small."""
        if self.needed > self.free:
            raise ThujaError(
                f"a run in {out} needs {sized(self.needed)}, a checkpoint alone {sized(self.checkpoint)}, "
                f"and {sized(self.free)} are free",
                hint="make room, name another --out, or --keep 1",
            )


def check_run(
    recipe: Recipe, data: Data, out: Path, *, options: TrainOptions, fleet: Fleet, is_dry: bool = False
) -> Checked:
    """Refuse, in one sentence, what the run would stop at later; changes nothing in `out`.

    A run to go on with must have been begun with this recipe and on these data. The model to start
    from is fetched where it has to be, but not with `is_dry`. Raises UsageError and its kinds,
    BadFile for a broken file; all processes raise where they differ.
    """
    require_logs(options.logs)
    fleet.on_main(lambda: require_output(out, verb="train", force=options.force, resume=options.resume))
    fleet.agree("recipe", recipe.to_json())
    shape = fleet.together(lambda: start_shape(recipe))

    def opened() -> dict[str, Source]:
        sources = open_sources(recipe, data, preparation=shape.preparation if is_dry and shape.folder is None else None)
        with ExitStack() as refused:
            refused.callback(close_sources, sources)
            Supply(recipe=recipe, sources=sources, rank=fleet.world.rank, size=fleet.world.size)
            check_sources(recipe, sources)
            refused.pop_all()
        return sources

    with ExitStack() as refused:
        sources = fleet.together(opened)
        refused.callback(close_sources, sources)
        checked = _agreed(recipe, sources, out, options=options, fleet=fleet)
        fleet.on_main(lambda: room(recipe, shape.config, out, keep=options.keep).require(out))
        refused.pop_all()
    return checked


def _agreed(
    recipe: Recipe, sources: Mapping[str, Source], out: Path, *, options: TrainOptions, fleet: Fleet
) -> Checked:
    """The sources that all processes see alike, and on which the run in `out` was begun, if it was."""
    facts: Facts = {
        stream.name: {"data": sources[stream.name].fingerprint, "images": len(sources[stream.name])}
        for stream in recipe.streams
    }
    fleet.agree("data", facts)
    is_begun = fleet.tell(options.resume and (out / "recipe.json").exists())  # the main process's disk counts
    if is_begun:
        fleet.on_main(lambda: _refuse_other(out, recipe, facts))
    return Checked(sources=sources, facts=facts, is_begun=is_begun)


def start_shape(recipe: Recipe) -> StartShape:
    """The shape of the model that `recipe` trains, from its start's folder, or else as published; fetches nothing."""
    if not recipe.start:
        return StartShape(config=model_config(recipe), preparation=preparation_of(recipe.image))
    known = find_known(recipe.start)
    path = Path(recipe.start)
    folder = path if path.exists() else find_cached(known) if known else None
    if folder is None:
        config = known.config if known else model_config(recipe)
        return StartShape(config=_headed(config, recipe), preparation=preparation_of(recipe.image))
    folder = folder / "model" if (folder / "recipe.json").is_file() else folder
    found = describe(folder)
    return StartShape(config=_headed(found.config, recipe), preparation=found.preparation, folder=folder)


def total_steps(recipe: Recipe, images: int) -> int:
    """Steps of the whole run, over that many images of the first stream."""
    return max(1, round(recipe.epochs * images / recipe.batch_size))


def room(recipe: Recipe, config: ModelConfig, out: Path, *, keep: int) -> Room:
    """What the run's checkpoints (with the one that is being written) and its two models take on the disk."""
    size = 2 if recipe.precision == "pure_bf16" else 4
    trains_images = not recipe.image.trunk or bool(recipe.unfreeze_epochs)
    counts = count_weights(config, recipe.tune, recipe.distill, trains_images=trains_images)
    held = counts.model + counts.added
    checkpoint, model = size * (held + 2 * counts.learning), 4 * held
    there = sum(path.stat().st_size for path in (out / "checkpoints").glob("step-*.pt"))
    needed = max(0, (keep + 1) * checkpoint + 2 * model - there)
    return Room(checkpoint=checkpoint, needed=needed, free=_free(out))


def _free(out: Path) -> int:
    """Free bytes where a folder is or would be."""
    nearest = next(place for place in (out, *out.absolute().parents) if place.exists())
    return shutil.disk_usage(nearest).free


def _headed(config: ModelConfig, recipe: Recipe) -> ModelConfig:
    """The same towers with the recipe's heads beside their own."""
    known = {head.name for head in config.heads}
    return replace(config, heads=(*config.heads, *(head for head in recipe.heads if head.name not in known)))


def read_recipe(run: Path) -> Recipe:
    """The resolved recipe of a run folder; raises BadFile."""
    try:
        return Recipe.from_json((run / "recipe.json").read_text(encoding="utf-8"), place=str(run / "recipe.json"))
    except OSError as error:
        raise BadFile(f"{run} is not a training run: {error}") from error


def _refuse_other(out: Path, recipe: Recipe, facts: Facts) -> None:
    """Insist that a run to resume was begun with this recipe and on these data; says what differs.

    Both are said together: fewer images make a recipe's batch smaller.
    """
    before = read_recipe(out)
    try:
        begun: Facts = json.loads((out / "data.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadFile(f"{out / 'data.json'} cannot be read: {error}", hint="train again with --force") from error
    others = []
    if begun != facts and set(begun) == set(facts):
        counts = [f"{name}: {begun[name]['images']:,} images there, {facts[name]['images']:,} here" for name in facts]
        others.append(f"on other data ({'; '.join(counts)})")
    if before != recipe or set(begun) != set(facts):
        said = differences(before, recipe)
        more = [f"and {len(said) - _TOLD} more"] if len(said) > _TOLD else []
        others.append(f"with another recipe ({'; '.join([*said[:_TOLD], *more])})")
    if others:
        same = "data" if before == recipe else "settings" if len(others) == 1 else "data and settings"
        raise UsageError(f"{out} was begun {' and '.join(others)}", hint=f"resume with the same {same}, or use --force")
