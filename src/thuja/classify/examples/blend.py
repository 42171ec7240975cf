"""Text labels and examples to one answer over the union of what both know.

Texts say p_text of every label, examples p_examples of every class that has some. What texts give to all classes with
examples together, P, becomes P^(1 - w), and is shared out among these by the soft-max of
sharpness * ((1 - w) log p_text + w log p_examples). A label without examples keeps its p_text, and the sum over the
union is brought to one. So w = 0 is texts alone; at w = 1 examples alone tell their classes apart, and a label without
examples is believed as far as a text gives it more than all of these. A class that no text names has its p_examples
for p_text. Weight and sharpness are those under which examples, asked without their own observation, are least
surprising among the classes with examples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from thuja.classify.examples.labelled import Floats, Indices, LeftOut, doubtful_loss, log_softmax
from thuja.classify.halves import widen
from thuja.classify.tiled import Bias
from thuja.embeddings import Vectors
from thuja.labels import LabelSpace
from thuja.taxonomy import Taxon

USUAL_WEIGHT = 0.3
"""Where no example can be left out to tell."""

_WEIGHTS = np.linspace(0, 1, 21)
_SHARPNESS = (0.5, 0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0, 2.4, 3.0)
_TILE = 8192
_ROWS = 2048
_LEAST = -80.0
"""No logarithm of a probability counts as less: float32 has nothing below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What texts say of N images, by soft-max(scale * cosine) over all labels.

    `classes` (N, C) are the logarithms of the probabilities of C classes' labels, NaN for a class without one;
    `energy` (N,) is the logarithm of the sum of exp(logit) over all labels. Of the labels that are no class's, `rest`
    is the logarithm of the probability of all together, and `rival` of the likeliest: (N,).
    """

    classes: Floats
    energy: Floats
    rest: Floats
    rival: Floats

    @classmethod
    def of(cls, vectors: Vectors, labels: LabelSpace, places: Indices, *, scale: float) -> "Told":
        """Tile by tile, for (N, D) vectors and the label of each class, -1 for none: (C,)."""
        wide = np.asarray(vectors, dtype=np.float32) * np.float32(scale)
        rest, rival = (np.full(len(wide), -np.inf, dtype=np.float32) for _ in range(2))
        has = np.flatnonzero(places >= 0)
        for start in range(0, len(wide), _ROWS):
            rows = slice(start, start + _ROWS)
            for first in range(0, len(labels), _TILE):
                logits = wide[rows] @ widen(labels.vectors[first : first + _TILE]).T
                within = places[has] - first
                logits[:, within[(within >= 0) & (within < logits.shape[1])]] = -np.inf
                rest[rows] = np.logaddexp(rest[rows], _log_sum(logits))
                np.maximum(rival[rows], logits.max(axis=1), out=rival[rows])
        energy: Floats = rest
        found: Floats = np.full((len(wide), len(places)), np.nan, dtype=np.float32)
        if len(has):
            own = wide @ widen(labels.vectors[places[has]]).T
            found[:, has], energy = own, np.logaddexp(rest, _log_sum(own))
        return cls(classes=found - energy[:, None], energy=energy, rest=rest - energy, rival=rival - energy)

    def at(self, rows: npt.NDArray[np.bool_]) -> "Told":
        """Of these images alone."""
        return Told(classes=self.classes[rows], energy=self.energy[rows], rest=self.rest[rows], rival=self.rival[rows])


def _log_sum(logits: npt.NDArray[Any]) -> Floats:
    """The logarithm of the sum of each row's exponentials, -inf for a row of nothing: (N, L) to (N,)."""
    peak = logits.max(axis=1)
    known = np.where(np.isfinite(peak), peak, 0)
    with np.errstate(divide="ignore"):
        return np.asarray(known + np.log(np.exp(logits - known[:, None]).sum(axis=1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """How much examples weigh against texts, 0 to 1, and how sharp the two are together."""

    weight: float
    sharpness: float = 1.0

    @classmethod
    def fit(cls, told: Told, left_out: LeftOut, weight: float | None = None) -> "Blend":
        """From what texts say of the rows of `left_out` and what examples do.

        A weight that is given stays, and one of 0 leaves texts as they are.
        """
        asked = left_out.can_be_right
        if weight == 0:
            return cls(weight=0)
        if not asked.any():
            return cls(weight=USUAL_WEIGHT if weight is None else weight)
        examples, truth = left_out.log_probabilities[asked], left_out.truth[asked]
        part = told.at(asked)
        best, best_loss = cls(weight=USUAL_WEIGHT), np.inf
        for one in _WEIGHTS if weight is None else [weight]:
            for sharpness in _SHARPNESS:
                blend = cls(weight=float(one), sharpness=sharpness)
                # Among the classes alone: examples cannot tell how often a photo is of something else.
                loss = doubtful_loss(log_softmax(blend.masses(part, examples)), truth)
                if loss < best_loss:
                    best, best_loss = blend, loss
        return best

    def masses(self, told: Told, examples: Floats) -> Floats:
        """Logarithms of what each class has beside the p_text of labels without examples: (N, C).

        `examples` (N, C) are logarithms of probabilities; -inf for a class that had no example.
        """
        own = np.maximum(examples, _LEAST)
        has_example = np.isfinite(examples)
        has_text = ~np.isnan(told.classes)
        texts = np.where(has_text, np.maximum(np.where(has_text, told.classes, 0), _LEAST), own)
        known = np.minimum(_log_sum(texts), 0)
        both = np.where(has_example, (1 - self.weight) * texts + self.weight * own, texts)
        shares = log_softmax(np.asarray(self.sharpness * both, dtype=np.float32))
        return np.asarray((1 - self.weight) * known[:, None] + shares, dtype=np.float32)


def blend_bias(told: Told, examples: Floats, places: Indices, *, count: int, blend: Blend) -> Bias:
    """What is added to the logits of the union's labels for each of the N images: see `thuja.classify.marginals`.

    `places` (C,) is each class's label among the `count` of the union. A class without a text has a vector of zeros
    there, so that its logit is the bias alone: its mass above the energy of the texts.
    """
    masses = blend.masses(told, examples)
    has_text = ~np.isnan(told.classes)
    added = np.where(has_text, masses - np.where(has_text, told.classes, 0), masses + told.energy[:, None])
    class_of = np.full(count, -1, dtype=np.int64)
    class_of[places] = np.arange(len(places))

    def bias(rows: slice | Indices, images: slice) -> Floats:
        found = class_of[rows]
        block = np.zeros((len(found), len(added[images])), dtype=np.float32)
        block[found >= 0] = added[images].T[found[found >= 0]]
        return block

    return bias


def union_of(labels: LabelSpace, texts: Sequence[str], taxa: Sequence[Taxon]) -> LabelSpace:
    """The labels, and behind them classes that no label names, with vectors of zeros.

    `taxa` are those of the classes where the labels are taxa. The vectors are copied only where there is a class.
    """
    if not texts:
        return labels
    zeros = np.zeros((len(texts), labels.vectors.shape[1]), dtype=labels.vectors.dtype)
    return LabelSpace(
        texts=[*labels.texts, *texts],
        vectors=np.concatenate([labels.vectors, zeros]),
        model=labels.model,
        taxa=[*labels.taxa, *taxa] if labels.taxa else (),
    )
