"""Questions of yes or no: the search is scikit-learn's, and the means are what they say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import RandomizedSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from thuja.errors import EmptyInput
from thuja.evaluate.protocols.binary import Binary, BinaryTasks, answer, with_jobs
from thuja.evaluate.protocols.lengths import centred, unit
from thuja.evaluate.protocols.svc_search import Budget
from thuja.evaluate.task import BOTH, Images, View, Way


def clouds(seed: int, count: int, *, gap: float, dim: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of length one in two clouds that overlap, in turn of class one and zero."""
    generator = np.random.default_rng(seed)
    is_one = np.arange(count) % 2 == 0
    vectors = generator.standard_normal((count, dim)) + gap * is_one[:, None] * (np.arange(dim) < 4)
    return unit(vectors.astype(np.float32)), is_one


class Centre(TransformerMixin, BaseEstimator):
    """The mean taken off and length one, as a step of a pipeline."""

    def fit(self, vectors, labels=None):
        self.mean_ = vectors.mean(axis=0, keepdims=True)
        return self

    def transform(self, vectors):
        return unit(vectors - self.mean_)


@pytest.mark.parametrize(("way", "seed", "gap"), [(Way.PUBLIC, 0, 0.3), (Way.PUBLIC, 1, 0.0), (Way.CORRECTED, 2, 0.3)])
def test_the_search_answers_as_scikit_learns_pipeline_does(way: Way, seed: int, gap: float) -> None:
    """Publicly the centre is taken before the search and folds are as they lie; corrected, inside folds, shuffled."""
    vectors, is_one = clouds(seed, 110, gap=gap)
    taught, asked = vectors[:60], vectors[60:]
    is_public = way == Way.PUBLIC
    found = answer(
        taught, is_one[:60], asked, way=way, budget=Budget(iterations=20, seed=seed, is_shuffled=not is_public)
    )
    left, right = centred(taught, asked) if is_public else (taught, asked)
    search = RandomizedSearchCV(
        make_pipeline(*([] if is_public else [Centre()]), StandardScaler(), SVC(C=1.0, kernel="rbf")),
        {
            "svc__C": loguniform(1e-3, 1e1),
            "svc__kernel": ["rbf", "linear", "sigmoid", "poly"],
            "svc__gamma": loguniform(1e-4, 1e-3),
        },
        n_iter=20,
        random_state=seed,
        cv=None if is_public else StratifiedKFold(5, shuffle=True, random_state=seed),
    ).fit(left, is_one[:60])
    np.testing.assert_array_equal(found >= 0, search.predict(right))
    np.testing.assert_allclose(found, search.decision_function(right), rtol=1e-2, atol=2e-3)


def questions(sizes: dict[str, tuple[int, int]], groups: list[str]) -> BinaryTasks:
    """Tasks of so many images to learn from and to ask, classes in turn, one after the other."""
    tasks, start = [], 0
    for (name, (taught, asked)), group in zip(sizes.items(), groups, strict=True):
        rows = np.arange(start, start + taught + asked)
        tasks.append(Binary(name=name, group=group, taught=rows[:taught], asked=rows[taught:]))
        start += taught + asked
    is_one = np.arange(start) % 2 == 0
    return BinaryTasks(
        images=Images(folder=Path("nowhere"), paths=tuple(f"{row}.jpg" for row in range(start))),
        tasks=tuple(tasks),
        is_one=is_one,
        words=tuple("sick" if one else "healthy" for one in is_one),
        runs=2,
        iterations=4,
    )


def test_a_task_that_is_asked_more_weighs_more_over_answers_and_no_more_over_tasks() -> None:
    """Of one task all answers are right, of the other, three times as large, none, for its test images lie."""
    opened = questions({"easy": (40, 10), "lying": (40, 30)}, ["appearance/age", "behavior"])
    vectors = np.where(opened.is_one, 1.0, -1.0)[:, None] * np.ones((1, 6)) + np.eye(6)[np.arange(120) % 6] * 0.1
    vectors[opened.tasks[1].asked] *= -1
    outcome = opened.measure(View(vectors=vectors.astype(np.float32)), BOTH)
    found = {(one.name, one.way, one.part): one for one in outcome.measures}
    for way in BOTH:
        assert found["accuracy", way, ""].value == pytest.approx(10 / 40)
        assert found["mean of tasks", way, ""].value == 0.5
        assert found["accuracy", way, ""].spread == 0
        assert (found["accuracy", way, ""].units, found["accuracy", way, ""].clusters) == (40, 2)
        assert found["accuracy", way, "majority"].value == 0.5
    assert found["mean of tasks", Way.CORRECTED, "appearance"].value == 1
    assert found["mean of tasks", Way.CORRECTED, "appearance/age"].value == 1
    assert found["mean of tasks", Way.CORRECTED, "behavior"].value == 0
    assert ("mean of tasks", Way.PUBLIC, "behavior") not in found
    rows = outcome.answers.to_pylist()
    assert len(rows) == 2 * 2 * 40
    assert all((row["truth"] == row["answer"]) == (row["task"] == "easy") for row in rows)
    assert {(row["truth"], row["answer"]) for row in rows if row["task"] == "lying"} == {
        ("sick", "healthy"),
        ("healthy", "sick"),
    }


