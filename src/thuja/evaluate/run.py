"""One evaluation from end to end: encode each picture once, put every task, keep every answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.classify import NearestCentroid, Top
from thuja.embeddings import Embeddings, Vectors
from thuja.errors import EmptyInput, UsageError
from thuja.evaluate.baselines import raw_pixels
from thuja.evaluate.chapter import Chapter, Shown
from thuja.evaluate.data import UNSEEN, Curated, Pictures, read_curated, species_of
from thuja.evaluate.protocols import few_shot
from thuja.evaluate.protocols.zero_shot import by_roll_up, by_text
from thuja.evaluate.question import Question, distinct_at
from thuja.evaluate.run_chapters import measure_chapters
from thuja.evaluate.scores import Method, Score, Task
from thuja.evaluate.towers import EncodeImages, Encoders
from thuja.jobs import track
from thuja.labels import LabelSpace
from thuja.taxonomy import RANKS, Rank, Taxon

Indices = npt.NDArray[np.int64]
ZERO_SHOT = "zero-shot"
ALL_NAMES = "zero-shot, all names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`limit` caps the pictures of each split, `references` the training pictures of a species that
    the nearest-centroid baselines learn from."""

    limit: int | None = None
    references: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in (("limit", self.limit), ("references", self.references)):
            if value is not None and value < 1:
                raise UsageError(f"{name} must be at least 1, got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What one method answered to one task: candidate indices and scores, best first."""

    task: Task
    method: Method
    top: Top


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Scores, and everything they come from.

    `pictures` and `embeddings` hold, by split, the same N pictures in the same order; `answers` are
    the model's own. `unreadable` counts, by split, the pictures that could not be encoded.
    """

    model: str
    scores: Sequence[Score]
    answers: Sequence[Answered]
    pictures: dict[str, Pictures]
    embeddings: dict[str, Embeddings]
    unreadable: dict[str, int]
    curated: Curated
    settings: Settings
    chapters: Sequence[Chapter] = ()
    imagenet_trunk: bool = False
    facts: dict[str, Any] = field(default_factory=dict)

    def answered(self, split: str, rank: Rank, *, task: str = ZERO_SHOT) -> Answered | None:
        """The model's answers at a rank: its species posterior rolled up, or at species its text."""
        method = Method.MODEL if rank == Rank.SPECIES else Method.ROLLED_UP
        for answered in self.answers:
            asked = answered.task
            if (asked.split, asked.question.rank, asked.name) == (split, rank, task) and answered.method == method:
                return answered
        return None


def evaluate(
    encoders: Encoders, data: Path, *, untrained: Encoders | None = None, settings: Settings | None = None
) -> Evaluation:
    """Measure a model on a folder that `thuja curate` made, beside its baselines.

    `untrained` is the same architecture with fresh weights: what it scores was not learnt. Raises
    EmptyInput when there is nothing to test with, or none of it can be read.
    """
    settings = settings or Settings()
    curated = read_curated(data)
    bench = _Bench(encoders, untrained, curated, settings=settings)
    for split in ("test", UNSEEN):
        bench.add(split)
    if not bench.pictures:
        raise EmptyInput(f"no picture of {data} could be read", hint="curate the folder again")
    for split in bench.pictures:
        bench.run_zero_shot(split)
        bench.run_few_shot(split)
    return Evaluation(
        model=encoders.model,
        scores=bench.scores,
        answers=bench.answers,
        pictures=bench.pictures,
        embeddings=bench.embeddings,
        unreadable=bench.unreadable,
        curated=curated,
        settings=settings,
        chapters=bench.chapters(),
        imagenet_trunk=encoders.imagenet_trunk,
    )


class _Bench:
    """The pictures and vectors of one evaluation, and the scores as they come."""

    def __init__(self, encoders: Encoders, untrained: Encoders | None, curated: Curated, *, settings: Settings) -> None:
        self._encoders, self._untrained, self._curated, self._settings = encoders, untrained, curated, settings
        self._generator = np.random.default_rng(settings.seed)
        self._labels: dict[tuple[bool, tuple[Taxon, ...]], LabelSpace] = {}
        train = curated["train"].at_most_each(settings.references)
        self._references = train
        # What a baseline sees of each split, "train" being the references: (encoder, split) to vectors.
        self._vectors: dict[tuple[Method, str], Vectors] = {}
        self._baselines: dict[Method, EncodeImages] = {Method.PIXELS: raw_pixels}
        if untrained is not None:
            self._baselines[Method.UNTRAINED] = untrained.encode_images
        if len(train):
            self._vectors[Method.CENTROID, "train"] = _encode(encoders.encode_images, train, "model: train")
        for method, encode in self._baselines.items():
            if len(train):
                self._vectors[method, "train"] = _encode(encode, train, f"{method.value}: train")
        self.scores: list[Score] = []
        self.answers: list[Answered] = []
        self.pictures: dict[str, Pictures] = {}
        self.embeddings: dict[str, Embeddings] = {}
        self.unreadable: dict[str, int] = {}

    def add(self, split: str) -> None:
        """Encode a split with the model and with every baseline."""
        asked = self._curated[split]
        if self._settings.limit is not None:
            asked = asked.at_most(self._settings.limit)
        if not len(asked):
            return
        encoded = self._encoders.encode_images(_shown(asked, f"model: {split}")).normalized()
        row_of = {name: row for row, name in enumerate(asked.ids)}
        pictures = asked.select(row_of[name] for name in encoded.ids)
        self.unreadable[split] = len(asked) - len(pictures)
        if not len(pictures):
            return
        self.pictures[split] = pictures
        self.embeddings[split] = encoded.join(_rank_columns(pictures))
        for method, encode in self._baselines.items():
            self._vectors[method, split] = _encode(encode, pictures, f"{method.value}: {split}")

    def run_zero_shot(self, split: str) -> None:
        """Every rank among the trained taxa, then species among all names there are."""
        pictures = self.pictures[split]
        seen = self._curated.seen_taxa
        species = distinct_at(seen, Rank.SPECIES)
        for rank in RANKS:
            if rank < Rank.SPECIES or split != UNSEEN:
                self._put(self._task(ZERO_SHOT, split, Question.put(rank, seen, pictures.taxa)), species)
        unseen = self._curated[UNSEEN].taxa
        if unseen:
            everything = Question.put(Rank.SPECIES, [*seen, *unseen], pictures.taxa)
            self._put(self._task(ALL_NAMES, split, everything), species)

    def run_few_shot(self, split: str) -> None:
        """Nearest centroid after one and five pictures a species, drawn from the split itself."""
        taxa = self.pictures[split].taxa
        question = Question.put(Rank.SPECIES, taxa, taxa)
        for shots in few_shot.SHOTS:
            folds = few_shot.draw_folds(question.truth, shots, seed=self._settings.seed)
            if len(question.candidates) < 2 or not len(folds[0].query):
                continue
            task = self._task(f"few-shot, {shots} shot{'s' * (shots > 1)}", split, question)
            self.scores.append(task.chance())
            for method, vectors in [(Method.MODEL, self.embeddings[split].vectors), *self._baseline_vectors(split)]:
                answers = [few_shot.answer(vectors, question.truth, fold) for fold in folds]
                self.scores.append(task.score_folds(answers, folds, method))

    def chapters(self) -> tuple[Chapter, ...]:
        """What is asked beyond right and wrong, of all splits; call it when the tasks were put."""
        put = {(one.task.name, one.task.split): one for one in self.answers if one.task.question.rank == Rank.SPECIES}
        shown = {}
        for split, pictures in self.pictures.items():
            answered = put.get((ALL_NAMES, split)) or put.get((ZERO_SHOT, split))
            shown[split] = Shown(
                pictures=pictures,
                vectors=self.embeddings[split].vectors,
                untrained=self._vectors.get((Method.UNTRAINED, split)),
                everything=None if answered is None else (answered.task.question, answered.top),
            )
        return measure_chapters(
            shown,
            self._curated,
            lambda taxa: self._labels_of(self._encoders, tuple(taxa)),
            scale=self._encoders.scale,
            seed=self._settings.seed,
        )

    def _task(self, name: str, split: str, question: Question) -> Task:
        return Task(name=name, split=split, question=question, species=species_of(self.pictures[split].taxa))

    def _put(self, task: Task, species: tuple[Taxon, ...]) -> None:
        question = task.question
        if len(question.candidates) < 2 or not question.asked.any():
            return
        vectors = self.embeddings[task.split].vectors
        labels = self._labels_of(self._encoders, question.candidates)
        self._keep(task, Method.MODEL, by_text(vectors, labels, scale=self._encoders.scale))
        # Of trained species none may have a name at this rank, where other taxa have.
        if question.rank < Rank.SPECIES and (question.classes_of(species) >= 0).any():
            labels = self._labels_of(self._encoders, species)
            rolled = by_roll_up(vectors, labels, question, scale=self._encoders.scale)
            self._keep(task, Method.ROLLED_UP, rolled)
        self.scores += [task.chance(), task.majority(question.classes_of(self._curated.seen_taxa))]
        if task.name == ZERO_SHOT:  # a centroid of training pictures has no answer outside training
            self._put_to_centroids(task)
        if self._untrained is not None:
            labels = self._labels_of(self._untrained, question.candidates)
            texts = by_text(self._vectors[Method.UNTRAINED, task.split], labels, scale=self._untrained.scale)
            self.scores.append(task.score(texts.indices, Method.UNTRAINED_TEXT, self._generator))

    def _put_to_centroids(self, task: Task) -> None:
        classes = task.question.classes_of(self._references.taxa)
        known = classes >= 0
        if not known.any():
            return
        for method, vectors in [
            (Method.CENTROID, self.embeddings[task.split].vectors),
            *self._baseline_vectors(task.split),
        ]:
            centroids = NearestCentroid().fit(self._vectors[method, "train"][known], classes[known])
            self.scores.append(task.score(centroids.predict(vectors)[:, None], method, self._generator))

    def _keep(self, task: Task, method: Method, top: Top) -> None:
        self.answers.append(Answered(task=task, method=method, top=top))
        self.scores.append(task.score(top.indices, method, self._generator))

    def _baseline_vectors(self, split: str) -> list[tuple[Method, Vectors]]:
        return [(method, self._vectors[method, split]) for method in self._baselines]

    def _labels_of(self, encoders: Encoders, taxa: tuple[Taxon, ...]) -> LabelSpace:
        key = (encoders is self._encoders, taxa)
        if key not in self._labels:
            self._labels[key] = encoders.build_labels(taxa)
        return self._labels[key]


def _shown(pictures: Pictures, label: str) -> Iterable[tuple[str, bytes]]:
    return track(pictures.images(), total=len(pictures), label=label)


def _encode(encode: EncodeImages, pictures: Pictures, label: str) -> Vectors:
    """One normalised vector a picture, in the order of the pictures; zeros where none could be made."""
    encoded = encode(_shown(pictures, label)).normalized()
    row_of = {name: row for row, name in enumerate(encoded.ids)}
    vectors = np.zeros((len(pictures), encoded.dim), dtype=np.float32)
    for row, name in enumerate(pictures.ids):
        if name in row_of:
            vectors[row] = encoded.vectors[row_of[name]]
    return vectors


def _rank_columns(pictures: Pictures) -> pa.Table:
    columns = {rank.label: pa.array([taxon[rank] or None for taxon in pictures.taxa], pa.string()) for rank in RANKS}
    return pa.table({"uuid": pa.array(pictures.ids, pa.string()), **columns})
