"""The same answers as pybioclip: its own classes, the shim, and thuja's Predictor, in float32 on the same files.

Told for every probability above 1e-6: the greatest relative difference, and whether the five best are the same
wherever they are further apart than 1e-5. The Predictor prepares images in pybioclip's way here, as its shim does.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from huggingface_hub import constants

from peers import declare_operators
from predict_run import PEER_PREPARATION, Run
from published_labels import label_files
from random_models import REPOSITORIES
from thuja.classify.bins import Bins
from thuja.compat import pybioclip as shim
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.predict import Predictor
from thuja.predict.answers import Prediction
from thuja.predict.options import PredictorOptions
from thuja.taxonomy import Rank

Scores = Mapping[str, Mapping[tuple[str, ...], float]]
"""Of each image, the probabilities by the names of the answer."""

PHOTOS, LEAST, GAP, K, DEEP = 10, 1e-6, 1e-5, 5, 100
BINS = {"a bird": "animal", "a beetle": "animal", "an orchid": "plant", "a fern, unrolling": "plant", "a rock": "none"}
_LEFT_OUT = {"file_name", "score", "species", "common_name"}
_EXACT = PredictorOptions(is_exact=True, is_calibrated=False)


def main(run: Run) -> None:
    home = run.home
    constants.HF_HUB_CACHE, constants.HF_HUB_OFFLINE = str(home / "hub"), True
    declare_operators()
    torch.compile = lambda module: module  # type: ignore[assignment]  # it takes a compiler, and changes no number
    import bioclip.predict as theirs

    photos = [str(photo) for photo in run.photos[:: max(1, len(run.photos) // PHOTOS)][:PHOTOS]]
    name = f"hf-hub:{REPOSITORIES[run.shape][0]}"
    model = Model.load(run.model)
    model.preparation = PEER_PREPARATION
    print(
        "| answers | who | greatest relative difference, p > 1e-6 | compared | of the five best differ |\n"
        "|---|---|---|---|---|"
    )

    peer, ours = theirs.TreeOfLifeClassifier(model_str=name), shim.TreeOfLifeClassifier(model_str=name)
    single = LabelSpace.load_published(*label_files(home, run.shape), model=model.id)
    single = LabelSpace(texts=single.texts, vectors=rows_of(single.vectors), model=model.id, taxa=single.taxa)
    half = LabelSpace(texts=single.texts, vectors=single.vectors.astype(np.float16), model=model.id, taxa=single.taxa)
    posterior = peer.create_batched_probabilities_for_images(photos, peer.txt_embeddings, 10)
    for rank in theirs.Rank:
        label = rank.get_label()
        expected = by_image(peer.predict(photos, rank, k=DEEP))
        compare(label, "shim", expected, by_image(ours.predict(photos, shim.Rank[rank.name], k=DEEP)))
        whole = summed(posterior, peer.txt_names, rank.value)
        for kind, space in (("float32", single), ("float16", half)):
            predictor = Predictor(model, labels=space, options=_EXACT)
            depth = min(DEEP, len(predictor.among.tree.taxa[Rank(rank.value)]))
            got = answers(predictor.predict(photos, rank=label, k=depth))
            compare(label, f"Predictor, labels in {kind}", whole, got)
        if rank is not theirs.Rank.SPECIES:
            compare(label, "pybioclip with its threshold, to without", whole, expected)

    families = sorted({names[0][4] for names in peer.txt_names[:2000]})[:40]
    keep = peer.create_taxa_filter(theirs.Rank.FAMILY, families)
    peer.apply_filter(keep)
    ours.apply_filter(ours.create_taxa_filter(shim.Rank.FAMILY, families))
    some = single.subset(np.flatnonzero(keep.to_numpy()))
    for rank in (theirs.Rank.SPECIES, theirs.Rank.GENUS):
        label = rank.get_label()
        expected = by_image(peer.predict(photos, rank, k=DEEP))
        compare(
            f"{label} of 40 families", "shim", expected, by_image(ours.predict(photos, shim.Rank[rank.name], k=DEEP))
        )
        predictor = Predictor(model, labels=some, options=_EXACT)
        depth = min(DEEP, len(predictor.among.tree.taxa[Rank(rank.value)]))
        got = answers(predictor.predict(photos, rank=label, k=depth))
        compare(f"{label} of 40 families", "Predictor", expected, got)
    del peer, ours, single, half, posterior
    custom(theirs, model, name=name, photos=photos)


def custom(theirs: Any, model: Model, *, name: str, photos: Sequence[str]) -> None:
    """Labels of one's own, by themselves and in bins."""
    expected = by_image(theirs.CustomLabelsClassifier(list(BINS), model_str=name).predict(photos))
    ours = shim.CustomLabelsClassifier(list(BINS), model_str=name)
    compare("custom labels", "shim", expected, by_image(ours.predict(photos)))
    compare(
        "custom labels",
        "Predictor",
        expected,
        answers(Predictor(model, labels=list(BINS), options=_EXACT).predict(photos)),
    )
    expected = by_image(theirs.CustomLabelsBinningClassifier(BINS, model_str=name).predict(photos))
    compare(
        "bins", "shim", expected, by_image(shim.CustomLabelsBinningClassifier(BINS, model_str=name).predict(photos))
    )
    binned = PredictorOptions(bins=Bins.of(list(BINS.items())), is_exact=True, is_calibrated=False)
    compare("bins", "Predictor", expected, answers(Predictor(model, options=binned).predict(photos)))


