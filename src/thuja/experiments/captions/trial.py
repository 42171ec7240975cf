"""One cell on captions: an arm taught in a world from a seed, whose model is then asked."""

import os
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path

from thuja.experiments.captions.arms import Lesson
from thuja.experiments.captions.asking import Beholder, ask, ask_on_grounds
from thuja.experiments.captions.grounds import open_grounds
from thuja.experiments.captions.makers import TRUE, Recaptioned, read_captions
from thuja.experiments.grid import Cell
from thuja.experiments.scores import Scores
from thuja.experiments.training import trained, warmed_up
from thuja.experiments.worlds import open_world
from thuja.model import Model
from thuja.train import Recipe
from thuja.train.pictures import kept_preparation
from thuja.train.sources import MemorySource, Source
from thuja.train.start import preparation_of, start_model


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionTrial:
    """Trains and measures a cell whose setup is a Lesson. The curve of each run is kept in `out/curves`."""

    out: Path
    device: str = "cpu"

    def __call__(self, cell: Cell) -> Scores:
        """The cell's scores; raises what training raises."""
        lesson: Lesson = cell.arm.setup
        recipe, folder = replace(lesson.recipe, seed=cell.seed), cell.place.folder
        kept = kept_preparation(preparation_of(recipe.image), recipe.augmentation)
        # Several processes write at once, and a bar a cell says nothing that the grid's own does not.
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
            world = open_world(folder, kept)
            if lesson.ground is None:
                life = _taught(world.life, lesson, folder)
                return ask(Beholder(recipe=recipe, model=self._model(cell, recipe, life=life)), world)
            grounds = open_grounds(folder, world.train, world.test, share=lesson.ground)
            model = self._model(cell, recipe, life=MemorySource(grounds.train, kept))
            return ask_on_grounds(Beholder(recipe=recipe, model=model), grounds)

    def _model(self, cell: Cell, recipe: Recipe, *, life: Source) -> Model | None:
        lesson: Lesson = cell.arm.setup
        if lesson.eye == "pixels":
            return None
        sources = {recipe.streams[0].name: life}
        if lesson.eye == "untrained":
            model = start_model(recipe, sources)
        else:
            model = trained(self.out, cell.key, warmed_up(recipe, len(life)), sources, device=self.device)
        model.eval()
        return model


def _taught(life: Source, lesson: Lesson, folder: Path) -> Source:
    """The training pictures with the captions that the lesson has."""
    if lesson.captions is None or (lesson.captions == TRUE and not lesson.is_named):
        return life
    told = None if lesson.captions == TRUE else read_captions(folder, lesson.captions)
    return Recaptioned(whole=life, captions=told, is_named=lesson.is_named)
