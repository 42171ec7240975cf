"""One cell on emergence: an arm trained in a world from a seed, whose vectors of all viewed pictures are kept.

Scores that take long are no part of it: they are computed from the vectors, however often they are thought of anew.
"""

import os
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from thuja.embeddings import Vectors, normalized
from thuja.encode import EncodeOptions, encode_images, encode_texts
from thuja.encode.towers import imagenet_tower
from thuja.experiments.controls import CONTROLS, Wording, wording_of
from thuja.experiments.emergence.arms import Study
from thuja.experiments.emergence.worlds import ViewedWorld, open_views
from thuja.experiments.grid import Cell
from thuja.experiments.scaling import Subset, choose
from thuja.experiments.scores import Scores
from thuja.experiments.training import trained, warmed_up
from thuja.experiments.worlds import PartOfSource
from thuja.images import Preparation, decode
from thuja.jobs import atomic_path
from thuja.model import Model
from thuja.train import Recipe
from thuja.train.pictures import kept_preparation
from thuja.train.recipe import WITHOUT_TEXT
from thuja.train.sources import Source
from thuja.train.start import preparation_of, start_model

Array = npt.NDArray[Any]

VECTORS: Final = "vectors"
"""The folder of a grid's vectors, a file a cell by its key."""
_RAW: Final = Preparation(size=16, mode="squash")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyTrial:
    """Trains a cell whose setup is a Study, and writes `out/vectors/KEY.npz`.

    In the file: `viewed` (N, D) of the viewed pictures in the table's order, `taught` (S,) whether a species was among
    those trained; of a model that read texts `text_KIND` (S, D) of all species in each wording, `text` being that of
    training, and its `scale`, the inverse temperature. Half precision.
    """

    out: Path
    device: str = "cpu"

    def __call__(self, cell: Cell) -> Scores:
        """How often species are told, as a first look; raises what training raises."""
        study: Study = cell.arm.setup
        recipe = replace(study.recipe, seed=cell.seed)
        kept = kept_preparation(preparation_of(recipe.image), recipe.augmentation)
        # Several processes write at once, and a bar a cell says nothing that the grid's own does not.
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
            world = open_views(cell.place.folder, kept)
            wording = wording_of(study.control, world.taxa, seed=cell.seed)
            found = self._vectors(cell, recipe, world, wording=wording)
        path = self.out / VECTORS / f"{cell.key}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **found)
        return _first_look(world, found)

    def _vectors(self, cell: Cell, recipe: Recipe, world: ViewedWorld, *, wording: Wording) -> dict[str, Array]:
        study: Study = cell.arm.setup
        is_taught = np.zeros(len(world.taxa), dtype=np.bool_)
        if study.eye == "pixels":
            return {"viewed": _pixels(world), "taught": is_taught}
        if study.eye == "imagenet":
            return {"viewed": _known(world), "taught": is_taught}
        life = world.life
        if study.subset is not None:
            life = PartOfSource(whole=life, rows=choose(world.life_taxa, study.subset, seed=cell.seed))
        sources = {recipe.streams[0].name: life}
        if study.eye == "untrained":
            model = start_model(recipe, sources, wording=wording)
        else:
            taught = set(life.taxa or ())
            is_taught = np.array([taxon in taught for taxon in world.taxa])
            recipe = _of_length(recipe, study, world, life=life)
            model = trained(self.out, cell.key, recipe, sources, device=self.device, wording=wording)
        model.eval()
        found = {"viewed": viewed_by(model, world), "taught": is_taught}
        if all(objective.loss not in WITHOUT_TEXT for stream in recipe.streams for objective in stream.objectives):
            found |= _texts(model, recipe, world, wording=wording)
        return found


def _of_length(recipe: Recipe, study: Study, world: ViewedWorld, *, life: Source) -> Recipe:
    """The recipe with the epochs over its own pictures that the study asks for; warm-up is a quarter at most."""
    epochs = recipe.epochs
    if study.length == "steps" and study.subset is not None:
        epochs *= len(choose(world.life_taxa, Subset(), seed=0)) / len(life)
    return warmed_up(replace(recipe, epochs=epochs), len(life))


def viewed_by(model: Model, world: ViewedWorld) -> Vectors:
    """The vector at length one of each viewed picture (N, D)."""
    images = ((str(row), image) for row, image in enumerate(world.images))
    options = EncodeOptions(batch_size=128, threads=1)
    return encode_images(model, images, options).embeddings.vectors.astype(np.float16)


def _texts(model: Model, recipe: Recipe, world: ViewedWorld, *, wording: Wording) -> dict[str, Array]:
    def read(words: Wording, text_type: str) -> Array:
        return encode_texts(model, [words(taxon, text_type) for taxon in world.taxa]).astype(np.float16)

    found = {
        f"text_{kind}": read(wording_of(kind, world.taxa, seed=recipe.seed), recipe.label_text) for kind in CONTROLS
    }
    found["text_scientific"] = read(wording_of("plain", world.taxa, seed=recipe.seed), "sci")
    found["text"] = read(wording, recipe.label_text)
    return found | {"scale": np.array(model.scale().item())}


def _pixels(world: ViewedWorld) -> Vectors:
    """The viewed pictures, 16 by 16 pixels each, at length one."""
    shown = [_RAW.pixels(decode(image)).ravel() for image in world.images]
    rows = np.asarray(shown, np.float32) - 127.5
    return normalized(rows).astype(np.float16)


def _known(world: ViewedWorld) -> Vectors:
    """The viewed pictures as EfficientNet-lite0 sees them at their own size, at length one."""
    rows = imagenet_tower()([decode(image) for image in world.images])
    return normalized(rows).astype(np.float16)


def _first_look(world: ViewedWorld, found: dict[str, Array]) -> Scores:
    """The share of viewed pictures of trained species, on each kind of ground, whose nearest text is theirs."""
    if "text" not in found or not found["taught"].any():
        return {"dimensions": float(found["viewed"].shape[1])}
    numbers = np.flatnonzero(found["taught"])
    texts, scores = found["text"][numbers].astype(np.float32), {"dimensions": float(found["viewed"].shape[1])}
    ground = np.array(world.columns["drawn_on"])
    for name in ("own", "other", "neutral"):
        rows = np.flatnonzero((ground == name) & found["taught"][world.species])
        said = numbers[(found["viewed"][rows].astype(np.float32) @ texts.T).argmax(axis=1)]
        scores[f"species_{name}"] = float((said == world.species[rows]).mean())
    return scores
