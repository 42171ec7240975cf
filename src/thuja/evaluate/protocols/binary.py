"""Many small questions of yes or no, each with its own training and test images: a support vector machine a question.

Public, as BioCLIP 2's newt.py: vectors of length one, centred on the question's training images, length one again;
StandardScaler and SVC by a random search of 100 candidates (C 1e-3 to 1e1 and gamma 1e-4 to 1e-3, both log-uniform;
kernels rbf, linear, sigmoid, poly) over five folds in file order; accuracy over all answers together; three runs.

Corrected, beside it: the centre too is taken inside each fold, so that the search does not see the images it checks
on (a nested search, with the same budget), and the folds are shuffled; the mean over questions beside the mean over
answers, balanced accuracy, and means by group of questions; intervals over questions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.errors import EmptyInput
from thuja.evaluate.protocols.lengths import centred, unit
from thuja.evaluate.protocols.svc_search import Budget, search_and_answer, standardised
from thuja.evaluate.task import Images, Indices, Measure, Opened, Outcome, View, Way
from thuja.metrics.bootstrap import mean_over_clusters

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

MICRO, MACRO, BALANCED = "accuracy", "mean of tasks", "balanced mean of tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """One question: rows of the images to learn from and to ask; `group` is its kind, as "appearance/age"."""

    name: str
    group: str
    taught: Indices
    asked: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryTasks:
    """T questions about N images: `is_one` (N,) is the answer and `words` (N,) what it means.

    `jobs` processes answer side by side; see `with_jobs`.
    """

    images: Images
    tasks: tuple[Binary, ...]
    is_one: Flags
    words: tuple[str, ...]
    runs: int = 3
    iterations: int = 100
    jobs: int = 1
    head: str = ""

    def select(self, rows: Sequence[int]) -> "BinaryTasks":
        """The questions about these images alone; one that has none left to learn from or to ask is left out."""
        place = np.full(len(self.images), -1)
        place[np.asarray(rows, dtype=np.int64)] = np.arange(len(rows))
        tasks = [replace(task, taught=_kept(place[task.taught]), asked=_kept(place[task.asked])) for task in self.tasks]
        return replace(
            self,
            images=self.images.select(rows),
            tasks=tuple(task for task in tasks if len(task.taught) and len(task.asked)),
            is_one=self.is_one[np.asarray(rows, dtype=np.int64)],
            words=tuple(self.words[row] for row in rows),
        )

    def measure(self, view: View, ways: Sequence[Way], *, seed: int = 0) -> Outcome:
        """Answer every question `runs` times each way; raises EmptyInput where there is none."""
        if not self.tasks:
            raise EmptyInput("no question has images both to learn from and to ask")
        vectors = unit(view.vectors)
        measures: list[Measure] = []
        tables = []
        for way in ways:
            runs = [self._answers(vectors, way, seed + run) for run in range(self.runs)]
            measures += self._scores(way, runs, seed)
            measures += self._majority(way, seed)
            tables += [self._table(way, run, answers) for run, answers in enumerate(runs)]
        return Outcome(measures=measures, answers=pa.concat_tables(tables) if tables else pa.table({}))

    def _answers(self, vectors: npt.NDArray[np.float32], way: Way, seed: int) -> list[Floats]:
        """Decision values of one run, question by question."""
        from sklearn.utils.parallel import Parallel, delayed

        budget = Budget(iterations=self.iterations, seed=seed, is_shuffled=way == Way.CORRECTED)
        work = [
            delayed(answer)(vectors[task.taught], self.is_one[task.taught], vectors[task.asked], way=way, budget=budget)
            for task in self.tasks
        ]
        return list(Parallel(n_jobs=self.jobs)(work))

    def _scores(self, way: Way, runs: Sequence[Sequence[Floats]], seed: int) -> list[Measure]:
        right = [
            np.stack([(run[row] >= 0) == self.is_one[task.asked] for run in runs])
            for row, task in enumerate(self.tasks)
        ]  # of each question (R, A)
        scores = self._micro_and_macro(way, right, seed)
        if way == Way.PUBLIC:
            return scores
        balanced = [_balanced(hits, self.is_one[task.asked]) for hits, task in zip(right, self.tasks, strict=True)]
        scores.append(self._over_tasks(way, BALANCED, balanced, seed=seed))
        for group in sorted({part for task in self.tasks for part in _parts(task.group)}):
            some = [hits for hits, task in zip(right, self.tasks, strict=True) if group in _parts(task.group)]
            scores.append(self._over_tasks(way, MACRO, some, seed=seed, part=group))
        return scores

    def _majority(self, way: Way, seed: int) -> list[Measure]:
        """Always the class that is commoner in training; class one of equals."""
        right = []
        for task in self.tasks:
            is_one = self.is_one[task.taught].mean() >= 0.5
            right.append((self.is_one[task.asked] == is_one)[None])
        return self._micro_and_macro(way, right, seed, part="majority")

    def _micro_and_macro(self, way: Way, right: list[Flags], seed: int, *, part: str = "") -> list[Measure]:
        tasks = np.repeat(np.arange(len(right)), [hits.shape[1] for hits in right])
        together = np.concatenate(right, axis=1).astype(np.float64)  # (R, answers)
        interval = mean_over_clusters(together.mean(axis=0), tasks, np.random.default_rng(seed))
        micro = Measure(
            part=part,
            way=way,
            name=MICRO,
            value=interval.value,
            low=interval.low,
            high=interval.high,
            units=len(tasks),
            clusters=len(right),
            spread=float(together.mean(axis=1).std()) if len(together) > 1 else None,
        )
        return [micro, self._over_tasks(way, MACRO, right, seed=seed, part=part)]

    def _over_tasks(
        self, way: Way, name: str, values: Sequence[npt.NDArray[np.generic]], *, seed: int, part: str = ""
    ) -> Measure:
        """The mean over questions of the mean of each one's (R, A) values."""
        means = np.stack([numbers.astype(np.float64).mean(axis=1) for numbers in values])  # (T, R)
        interval = mean_over_clusters(means.mean(axis=1), np.arange(len(means)), np.random.default_rng(seed))
        return Measure(
            part=part,
            way=way,
            name=name,
            value=interval.value,
            low=interval.low,
            high=interval.high,
            units=sum(numbers.shape[1] for numbers in values),
            clusters=len(means),
            spread=float(means.mean(axis=0).std()) if means.shape[1] > 1 else None,
        )

    def _table(self, way: Way, run: int, answers: Sequence[Floats]) -> pa.Table:
        """A row an answer; `score` is the decision value, above 0 for class one."""
        rows = np.concatenate([task.asked for task in self.tasks]).tolist()
        scores = np.concatenate(answers)
        task_of = [task for task in self.tasks for _ in task.asked]
        words = [self._meaning(task) for task in self.tasks for _ in task.asked]
        return pa.table(
            {
                "path": pa.array([self.images.paths[row] for row in rows], pa.string()),
                "way": pa.array([way.value] * len(rows), pa.string()),
                "part": pa.array([task.group for task in task_of], pa.string()),
                "truth": pa.array([self.words[row] for row in rows], pa.string()),
                "answer": pa.array(
                    [word[int(score >= 0)] for word, score in zip(words, scores, strict=True)], pa.string()
                ),
                "score": pa.array(scores, pa.float64()),
                "run": pa.array([run] * len(rows), pa.int64()),
                "task": pa.array([task.name for task in task_of], pa.string()),
                "group": pa.array([task.name for task in task_of], pa.string()),
            }
        )

    def _meaning(self, task: Binary) -> tuple[str, str]:
        """The words of class zero and of class one of a question; their numbers where no image has them."""
        found = {bool(self.is_one[row]): self.words[row] for row in (*task.taught, *task.asked)}
        return found.get(False, "0"), found.get(True, "1")


