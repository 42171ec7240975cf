"""Few shots given by one split and asked of another: BioCLIP 2's task of plant diseases.

The public script reads each split by itself and numbers its classes in the order of their names, so where one split
lacks a class, every later class of the other is taken for its neighbour.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.classify import Top
from thuja.embeddings import Vectors
from thuja.errors import EmptyInput, ThujaError
from thuja.evaluate.protocols.answers import Answers
from thuja.evaluate.protocols.classes import Classes
from thuja.evaluate.protocols.few_shot import Fold, nearest
from thuja.evaluate.task import Images, Measure, Outcome, View, Way

Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitShots:
    """N images, of which those marked `is_support` give shots and the others are asked.

    Classes are in the order of their names. The public way draws `public_repeats` times, the corrected one `repeats`
    times: with one shot a class, five draws leave the mean uncertain.
    """

    images: Images
    truth: Indices
    is_support: Flags
    classes: Classes
    shots: int = 1
    public_repeats: int = 5
    repeats: int = 100
    head: str = ""
    note: str = ""

    def select(self, rows: Sequence[int]) -> "SplitShots":
        """The same task about these images alone."""
        kept = np.asarray(rows, dtype=np.int64)
        return replace(self, images=self.images.select(rows), truth=self.truth[kept], is_support=self.is_support[kept])

    def measure(self, view: View, ways: Sequence[Way], *, seed: int = 0) -> Outcome:
        """The accuracy over repeats; raises EmptyInput for nothing to ask, or one class alone to answer."""
        if len(view.vectors) != len(self.images):
            raise ThujaError(f"expected {len(self.images)} image vectors, got {len(view.vectors)}")
        giving = np.unique(self.truth[self.is_support])
        if not np.isin(self.truth[~self.is_support], giving).any() or len(giving) < 2:
            raise EmptyInput("there is no image to ask, or no two classes with an image for support")
        measures: list[Measure] = []
        tables: list[pa.Table] = []
        for way in ways:
            answers = self._public(view.vectors, seed) if way is Way.PUBLIC else self._corrected(view.vectors, seed)
            measures.append(answers.micro("accuracy"))
            if way is Way.CORRECTED:
                measures.append(answers.macro("macro accuracy"))
            tables.append(answers.table(self.images.paths))
        return Outcome(measures=measures, answers=pa.concat_tables(tables, promote_options="default"))

    def _public(self, vectors: Vectors, seed: int) -> Answers:
        """The script's draws of the images in the order of their paths, and its numbering of each split."""
        truth = self.truth.copy()
        giving, asked = np.unique(truth[self.is_support]), np.unique(truth[~self.is_support])
        # What the script takes the n-th class asked for: the n-th that gives shots, or one that none can answer.
        none = np.setdiff1d(asked, giving)[:1].tolist() * len(asked)
        taken = np.array([*giving.tolist(), *none][: len(asked)], dtype=np.int64)
        truth[~self.is_support] = taken[np.searchsorted(asked, truth[~self.is_support])]
        shifted = int((taken != asked).sum())
        folds = []
        for repeat in range(self.public_repeats):
            generator = np.random.RandomState(seed + repeat)
            support = [self._drawn(label, generator) for label in giving]
            folds.append(Fold(support=np.concatenate(support), query=np.flatnonzero(~self.is_support)))
        note = f"{shifted} of {len(asked)} classes asked are taken for another" if shifted else ""
        return self._answers(Way.PUBLIC, truth, folds, vectors=vectors, seed=seed, note=note)

    def _corrected(self, vectors: Vectors, seed: int) -> Answers:
        """Classes by their names; one that gives no shots cannot be answered, and is not asked."""
        giving = np.unique(self.truth[self.is_support])
        is_asked = ~self.is_support & np.isin(self.truth, giving)
        folds = []
        for repeat in range(self.repeats):
            generator = np.random.default_rng([seed, repeat])
            support = [self._drawn(label, generator) for label in giving]
            folds.append(Fold(support=np.concatenate(support), query=np.flatnonzero(is_asked)))
        left = int((~self.is_support & ~is_asked).sum())
        note = f"{left} images of classes that give no shots are not asked" if left else ""
        return self._answers(Way.CORRECTED, self.truth, folds, vectors=vectors, seed=seed, note=note)

    def _drawn(self, label: int, generator: np.random.Generator | np.random.RandomState) -> Indices:
        rows = np.flatnonzero(self.is_support & (self.truth == label))
        generator.shuffle(rows)
        return rows[: self.shots]

    def _answers(
        self, way: Way, truth: Indices, folds: Sequence[Fold], *, vectors: Vectors, seed: int, note: str
    ) -> Answers:
        tops = [nearest(vectors, truth, fold) for fold in folds]
        rows = np.concatenate([fold.query for fold in folds])
        candidates = len(np.unique(truth[self.is_support]))
        return Answers(
            part="",
            way=way,
            classes=self.classes,
            rows=rows,
            truth=truth[rows],
            top=Top(
                indices=np.concatenate([top.indices for top in tops]),
                scores=np.concatenate([top.scores for top in tops]),
            ),
            folds=np.repeat(np.arange(len(folds)), [len(fold.query) for fold in folds]),
            note="; ".join(filter(None, (f"{self.shots}-shot, {candidates} candidates", note, self.note))),
            seed=seed,
        )
