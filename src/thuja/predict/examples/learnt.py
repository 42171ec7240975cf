"""Examples: what a few labelled photos teach, saved once and reused without encoding them again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa

from thuja.classify.examples.gallery import AUTO, FittedHead, fit_head
from thuja.classify.examples.heads import probabilities
from thuja.classify.examples.labelled import Floats, Indices, Labelled
from thuja.embeddings import Embeddings, Vectors, normalized
from thuja.encode import Content, Encoded, Failure
from thuja.errors import EmptyInput, ThujaError, UsageError
from thuja.labels import LabelSpace
from thuja.predict.answers import Guess
from thuja.predict.examples.blended import Blended
from thuja.predict.examples.rows import ExampleClass, ExampleColumns, ExampleRows, read_examples
from thuja.predict.examples.targets import ExampleTarget, NumberGuesser, fit_targets
from thuja.taxonomy import Taxon

Encode = Callable[[Iterable[tuple[str, Content]]], Encoded]
"""(id, path or bytes) of images to their embeddings: `partial(encode_images, encoder)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnOptions:
    """How examples are learnt from.

    `head` is centroid, probe, knn or auto; `votes` how many votes one observation has among nearest examples.
    `columns` name those of a table of examples; a target is a column, or `column:kind` with the kind category,
    several or number.
    """

    head: str = AUTO
    votes: int = 1
    columns: ExampleColumns = field(default_factory=ExampleColumns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """N examples of C classes, and the heads that learnt from them.

    `vectors` are (N, D) in float16, as they are saved, and `units` the same at length one.
    `classes` are in the order of the head's probabilities. `head` is None where the examples are of one class, or of
    none that is named, and teach targets alone. `copies` counts images that are another's copy: they count as one
    observation. `failures` are images or rows that could not be used.
    """

    model: str
    files: Sequence[str]
    vectors: Vectors
    units: Floats
    classes: Sequence[ExampleClass]
    labels: Indices
    observations: Indices
    head: FittedHead | None
    targets: Mapping[str, ExampleTarget] = field(default_factory=dict)
    cells: pa.Table = field(default_factory=lambda: pa.table({}))
    copies: int = 0
    failures: Sequence[Failure] = ()

    def __len__(self) -> int:
        return len(self.vectors)

    @classmethod
    def learn(
        cls, source: Path | ExampleRows, encode: Encode | None, options: LearnOptions | None = None, *, model: str
    ) -> "Examples":
        """Learn from a folder, a table or embeddings; `encode` makes vectors of images by the model of that id.

        Raises UsageError for embeddings of another model, EmptyInput where nothing can be learnt.
        """
        options = options or LearnOptions()
        rows = source if isinstance(source, ExampleRows) else read_examples(Path(source), options.columns)
        kept, embeddings, failures = _embedded(rows, encode, model)
        # Saved as float16, and learnt from as they will be saved: what is loaded again answers the same.
        halves = embeddings.vectors.astype(np.float16)
        labels, classes = _numbered([rows.labels[row] for row in kept])
        observations, copies = _merged_copies([rows.observations[row] for row in kept], halves)
        labelled = Labelled.of(halves, np.maximum(labels, 0), observations)
        named = labels >= 0
        head = fit_head(labelled.at(named), options.head, votes=options.votes) if len(classes) > 1 else None
        if head is None and not options.columns.targets:
            raise EmptyInput(
                f"the examples are all of one class, {classes[0].text}" if classes else "no example says what it shows",
                hint="add examples of another class to tell it from",
            )
        cells = rows.cells.take(kept) if rows.cells.num_columns else rows.cells
        taxa = [classes[number].taxon if number >= 0 else None for number in labels.tolist()]
        targets = fit_targets(labelled, cells, taxa, asked=options.columns.targets)
        return cls(
            model=model,
            files=[rows.files[row] for row in kept],
            vectors=halves,
            units=labelled.vectors,
            classes=classes,
            labels=labels,
            observations=observations,
            head=head,
            targets=targets,
            cells=cells,
            copies=copies,
            failures=(*rows.failures, *failures),
        )

    @property
    def digest(self) -> str:
        """A short hash of the examples and of how they answer."""
        found = sha256(self.vectors.astype(np.float16).tobytes())
        taxa = [taxon and taxon.taxonomic_name for taxon in self.taxa]
        groups = [self.labels.tolist(), self.observations.tolist()]
        found.update(repr([self.model, self.texts, taxa, groups]).encode())
        if self.head is not None:
            found.update(self.head.head.kind.encode())
            for name, array in sorted(self.head.head.state().items()):
                found.update(name.encode() + array.tobytes())
        for name, target in sorted(self.targets.items()):
            found.update(
                repr([name, target.kind.value, target.names, target.rows.tolist()]).encode() + target.codes.tobytes()
            )
            if isinstance(target.guesser, NumberGuesser):
                found.update(np.asarray(target.guesser.ridge.predict(self.units), dtype=np.float32).tobytes())
        return found.hexdigest()[:16]

    @property
    def texts(self) -> Sequence[str]:
        """What stands on each class: (C,)."""
        return [one.text for one in self.classes]

    @property
    def taxa(self) -> Sequence[Taxon | None]:
        """The taxon of each class, None for a label that is none: (C,)."""
        return [one.taxon for one in self.classes]

    def judge(self, vectors: Vectors) -> Floats:
        """What the examples alone say: (N, D) vectors to (N, C) probabilities.

        Raises UsageError where they have no head, ThujaError for vectors of another width or not of numbers.
        """
        return probabilities(self._head().head, self._units(vectors))

    def blended(self, labels: LabelSpace, *, scale: float, weight: float | None = None) -> Blended:
        """The examples with text labels of the same model; None fits the weight on observations left out.

        `scale` is that of the soft-max over cosines. Raises UsageError for labels of another model.
        """
        if labels.model != self.model:
            raise UsageError(f"the labels were made by {labels.model}, the examples by {self.model}")
        return Blended.of(
            self._head(), self.classes, self.units[self.labels >= 0], labels=labels, scale=scale, weight=weight
        )

    def guesses(self, vectors: Vectors) -> Mapping[str, list[Guess]]:
        """What the examples say of each target, a Guess a vector."""
        units = self._units(vectors)
        return {name: target.guesses(units) for name, target in self.targets.items()}

    def space(self) -> LabelSpace:
        """The classes as labels, in order, with their mean vectors: for what wants a LabelSpace.

        It has taxa where every class has one.
        """
        means = np.zeros((len(self.classes), self.vectors.shape[1]), dtype=np.float32)
        np.add.at(means, self.labels[self.labels >= 0], self.units[self.labels >= 0])
        taxa = [one.taxon for one in self.classes if one.taxon is not None]
        return LabelSpace(
            texts=self.texts,
            vectors=normalized(means),
            model=self.model,
            taxa=taxa if len(taxa) == len(self.classes) else (),
        )

    def _head(self) -> FittedHead:
        if self.head is None:
            raise UsageError("the examples are of one class and teach targets alone", hint="add another class")
        return self.head

    def _units(self, vectors: Vectors) -> Floats:
        units = np.array(vectors, dtype=np.float32)
        if units.ndim != 2 or units.shape[1] != self.vectors.shape[1]:
            raise ThujaError(
                f"image vectors of shape {units.shape} do not fit examples of {self.vectors.shape[1]} dimensions",
                hint="make both with the same model",
            )
        if not np.isfinite(units).all():
            raise ThujaError("an image vector is not a number")
        return normalized(units)


def _embedded(rows: ExampleRows, encode: Encode | None, model: str) -> tuple[list[int], Embeddings, Sequence[Failure]]:
    """The places that have a vector, their embeddings, and what failed."""
    if rows.embeddings is not None:
        if rows.embeddings.model != model:
            raise UsageError(
                f"the examples were embedded by {rows.embeddings.model}, not by the model {model}",
                hint="embed them again with this model: thuja embed",
            )
        finite = np.isfinite(rows.embeddings.vectors).all(axis=1)
        bad = [
            Failure(rows.files[row], "not_finite", "its vector is not of numbers")
            for row in np.flatnonzero(~finite).tolist()
        ]
        kept, embeddings, failures = np.flatnonzero(finite).tolist(), rows.embeddings.select(finite), bad
    else:
        assert encode is not None
        encoded = encode(rows.images())
        kept, embeddings = [int(name) for name in encoded.embeddings.ids], encoded.embeddings
        failures = [Failure(rows.files[int(bad.id)], bad.reason, bad.message) for bad in encoded.errors]
    if not kept:
        first = f": {failures[0].message}" if failures else ""
        raise EmptyInput(f"none of the {len(rows)} examples can be used{first}")
    return kept, embeddings, failures


def _numbered(labels: Sequence[ExampleClass | None]) -> tuple[Indices, list[ExampleClass]]:
    """The class number of each example, -1 for none, and the classes, sorted by text."""
    classes = sorted({label for label in labels if label is not None}, key=lambda one: (one.text, one.taxon or Taxon()))
    place = {one: number for number, one in enumerate(classes)}
    return np.array([-1 if label is None else place[label] for label in labels], dtype=np.int64), classes


def _merged_copies(observations: Sequence[str], vectors: Vectors) -> tuple[Indices, int]:
    """A number for each observation, one for those that share a copy of an image; and how many images are copies.

    A copy that is left out while its twin stays would be found again, and count as right.
    """
    place: dict[str, int] = {}
    parent: list[int] = []

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    first: dict[bytes, int] = {}
    numbers = []
    for name, vector in zip(observations, vectors, strict=True):
        number = place.setdefault(name, len(parent))
        if number == len(parent):
            parent.append(number)
        numbers.append(number)
        other = first.setdefault(vector.tobytes(), number)
        parent[root(number)] = root(other)
    _, merged = np.unique([root(number) for number in numbers], return_inverse=True)
    return merged.reshape(-1).astype(np.int64), len(numbers) - len(first)