def answer(
    taught: npt.NDArray[np.float32], is_one: Flags, asked: npt.NDArray[np.float32], *, way: Way, budget: Budget
) -> Floats:
    """Decision values for the (A, D) asked vectors of one question; all are of length one."""
    if way == Way.PUBLIC:
        taught, asked = centred(taught, asked)
        return search_and_answer(taught, is_one, asked, prepare=standardised, budget=budget)
    return search_and_answer(taught, is_one, asked, prepare=_centred_and_standardised, budget=budget)


def with_jobs(opened: Opened, jobs: int) -> Opened:
    """The task with this many processes, where it is one of questions of yes or no; else as it is."""
    return replace(opened, jobs=jobs) if isinstance(opened, BinaryTasks) else opened


def _centred_and_standardised(
    taught: npt.NDArray[np.floating], asked: npt.NDArray[np.floating]
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    return standardised(*centred(taught, asked))


def _balanced(hits: Flags, is_one: Flags) -> Floats:
    """Hits (R, A) weighed so that their mean is that of the accuracies on the classes that occur."""
    kinds = [is_kind for is_kind in (is_one, ~is_one) if is_kind.any()]
    weights = sum(is_kind * (len(is_one) / is_kind.sum()) for is_kind in kinds) / len(kinds)
    return np.asarray(hits * weights)


def _parts(group: str) -> list[str]:
    """The groups that a group belongs to: "appearance/age" is of "appearance" too."""
    return [group, group.split("/")[0]] if "/" in group else [group]


def _kept(places: Indices) -> Indices:
    return places[places >= 0]
