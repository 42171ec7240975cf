"""Run a recipe on a curated folder: the training loop with features, checks and labels wired in."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from thuja.classify import zero_shot
from thuja.encode import EncodeOptions, build_labels, cached_features, encode_images
from thuja.encode.cached import encode_cached
from thuja.encode.pipeline import limit_torch_threads
from thuja.errors import BadFile
from thuja.jobs import require_complete
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.model.card import add_facts, write_card
from thuja.shards import index_shard, list_shards
from thuja.taxonomy import RANKS, Taxon
from thuja.train import Corpus, Recipe, TrainOptions, train

logger = logging.getLogger(__name__)

VALIDATION_IMAGES = 500
"""What a check in the middle of training looks at, at most: enough for a curve, a second of work."""


def run_recipe(
    recipe: Recipe, data: Path, out: Path, *, options: TrainOptions | None = None, cache: Path | None = None
) -> Model:
    """Train by `recipe` on the folder `data` that `thuja curate` made; writes the run folder `out`.

    Beside what `train` writes, `out/model/labels` gets the label space of every species in the
    catalog, those held out of training among them: a model may be asked for a name it never saw;
    and `out/model/README.md` is its card.
    The features of a frozen trunk are kept in `cache`, by default in the run folder. Where a
    batch would hold more than a quarter of the training images, it is made that small. Raises
    EmptyInput for a folder that curation did not make, BadFile for one that it did not finish.
    """

    def featurize(model: Model, corpus: Corpus) -> npt.NDArray[np.float32]:
        return _features(model, corpus, cache or out / "features")

    def check(model: Model) -> Mapping[str, float]:
        return {"zero_shot_top1": _accuracy(model, checked, recipe, cache or out / "features")}

    def finish(model: Model, folder: Path) -> None:
        save_labels(model, recipe, data, folder / "labels")
        add_facts(folder, {"image_licences": image_licences(data)})
        write_card(folder)

    require_complete(data, verb="curate")
    recipe = _fitted(recipe, data)
    # Before the first step: threads that change in the middle of a run change its bits.
    limit_torch_threads()
    checked = _some(Corpus.find(data, "val") or Corpus.find(data, "test"))
    wired = replace(options or TrainOptions(), featurize=featurize, evaluate=check if checked else None, finish=finish)
    return train(recipe, data, out, options=wired)


def _fitted(recipe: Recipe, data: Path) -> Recipe:
    images = sum(len(index_shard(path)) for path in list_shards(data / "shards", "train"))
    fitting = max(2, images // 4)
    if not images or recipe.batch_size <= fitting:
        return recipe
    logger.warning("batches of %d instead of %d: there are %d training images", fitting, recipe.batch_size, images)
    return replace(recipe, batch_size=fitting)


def save_labels(model: Model, recipe: Recipe, data: Path, folder: Path) -> LabelSpace:
    """Write the text embeddings of every species of a catalog, phrased as the recipe says."""
    labels = build_labels(model, catalog_taxa(data), text_type=recipe.label_text)
    labels.save(folder)
    return labels


def catalog_taxa(data: Path) -> list[Taxon]:
    """The distinct taxa of the images that curation kept, sorted."""
    columns = [*(rank.label for rank in RANKS), "common", "drop_reason"]
    rows = pq.read_table(data / "catalog.parquet", columns=columns).to_pylist()
    return sorted({Taxon.from_columns(row) for row in rows if row["drop_reason"] is None})


def image_licences(data: Path) -> dict[str, int]:
    """How many of the training images stand under each licence that the catalog names."""
    rows = pq.read_table(data / "catalog.parquet", columns=["license_name", "split", "drop_reason"]).to_pylist()
    kept = [row for row in rows if row["drop_reason"] is None and row["split"] == "train"]
    return dict(sorted(Counter(row["license_name"] or "no licence told" for row in kept).items()))


def _accuracy(model: Model, corpus: Corpus | None, recipe: Recipe, cache: Path) -> float:
    """Zero-shot top-1 among the corpus's own taxa."""
    assert corpus is not None
    if recipe.image.trunk and not recipe.unfreeze_epochs:
        encoded = encode_cached(model, _named(corpus), cache).embeddings
    else:
        encoded = encode_images(model, _named(corpus), EncodeOptions(batch_size=128)).embeddings
    labels = build_labels(model, corpus.taxa, text_type=recipe.label_text)
    answers = zero_shot(encoded.vectors, labels, scale=model.scale().item()).argmax(axis=1)
    truth = corpus.taxon_ids[[int(name) for name in encoded.ids]]
    return float(np.mean(answers == truth))


def _features(model: Model, corpus: Corpus, cache: Path) -> npt.NDArray[np.float32]:
    options = EncodeOptions(dtype="float16", label="features of the frozen trunk")
    encoded = cached_features(model, _named(corpus), cache, options, total=len(corpus))
    if encoded.errors:
        failure = encoded.errors[0]
        raise BadFile(
            f"{len(encoded.errors)} training images cannot be read, the first: {failure.message}",
            hint="curate the folder again",
        )
    return encoded.embeddings.vectors.astype(np.float32)


def _named(corpus: Corpus) -> Iterator[tuple[str, bytes]]:
    return ((str(row), corpus.read(row)) for row in range(len(corpus)))


def _some(corpus: Corpus | None) -> Corpus | None:
    """At most VALIDATION_IMAGES of a corpus, evenly spread."""
    if corpus is None or len(corpus) <= VALIDATION_IMAGES:
        return corpus
    rows: Sequence[int] = np.linspace(0, len(corpus) - 1, VALIDATION_IMAGES).astype(int).tolist()
    return Corpus(records=[corpus.records[row] for row in rows], read=lambda row: corpus.read(rows[row]))
