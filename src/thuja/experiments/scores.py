"""What a cell measures, from one pass over a world's test pictures: by text, by a few examples, by linear reading.

Arrays and taxa in, shares of 1 out; nothing here knows a model. `test` are fresh pictures of trained species, `unseen`
pictures of species that no arm was trained on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.biosphere.probes import Probe, Split, ridge_regression
from thuja.biosphere.roles import Role
from thuja.biosphere.traits import TRAITS
from thuja.classify import zero_shot
from thuja.embeddings import Vectors
from thuja.errors import ThujaError
from thuja.evaluate.data import species_of
from thuja.evaluate.protocols.few_shot import answer, draw_folds
from thuja.evaluate.question import Question
from thuja.labels import LabelSpace
from thuja.metrics.accuracy import Hits, per_class_accuracy
from thuja.record import Value
from thuja.taxonomy import Rank, Taxon

Scores = dict[str, float]
Indices = npt.NDArray[np.int64]

RANKS_ASKED: Final = (Rank.CLASS, Rank.ORDER, Rank.FAMILY, Rank.GENUS)
SHOTS: Final = (1, 5)
NEAREST: Final = 10
"""Among so many nearest captions a picture's own is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """N pictures as an image tower sees them (N, D) at length one, their taxa, and what is true of each, if known."""

    vectors: Vectors
    taxa: Sequence[Taxon]
    traits: Sequence[Mapping[str, Value]]

    def __post_init__(self) -> None:
        if not len(self.vectors) == len(self.taxa) == len(self.traits):
            raise ThujaError(
                f"expected as many vectors as taxa and traits, got {len(self.vectors)}, {len(self.taxa)} and "
                f"{len(self.traits)}"
            )


def text_scores(
    test: Pictures, unseen: Pictures, seen_labels: LabelSpace, *, unseen_labels: LabelSpace | None
) -> Scores:
    """How often the nearest text is right, as means over taxa.

    `species`: test pictures among the trained species. `unseen_genus` and so on: unseen pictures by the clade of the
    nearest trained species, where a trained species is of the true clade. `unseen_species`: unseen pictures among the
    unseen species' names, for labels that can name what was never trained.
    """
    found = {"species": _macro(Rank.SPECIES, test.taxa, _nearest(test, seen_labels), labels=seen_labels.taxa)}
    nearest = _nearest(unseen, seen_labels)
    for rank in RANKS_ASKED:
        value = _macro(rank, unseen.taxa, nearest, labels=seen_labels.taxa)
        if value is not None:
            found[f"unseen_{rank.label}"] = value
    if unseen_labels is not None:
        found["unseen_species"] = _macro(
            Rank.SPECIES, unseen.taxa, _nearest(unseen, unseen_labels), labels=unseen_labels.taxa
        )
    return {name: value for name, value in found.items() if value is not None}


def few_shot_scores(test: Pictures, unseen: Pictures) -> Scores:
    """SimpleShot on each set's own pictures, the mean of five folds: the image tower alone, however it was taught."""
    found: Scores = {}
    for name, pictures in (("unseen", unseen), ("seen", test)):
        truth = species_of(pictures.taxa)
        for shots in SHOTS:
            folds = draw_folds(truth, shots)
            rights = [
                per_class_accuracy(answer(pictures.vectors, truth, fold) == truth[fold.query], truth[fold.query]).mean()
                for fold in folds
                if len(fold.query)
            ]
            if rights:
                found[f"{name}_{shots}_shot"] = float(np.mean(rights))
    return found


def trait_scores(test: Pictures, unseen: Pictures, roles: Mapping[str, str]) -> Scores:
    """What can be read off the features of species never trained, by a linear model of the trained species' pictures.

    `convergent`, `diagnostic`, `decoy`: the mean R2 over the world's traits of that role that are shares (0 where the
    trained species' mean does as well). `habitat`: the mean over habitats of pictures rightly told.
    """
    features = np.concatenate([test.vectors, unseen.vectors]).astype(np.float64)
    traits = [*test.traits, *unseen.traits]
    clusters = species_of([*test.taxa, *unseen.taxa])
    rows = np.arange(len(traits))
    split = Split(train=rows[: len(test.taxa)], test=rows[len(test.taxa) :], clusters=clusters)
    found: Scores = {}
    for role in (Role.CONVERGENT, Role.DIAGNOSTIC, Role.DECOY):
        shares = [name for name, trait in TRAITS.items() if not trait.is_discrete and roles.get(name) == role]
        values = [
            np.array([float(one[name]) for one in traits]) for name in shares if all(name in one for one in traits)
        ]
        if values:
            found[role.value] = float(np.mean([_explained(features, value, split) for value in values]))
    if all("habitat" in one for one in traits):
        _, habitats = np.unique([str(one["habitat"]) for one in traits], return_inverse=True)
        if len(np.unique(habitats[split.train])) > 1:
            said = Probe(features, split).predict(habitats)
            found["habitat"] = float(per_class_accuracy(said == habitats[split.test], habitats[split.test]).mean())
    return found


def retrieval_score(images: Vectors, texts: Vectors, truth: Indices) -> float:
    """The share of N images (N, D) whose own text, `truth` (N,), is among the ten nearest of L distinct ones (L, D)."""
    near = np.asarray(images, np.float32) @ np.asarray(texts, np.float32).T  # (N, L)
    own = np.take_along_axis(near, truth[:, None], axis=1)
    return float(((near > own).sum(axis=1) < NEAREST).mean())


def _nearest(pictures: Pictures, labels: LabelSpace) -> Indices:
    return np.asarray(zero_shot(pictures.vectors, labels, scale=1.0).argmax(axis=1))


def _macro(rank: Rank, truth: Sequence[Taxon], nearest: Indices, *, labels: Sequence[Taxon]) -> float | None:
    """The mean over taxa at `rank` of pictures whose nearest label lies in it; None where there is no choice."""
    question = Question.put(rank, labels, truth)
    if len(question.candidates) < 2 or not question.asked.any():
        return None
    said = question.classes_of(labels)[nearest]
    asked = question.asked
    return Hits(
        is_right=(said == question.truth)[asked], classes=question.truth[asked], species=species_of(truth)[asked]
    ).macro_accuracy()


def _explained(features: npt.NDArray[np.float64], values: npt.NDArray[np.float64], split: Split) -> float:
    """R2 over the test rows against the training rows' mean, never below 0 by more than chance gives it."""
    said = ridge_regression(features, values, split)
    truth = values[split.test]
    rest = ((truth - said) ** 2).sum()
    whole = ((truth - values[split.train].mean()) ** 2).sum()
    return float(1 - rest / whole) if whole > 0 else 0.0
