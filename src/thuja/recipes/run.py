"""Run a recipe on a curated folder: the training loop with features, checks and labels wired in."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thuja.classify import zero_shot
from thuja.encode import EncodeOptions, build_labels, cached_features, encode_images
from thuja.encode.cached import encode_cached
from thuja.errors import BadFile, EmptyInput, UnknownName
from thuja.images import Preparation
from thuja.jobs import DATA_VERBS, made_by
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.model.card import add_facts, write_card
from thuja.model.machine import limit_torch_threads
from thuja.recipes.curated import image_licences, label_taxa, named_to_species, require_curated
from thuja.train import Corpus, Plan, Recipe, TrainOptions, plan_run, train
from thuja.train.corpus import spread_evenly
from thuja.train.parallel import is_first_here, told_once
from thuja.train.shard_source import ShardSource, count_up_to, find_shards

logger = logging.getLogger(__name__)

VALIDATION_IMAGES = 500
"""What a check in the middle of training looks at, at most: enough for a curve, a second of work."""
METRIC = "zero_shot_top1"
"""What such a check finds, by which the best model is chosen."""


def run_recipe(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    options: TrainOptions | None = None,
    streams: Mapping[str, Path | str] | None = None,
    val: Path | str | None = None,
    cache: Path | None = None,
) -> Model:
    """Train by `recipe` on `data`: a folder that `thuja curate` made, or shards; writes the run folder `out`.

    `streams` says where the images of further streams are: shards of any kind. The run is checked on
    the images at `val`, by default the `val` split of a curated folder; shards alone have none.

    Of a curated folder, `out/model/labels` gets the label space of every species in the catalog,
    those held out of training among them: a model may be asked for a name it never saw.
    `out/model/README.md` is the model's card.
    The features of a frozen trunk are kept in `cache`, by default in the run folder. Where the
    one stream of a model from scratch has batches of more than a quarter of the training images,
    they are made that small. Raises EmptyInput for a folder that is neither, BadFile for one
    that curation did not finish.
    """

    def featurize(model: Model, corpus: Corpus) -> npt.NDArray[np.float32]:
        return _features(model, corpus, cache or out / "features")

    def check(model: Model) -> Mapping[str, float]:
        return {METRIC: _accuracy(model, checked, recipe, cache=cache or out / "features")}

    def finish(model: Model, folder: Path) -> None:
        if is_curated:
            save_labels(model, recipe, data, folder=folder / "labels")
            add_facts(folder, {"image_licences": image_licences(data)})
        write_card(folder)

    is_curated = _is_curated(data)
    recipe = _fitted(recipe, data)
    checked = _held_out(recipe, data, val, is_curated=is_curated)
    # Before the first step: threads that change in the middle of a run change its bits.
    limit_torch_threads()
    wired = replace(options or TrainOptions(), featurize=featurize, evaluate=check if checked else None, finish=finish)
    return train(recipe, {recipe.streams[0].name: data, **(streams or {})}, out, options=wired)


def plan_recipe(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    options: TrainOptions | None = None,
    streams: Mapping[str, Path | str] | None = None,
    val: Path | str | None = None,
) -> Plan:
    """What `run_recipe` would do with the same arguments; raises what it would raise before its first step."""
    is_curated = _is_curated(data)
    recipe = _fitted(recipe, data)
    _held_out(recipe, data, val, is_curated=is_curated)
    return plan_run(recipe, {recipe.streams[0].name: data, **(streams or {})}, out, options=options)


@told_once()
def _is_curated(data: Path) -> bool:
    """Whether curation made the folder; raises EmptyInput where it holds no shards either, BadFile for half a one."""
    if made_by(data) not in DATA_VERBS and find_shards(data, "train"):
        return False
    require_curated(data, then="thuja train")
    return True


@told_once()
def _held_out(recipe: Recipe, data: Path, val: Path | str | None, *, is_curated: bool) -> Corpus | None:
    """At most VALIDATION_IMAGES that the run is checked on, or None.

    Raises UnknownName where the best model is to be chosen by what no check finds, EmptyInput for a
    `val` that names no taxa.
    """
    found: Corpus | None = None
    if val is not None:
        found = _sampled(val)
    elif is_curated:
        found = Corpus.find(data, "val") or Corpus.find(data, "test")
    if found is not None and recipe.best != METRIC:
        raise UnknownName.of("metric to choose the best model by", recipe.best, [METRIC])
    # A photo that is named to its genus would be an answer beside that genus's species.
    return found.of(named_to_species(found.taxa) or found.taxa).spread(VALIDATION_IMAGES) if found else None


def _sampled(val: Path | str) -> Corpus:
    """Images spread evenly over the shards at `val`, held in memory: those that are named."""
    source = ShardSource.open(val, Preparation(), split="val")
    samples = source.samples(spread_evenly(len(source), VALIDATION_IMAGES))
    source.close()
    named = [sample for sample in samples if sample.record.taxon.rank is not None]
    if not named:
        raise EmptyInput(
            f"no image in {val} is named, and a run is checked by names", hint="--val shards of the kind of DATA's"
        )
    return Corpus(records=[sample.record for sample in named], read=lambda row: named[row].image)


@told_once()
def _fitted(recipe: Recipe, data: Path) -> Recipe:
    if recipe.start or len(recipe.streams) > 1:  # its batch is part of what it repeats
        return recipe
    images = count_up_to(find_shards(data, "train"), 4 * recipe.batch_size)
    fitting = max(2, images // 4)
    if not images or recipe.batch_size <= fitting:
        return recipe
    if is_first_here():
        logger.warning("batches of %d instead of %d: there are %d training images", fitting, recipe.batch_size, images)
    first, *others = recipe.streams
    return replace(recipe, streams=(replace(first, batch_size=fitting), *others))


def save_labels(model: Model, recipe: Recipe, data: Path, *, folder: Path) -> LabelSpace:
    """Write the text embeddings of every species of a catalog, phrased as the recipe says."""
    labels = build_labels(model, label_taxa(data), text_type=recipe.label_text)
    labels.save(folder)
    return labels


def _accuracy(model: Model, corpus: Corpus | None, recipe: Recipe, *, cache: Path) -> float:
    """Zero-shot top-1 among the corpus's own taxa."""
    assert corpus is not None
    if recipe.image.trunk and not recipe.unfreeze_epochs:
        encoded = encode_cached(model, corpus.named(), cache).embeddings
    else:
        encoded = encode_images(model, corpus.named(), EncodeOptions(batch_size=128)).embeddings
    labels = build_labels(model, corpus.taxa, text_type=recipe.label_text)
    answers = zero_shot(encoded.vectors, labels, scale=model.scale().item()).argmax(axis=1)
    truth = corpus.taxon_ids[[int(name) for name in encoded.ids]]
    return float(np.mean(answers == truth))


def _features(model: Model, corpus: Corpus, cache: Path) -> npt.NDArray[np.float32]:
    options = EncodeOptions(dtype="float16", label="features of the frozen trunk")
    encoded = cached_features(model, corpus.named(), cache, options=options, total=len(corpus))
    if encoded.errors:
        failure = encoded.errors[0]
        raise BadFile(
            f"{len(encoded.errors)} training images cannot be read, the first: {failure.message}",
            hint="curate the folder again",
        )
    return encoded.embeddings.vectors.astype(np.float32)
