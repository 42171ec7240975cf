"""Images with one class each: zero-shot by the classes' texts, few-shot by their nearest class mean.

The public way of both is that of the BioCLIP papers' scripts. The corrected way weighs classes alike as well,
counts an answer right at each rank that it is right at, makes classes of equal text one, and draws the few
shots so that support and query share no observation.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.classify import Top
from thuja.embeddings import Vectors, normalized
from thuja.errors import EmptyInput, ThujaError, UsageError
from thuja.evaluate.protocols.answer_measures import confidence_measures, tree_measures
from thuja.evaluate.protocols.answers import Answers
from thuja.evaluate.protocols.classes import Classes
from thuja.evaluate.protocols.few_shot import FOLDS, SHOTS, Fold, Script, draw_folds, draw_public, nearest
from thuja.evaluate.protocols.zero_shot import class_vectors, nearest_texts
from thuja.evaluate.task import Images, Measure, Outcome, View, Way

Indices = npt.NDArray[np.int64]
TOP = (1, 3, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """N images, the class of each by its index, and what is known of them.

    `observations` names what each image is one picture of (an observation, a burst, a specimen); the empty string
    is an image of which that is not known, and which counts as its own. `note` is told with every measure.
    All classes are candidates by text; few-shot, those of which images are left.
    """

    images: Images
    truth: Indices
    classes: Classes
    observations: tuple[str, ...] = ()
    shots: tuple[int, ...] = SHOTS
    head: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        count = len(self.images)
        if self.truth.shape != (count,) or len(self.observations) not in (0, count):
            raise ThujaError(
                f"{count} images need a class each, and an observation each or none, "
                f"got {self.truth.shape} and {len(self.observations)}"
            )
        if count and not 0 <= self.truth.min() <= self.truth.max() < len(self.classes):
            raise ThujaError(f"a class index lies outside the {len(self.classes)} classes")
        if any(shots < 1 for shots in self.shots):
            raise UsageError(f"the number of shots must be at least 1, got {min(self.shots)}")

    def select(self, rows: Sequence[int]) -> "Labelled":
        """The same task about these images alone; by text the candidates stay all its classes."""
        kept = np.asarray(rows, dtype=np.int64)
        return replace(
            self,
            images=self.images.select(rows),
            truth=self.truth[kept],
            observations=tuple(self.observations[row] for row in rows) if self.observations else (),
        )

    def measure(self, view: View, ways: Sequence[Way], *, seed: int = 0) -> Outcome:
        """Zero-shot where the model and the classes have texts, and few-shot; raises EmptyInput for nothing to ask."""
        if len(view.vectors) != len(self.images):
            raise ThujaError(f"expected {len(self.images)} image vectors, got {len(view.vectors)}")
        if not len(self.images):
            raise EmptyInput("there is no image to ask about")
        measures: list[Measure] = []
        tables: list[pa.Table] = []
        for answers in [*self._by_text(view, ways, seed), *self._by_shots(view.vectors, ways, seed)]:
            measures += _measures(answers)
            tables.append(answers.table(self.images.paths))
        measures += self._later_script(view.vectors, seed) if Way.PUBLIC in ways else []
        if not measures:
            why = "the model reads no text, or has none to read"
            raise EmptyInput(f"nothing could be asked: {why}, and no class has an image beside those it is learnt by")
        return Outcome(measures=measures, answers=pa.concat_tables(tables, promote_options="default"))

    def _by_text(self, view: View, ways: Sequence[Way], seed: int) -> Iterator[Answers]:
        if not self.classes.texts or (view.texts is None and self.shots):
            return
        each = class_vectors(view.require_texts("this task"), self.classes.texts)  # (C, D)
        tops: dict[int, Top] = {}  # by the number of classes: both ways are the same where none is merged
        for way in ways:
            classes, group = self._classes(way)
            if len(classes) not in tops:
                vectors = each if len(classes) == len(each) else _grouped(each, group)
                tops[len(classes)] = nearest_texts(view.vectors, vectors, scale=view.scale)
            yield Answers(
                part="",
                way=way,
                classes=classes,
                rows=np.arange(len(self.images)),
                truth=group[self.truth],
                top=tops[len(classes)],
                folds=np.zeros(len(self.images), dtype=np.int64),
                note=self._told(f"{len(classes)} candidates", self._merged_note(classes)),
                seed=seed,
            )

    def _by_shots(self, vectors: Vectors, ways: Sequence[Way], seed: int) -> Iterator[Answers]:
        for way in ways:
            if way is Way.PUBLIC:
                for shots, folds in draw_public(self.truth, self.shots).items():
                    yield from self._asked(vectors, _Draw(way, self.classes, self.truth, shots, folds), seed)
                continue
            classes, group = self._classes(way)
            truth = group[self.truth]
            clusters = self._clusters()
            for shots in self.shots:
                folds = draw_folds(truth, shots, clusters=clusters, seed=seed)
                yield from self._asked(vectors, _Draw(way, classes, truth, shots, folds), seed)

    def _later_script(self, vectors: Vectors, seed: int) -> list[Measure]:
        """The same accuracy by the draws of BioCLIP 2's later script."""
        measures = []
        for shots, folds in draw_public(self.truth, self.shots, script=Script.LATER).items():
            draw = _Draw(Way.PUBLIC, self.classes, self.truth, shots, folds)
            measures += [
                answers.micro(f"accuracy by {Script.LATER.value}") for answers in self._asked(vectors, draw, seed)
            ]
        return measures

    def _asked(self, vectors: Vectors, draw: "_Draw", seed: int) -> Iterator[Answers]:
        """The answers to all folds of a draw; none where no class has an image to ask, or there is one class alone."""
        if len(np.unique(draw.truth[draw.folds[0].support])) < 2 or not all(len(fold.query) for fold in draw.folds):
            return
        tops = [nearest(vectors, draw.truth, fold) for fold in draw.folds]
        rows = np.concatenate([fold.query for fold in draw.folds])
        yield Answers(
            part=f"{draw.shots}-shot",
            way=draw.way,
            classes=draw.classes,
            rows=rows,
            truth=draw.truth[rows],
            top=Top(
                indices=np.concatenate([top.indices for top in tops]),
                scores=np.concatenate([top.scores for top in tops]),
            ),
            folds=np.repeat(np.arange(FOLDS), [len(fold.query) for fold in draw.folds]),
            note=self._told(*draw.notes(), *self._observation_notes(draw)),
            seed=seed,
        )

    def _classes(self, way: Way) -> tuple[Classes, Indices]:
        """The classes that are told apart, and which of them each class is: (C,)."""
        return self.classes.merged() if way is Way.CORRECTED else (self.classes, np.arange(len(self.classes)))

    def _clusters(self) -> Indices:
        """A number for each image's observation: (N,)."""
        names = self.observations or ("",) * len(self.images)
        place: dict[str, int] = {}
        return np.array([place.setdefault(name or f"\0{row}", len(place)) for row, name in enumerate(names)])

    def _observation_notes(self, draw: "_Draw") -> list[str]:
        if draw.way is Way.PUBLIC:
            return []
        known = sum(map(bool, self.observations))
        if not known:
            return ["no observation is known: each image counts as one"]
        dropped = len(self.images) - len(draw.folds[0].support) - len(draw.folds[0].query)
        unknown = len(self.images) - known
        return [
            f"{dropped} images share an observation with support and are not asked (first fold)",
            f"{unknown} images of no known observation count as one each" if unknown else "",
        ]

    def _merged_note(self, classes: Classes) -> str:
        merged = len(self.classes) - len(classes)
        return f"{_counted(merged, 'the text of another')}, and one with it" if merged else ""

    def _told(self, *notes: str) -> str:
        return "; ".join(note for note in (*notes, self.note) if note)


