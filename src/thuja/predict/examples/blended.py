"""Examples and text labels in one answer, over all that either of them names."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from thuja.classify.examples.blend import Blend, Told, blend_bias, union_of
from thuja.classify.examples.gallery import FittedHead
from thuja.classify.examples.heads import Head
from thuja.classify.examples.intervals import Share, share_of
from thuja.classify.examples.labelled import Floats, Indices, LeftOut, log_softmax
from thuja.classify.halves import widen
from thuja.classify.tiled import Bias
from thuja.embeddings import Vectors
from thuja.errors import UsageError
from thuja.labels import LabelSpace
from thuja.predict.examples.rows import ExampleClass
from thuja.taxonomy import Taxon

_BLOCK_BYTES = 256 * 2**20
_TILE = 8192
_FEWEST_ASKED, _MOST_CELLS, _MOST_FITTED = 300, 2**28, 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Blended:
    """`labels` is the union: the text labels in their order, and behind them the classes that none of them names.

    `places` says which label each class is, `new` how many classes no text names. `accuracy` is that of examples
    asked without their observation, `by_text` the same by the texts alone; None where no example can be right.
    """

    labels: LabelSpace
    places: Indices
    new: int
    blend: Blend
    accuracy: Share | None
    by_text: Share | None
    head: Head
    texts: LabelSpace
    scale: float

    @classmethod
    def of(
        cls,
        fitted: FittedHead,
        classes: Sequence[ExampleClass],
        vectors: Floats,
        *,
        labels: LabelSpace,
        scale: float,
        weight: float | None = None,
    ) -> "Blended":
        """`vectors` are the examples' own, whose rows `fitted.left_out` speaks of; a weight of None is fitted."""
        if weight is not None and not 0 <= weight <= 1:
            raise UsageError(f"the weight of examples is between 0 and 1, got {weight:g}", hint="or auto")
        places = align(classes, labels)
        left_out = _some(fitted.left_out, len(labels), len(classes))
        asked = vectors[left_out.rows]
        told = Told.of(asked, labels, places, scale=scale)
        blend = Blend.fit(told, left_out, weight)
        extra = np.flatnonzero(places < 0).tolist()
        union = union_of(
            labels,
            [classes[number].text for number in extra],
            [classes[number].taxon or Taxon(species=classes[number].text) for number in extra],
        )
        settled = places.copy()
        settled[extra] = len(labels) + np.arange(len(extra))
        can_be_right = left_out.can_be_right

        def share(scores: Floats) -> Share:
            best = np.where(np.isnan(scores), -np.inf, scores)[can_be_right]
            is_right = best.argmax(axis=1) == left_out.truth[can_be_right]
            is_right &= best.max(axis=1) > told.rival[can_be_right]
            return share_of(is_right, left_out.observations[can_be_right])

        return cls(
            labels=union,
            places=settled,
            new=len(extra),
            blend=blend,
            accuracy=share(blend.masses(told, left_out.log_probabilities)) if can_be_right.any() else None,
            by_text=share(told.classes) if can_be_right.any() else None,
            head=fitted.head,
            texts=labels,
            scale=scale,
        )

    @property
    def weight(self) -> float:
        """The weight of the examples, from 0 to 1."""
        return self.blend.weight

    def judge(self, vectors: Vectors) -> Iterator[Floats]:
        """Probabilities over `labels` for (N, D) vectors of length one, in blocks of images: (B, L) each."""
        units = np.asarray(vectors, dtype=np.float32)
        size = max(1, _BLOCK_BYTES // (4 * len(self.labels)))
        for start in range(0, len(units), size):
            block = units[start : start + size] * np.float32(self.scale)
            logits = np.empty((len(block), len(self.labels)), dtype=np.float32)
            for first in range(0, len(self.labels), _TILE):
                tile = slice(first, first + _TILE)
                np.matmul(block, widen(self.labels.vectors[tile]).T, out=logits[:, tile])
            everything = slice(0, len(self.labels))
            logits += self.bias(units[start : start + size])(everything, slice(0, len(block))).T
            yield np.exp(log_softmax(logits))

    def bias(self, vectors: Vectors) -> Bias:
        """What `thuja.classify.marginals(vectors, labels, scale=, bias=)` needs to answer as `judge` does, in tiles."""
        units = np.asarray(vectors, dtype=np.float32)
        known = np.where(self.places < len(self.texts), self.places, -1)
        return blend_bias(
            Told.of(units, self.texts, known, scale=self.scale),
            self.head.log_probabilities(units),
            self.places,
            count=len(self.labels),
            blend=self.blend,
        )


def _some(left_out: LeftOut, labels: int, classes: int) -> LeftOut:
    """Examples to hold texts against: all, or of very many labels or classes what takes seconds, evenly drawn."""
    most = max(_FEWEST_ASKED, min(_MOST_CELLS // labels, _MOST_FITTED // classes))
    rows = left_out.rows[left_out.can_be_right]
    if len(rows) <= most:
        return left_out
    return left_out.at(rows[np.linspace(0, len(rows) - 1, most).round().astype(np.int64)])


def align(classes: Sequence[ExampleClass], labels: LabelSpace) -> Indices:
    """The label of each class, -1 where no label is the same taxon or is called the same: (C,).

    A class that is a taxon is first sought by its lineage, then by its scientific name; any other by its words: a
    label's text, scientific name or common name, in any case, `_` as a blank. What two labels answer to is none's.
    """
    places = _by_lineage(classes, labels.taxa)
    looks: list[tuple[Callable[[], Sequence[str]], bool]] = [
        (lambda: labels.texts, True),
        (lambda: [taxon.scientific_name for taxon in labels.taxa], True),
        (lambda: [taxon.common for taxon in labels.taxa], False),
    ]
    for names, is_for_taxa in looks:
        open_ = [row for row, one in enumerate(classes) if places[row] < 0 and (is_for_taxa or one.taxon is None)]
        if open_:  # of 867,455 labels each look at their names takes half a second
            found = _by_name([classes[row].text for row in open_], names())
            for row, place in zip(open_, found, strict=True):
                places[row] = place
    return _first_of_each(places)


def _by_lineage(classes: Sequence[ExampleClass], taxa: Sequence[Taxon]) -> list[int]:
    """The label of the same lineage as each class, -1 where there is none."""
    wanted = {one.taxon for one in classes if one.taxon is not None}
    ends = {(taxon.genus, taxon.species) for taxon in wanted}  # quickly told, for all labels but a few
    rows = {taxon: row for row, taxon in enumerate(taxa) if (taxon.genus, taxon.species) in ends and taxon in wanted}
    return [-1 if one.taxon is None else rows.get(one.taxon, -1) for one in classes]


def _by_name(wanted: Sequence[str], names: Sequence[str]) -> list[int]:
    """The one row that each wanted name stands in, -1 where it stands in none or in several."""
    keys = [_plain(name) for name in wanted]
    rows: dict[str, list[int]] = {key: [] for key in keys if key}
    for row, name in enumerate(names):
        if (key := _plain(name)) in rows:
            rows[key].append(row)
    return [found[0] if len(found := rows.get(key, [])) == 1 else -1 for key in keys]


def _first_of_each(places: Sequence[int]) -> Indices:
    """A label is one class's alone: a second class of the same name is a label of its own."""
    taken: set[int] = set()
    kept = []
    for place in places:
        kept.append(-1 if place in taken else place)
        taken.add(place)
    return np.array(kept, dtype=np.int64)


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()