def rows_of(vectors: np.ndarray) -> np.ndarray:
    """A matrix that lies dimension by dimension, label by label in memory."""
    rows = np.empty(vectors.shape, dtype=np.float32)
    for start in range(0, len(rows), 1 << 14):
        rows[start : start + (1 << 14)] = vectors[start : start + (1 << 14)]
    return rows


def by_image(rows: Iterable[Mapping[str, Any]]) -> Scores:
    """pybioclip's rows."""
    found: dict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
    for row in rows:
        found[row["file_name"]][tuple(str(row[key]) for key in row if key not in _LEFT_OUT)] = row["score"]
    return found


def answers(predictions: Iterable[Prediction]) -> Scores:
    """thuja's answers."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for one in predictions:
        assert not one.error, one.error
        found[one.file_name] = {
            tuple(answer.taxon.names[: answer.taxon.rank + 1]) if answer.taxon else (answer.text,): answer.score
            for answer in one.answers
        }
    return found


def summed(posterior: Mapping[str, torch.Tensor], names: Sequence[Any], rank: int) -> Scores:
    """pybioclip's probabilities summed up to a rank without its threshold; those below LEAST / 100 are left out."""
    number: dict[tuple[str, ...], int] = {}
    group = np.array([number.setdefault(tuple(lineage[: rank + 1]), len(number)) for lineage, _ in names])
    keys = list(number)
    found: dict[str, Mapping[tuple[str, ...], float]] = {}
    for photo, probabilities in posterior.items():
        sums = np.bincount(group, weights=probabilities.numpy())
        found[photo] = {keys[place]: float(sums[place]) for place in np.flatnonzero(sums > LEAST / 100)}
    return found


def compare(what: str, who: str, expected: Scores, got: Scores) -> None:
    """Print a row: answers that are given here, and p > 1e-6 there."""
    worst, count, differing = 0.0, 0, 0
    for image, wanted in expected.items():
        told = got[image]
        for key, score in told.items():
            if wanted.get(key, 0) > LEAST:
                worst = max(worst, abs(score / wanted[key] - 1))
                count += 1
        best = sorted(wanted, key=wanted.__getitem__, reverse=True)
        ours = sorted(told, key=told.__getitem__, reverse=True)
        for place, (mine, theirs) in enumerate(zip(ours[:K], best[:K], strict=False)):
            apart = abs(wanted.get(mine, 0) - wanted[theirs])
            differing += mine != theirs and apart > GAP
            assert place < K
    print(f"| {what} | {who} | {worst:.1e} | {count:,} | {differing} |", flush=True)