def test_a_class_that_is_asked_more_often_weighs_no_more_when_balanced() -> None:
    opened = questions({"one": (40, 10)}, ["gestalt"])
    is_one = opened.is_one.copy()
    is_one[40:] = np.arange(10) < 8  # eight of class one, two of class zero
    vectors = np.where(opened.is_one, 1.0, -1.0)[:, None] * np.ones((1, 4)) + np.eye(4)[np.arange(50) % 4] * 0.1
    vectors[40:] = np.abs(vectors[40:])  # all look like class one
    opened = BinaryTasks(
        images=opened.images, tasks=opened.tasks, is_one=is_one, words=opened.words, runs=1, iterations=4
    )
    found = {one.name: one for one in opened.measure(View(vectors=vectors), [Way.CORRECTED]).measures if not one.part}
    assert found["mean of tasks"].value == pytest.approx(0.8)
    assert found["balanced mean of tasks"].value == pytest.approx(0.5)
    assert found["balanced mean of tasks"].units == 10


def test_one_class_to_learn_from_answers_that_class_and_one_image_of_a_class_is_no_end() -> None:
    vectors, _ = clouds(0, 20, gap=1)
    for ones in (0, 1, 10):
        answers = answer(
            vectors[:10], np.arange(10) < ones, vectors[10:], way=Way.CORRECTED, budget=Budget(iterations=2)
        )
        assert answers.shape == (10,)
        if ones != 1:
            assert (answers == (1 if ones else -1)).all()


def test_vectors_that_are_all_alike_answer_without_numbers_going_wrong() -> None:
    opened = questions({"same": (20, 10)}, ["context"])
    outcome = opened.measure(View(vectors=np.ones((30, 5), np.float16)), BOTH)
    assert all(np.isfinite(one.value) for one in outcome.measures)


@pytest.mark.slow
def test_many_processes_answer_as_one_does() -> None:
    opened = questions({"a": (30, 10), "b": (30, 10)}, ["x", "x"])
    view = View(vectors=np.random.default_rng(0).standard_normal((80, 8)).astype(np.float32))
    alone = opened.measure(view, BOTH)
    together = with_jobs(opened, 2).measure(view, BOTH)
    assert alone.answers.equals(together.answers)


def test_a_selection_leaves_out_tasks_with_nothing_to_learn_from_or_to_ask() -> None:
    opened = questions({"a": (4, 2), "b": (4, 2)}, ["x", "y"])
    some = opened.select([11, 7, 6, 0, 1])
    assert [task.name for task in some.tasks] == ["b"]
    assert some.images.paths == ("11.jpg", "7.jpg", "6.jpg", "0.jpg", "1.jpg")
    assert (some.tasks[0].taught.tolist(), some.tasks[0].asked.tolist()) == ([2, 1], [0])
    assert some.words[1] == opened.words[7]
    with pytest.raises(EmptyInput):
        opened.select([0, 1]).measure(View(vectors=np.zeros((2, 3))), BOTH)


def test_intervals_draw_questions_and_not_their_answers() -> None:
    """Who says what was commoner in training is right on all of one question, on none of the other."""
    opened = questions({"a": (3, 40), "b": (3, 40)}, ["", ""])
    is_one = np.ones(86, dtype=bool)
    is_one[[2, 43, 44]] = False
    opened = replace(opened, is_one=is_one, runs=1, iterations=1)
    measures = opened.measure(View(vectors=np.eye(86, dtype=np.float32)), BOTH).measures
    for found in [one for one in measures if one.part == "majority"]:
        assert (found.value, found.low, found.high, found.clusters) == (0.5, 0.0, 1.0, 2)