@dataclass(frozen=True, slots=True)
class _Draw:
    """The folds of one number of shots, and the classes that they are drawn of."""

    way: Way
    classes: Classes
    truth: Indices
    shots: int
    folds: list[Fold]

    def notes(self) -> list[str]:
        sizes = Counter(self.truth.tolist())
        support = Counter(self.truth[self.folds[0].support].tolist())
        query = set(self.truth[np.concatenate([fold.query for fold in self.folds])].tolist())
        few = sum(support[label] < self.shots for label in sizes if label in support)
        return [
            f"{len(support)} candidates",
            _counted(
                len(sizes) - len(support),
                f"fewer than {self.shots} images, where the public script stops, and left out",
            ),
            _counted(few, f"fewer than {self.shots} images for support"),
            _counted(len(support) - len(query), "no image left to ask"),
        ]


def _counted(count: int, what: str) -> str:
    return f"{count} class{'es' * (count != 1)} with {what}" if count else ""


def _grouped(each: Vectors, group: Indices) -> Vectors:
    """The mean class vector of each group, brought to length one: (C, D), (C,) to (G, D)."""
    sums = np.zeros((int(group.max()) + 1, each.shape[1]), dtype=np.float32)
    np.add.at(sums, group, each)
    return normalized(sums)


def _measures(answers: Answers) -> list[Measure]:
    is_corrected = answers.way is Way.CORRECTED
    if answers.part:
        return [answers.micro("accuracy"), *([answers.macro("macro accuracy")] if is_corrected else [])]
    depth = answers.top.indices.shape[1]
    measures = [answers.micro(f"top-{k}", k=k) for k in TOP if k <= depth]
    if not is_corrected:
        return measures
    return [
        *measures, answers.macro("macro top-1"), *answers.at_levels(),
        *tree_measures(answers), *confidence_measures(answers),
    ]  # fmt: skip
