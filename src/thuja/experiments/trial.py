"""One cell of the ablation grid: an arm trained in a world from a seed, and measured on pictures it has not met."""

from collections.abc import Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from hashlib import sha256
from os import devnull
from pathlib import Path

import numpy as np

from thuja.embeddings import Vectors
from thuja.encode import EncodeOptions, encode_images, encode_texts
from thuja.errors import ThujaError
from thuja.experiments.arms import THINGS, Setup
from thuja.experiments.controls import Wording, wording_of
from thuja.experiments.grid import Cell
from thuja.experiments.scaling import Subset, choose
from thuja.experiments.scores import Pictures, Scores, few_shot_scores, retrieval_score, text_scores, trait_scores
from thuja.experiments.training import SELDOM, trained, warmed_up
from thuja.experiments.worlds import OpenWorld, PartOfSource, open_world, require_things
from thuja.jobs import is_complete, locked
from thuja.labels import LabelSpace
from thuja.model import TAXONOMY, Model
from thuja.phrasing import CAPTION
from thuja.train import Corpus, Machine, TrainOptions, train
from thuja.train.corpus import spread_evenly
from thuja.train.pictures import kept_preparation
from thuja.train.recipe import WITHOUT_TEXT, Recipe
from thuja.train.sources import Source
from thuja.train.start import preparation_of, start_model

_PATIENCE = 3600.0
"""Seconds that a cell waits for another process to train the model that both start from."""
_RETRIEVED = 500
"""Pictures whose captions are looked for, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Trains and measures a cell; what a grid is handed. The curve of each run is kept in `out/curves`."""

    out: Path
    device: str = "cpu"

    def __call__(self, cell: Cell) -> Scores:
        """The cell's scores; raises what training raises."""
        setup: Setup = cell.arm.setup
        recipe = replace(setup.recipe, seed=cell.seed)
        kept = kept_preparation(preparation_of(recipe.image), recipe.augmentation)
        # Several processes write at once, and a bar a cell says nothing that the grid's own does not.
        with Path(devnull).open("w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
            world = open_world(cell.place.folder, kept)
            wording = wording_of(setup.control, world.taxa, seed=cell.seed)
            sources = _sources(setup, recipe, world, seed=cell.seed)
            recipe = _of_length(recipe, setup, world, sources=sources)
            if setup.first is not None:
                recipe = replace(recipe, start=str(self._start(cell, setup.first, world)))
            model = self._trained(cell, recipe, sources, wording=wording)
        return measure(model, recipe, world, wording=wording)

    def _start(self, cell: Cell, first: Recipe, world: OpenWorld) -> Path:
        """The model that has learnt what is not alive, which the arms of a group share; trained by who comes first."""
        recipe = replace(first, seed=cell.seed)
        named = sha256(f"{cell.place.identity} {recipe.to_json()}".encode()).hexdigest()
        run = self.out / "starts" / named[:20]
        lock = self.out / "starts" / f"{named[:20]}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with locked(lock, ThujaError(f"another process has not trained {run} in time"), patience=_PATIENCE):
            if not is_complete(run, verb="train"):
                options = TrainOptions(force=run.exists(), checkpoint_every=SELDOM, machine=Machine(device=self.device))
                train(recipe, {THINGS: require_things(world)}, run, options=options)
        return run / "model"

    def _trained(self, cell: Cell, recipe: Recipe, sources: Mapping[str, Source], *, wording: Wording) -> Model:
        setup: Setup = cell.arm.setup
        if setup.length == "none":
            return start_model(recipe, sources, wording=wording)
        return trained(self.out, cell.key, recipe, sources, device=self.device, wording=wording)


def measure(model: Model, recipe: Recipe, world: OpenWorld, *, wording: Wording) -> Scores:
    """All scores of a model in a world; those by text for a model that has learnt from texts."""
    model.eval()
    test, unseen = _pictures(model, world.test), _pictures(model, world.unseen)
    found = few_shot_scores(test, unseen) | trait_scores(test, unseen, world.roles)
    objectives = [objective for stream in recipe.streams for objective in stream.objectives]
    if any(objective.loss not in WITHOUT_TEXT for objective in objectives):
        seen_labels, unseen_labels = (
            _labels(model, corpus, recipe.label_text, wording=wording) for corpus in (world.test, world.unseen)
        )
        found |= text_scores(test, unseen, seen_labels, unseen_labels=unseen_labels)
        heads = {head.name for head in recipe.heads}
        head = CAPTION if CAPTION in heads else TAXONOMY
        found |= _caption_score(model, world.test, "caption", head=head)
        if world.things_test is not None:
            found |= _caption_score(model, world.things_test, "things", head=THINGS if THINGS in heads else TAXONOMY)
    return found


def _sources(setup: Setup, recipe: Recipe, world: OpenWorld, *, seed: int) -> dict[str, Source]:
    life = world.life
    if setup.subset is not None:
        life = PartOfSource(whole=life, rows=choose(world.life_taxa, setup.subset, seed=seed))
    sources = {recipe.streams[0].name: life}
    if any(stream.name == THINGS for stream in recipe.streams):
        sources[THINGS] = require_things(world)
    return sources


def _of_length(recipe: Recipe, setup: Setup, world: OpenWorld, *, sources: Mapping[str, Source]) -> Recipe:
    """The recipe with the epochs over its own pictures that its setup asks for; warm-up is a quarter at most."""
    own = len(sources[recipe.streams[0].name])
    epochs = recipe.epochs
    if setup.length == "steps" and setup.subset is not None:
        epochs *= len(choose(world.life_taxa, Subset(), seed=0)) / own
    return warmed_up(replace(recipe, epochs=epochs), own)


def _pictures(model: Model, corpus: Corpus) -> Pictures:
    return Pictures(
        vectors=_vectors(model, corpus, np.arange(len(corpus)), head=TAXONOMY),
        taxa=[record.taxon for record in corpus.records],
        traits=[record.traits for record in corpus.records],
    )


def _vectors(model: Model, corpus: Corpus, rows: np.ndarray[tuple[int], np.dtype[np.int64]], *, head: str) -> Vectors:
    images = ((str(row), corpus.read(row)) for row in rows.tolist())
    return encode_images(model, images, EncodeOptions(head=head, batch_size=128, threads=1)).embeddings.vectors


def _labels(model: Model, corpus: Corpus, text_type: str, *, wording: Wording) -> LabelSpace:
    taxa = list(corpus.taxa)
    vectors = encode_texts(model, [wording(taxon, text_type) for taxon in taxa])
    return LabelSpace(texts=[taxon.scientific_name for taxon in taxa], vectors=vectors, model=model.id, taxa=taxa)


def _caption_score(model: Model, corpus: Corpus, name: str, *, head: str) -> Scores:
    """How often a picture's own caption is among the ten nearest of some hundreds."""
    rows = np.array([row for row in spread_evenly(len(corpus), _RETRIEVED) if corpus.records[row].caption], np.int64)
    if len(rows) < 2:
        return {}
    captions, truth = np.unique([corpus.records[row].caption for row in rows], return_inverse=True)
    texts = encode_texts(model, captions.tolist())
    return {name: retrieval_score(_vectors(model, corpus, rows, head=head), texts, truth)}
