"""Discovery: a cluster that stands for two classes is right twice publicly and once as it should be."""

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from thuja.errors import EmptyInput
from thuja.evaluate.protocols.discovery import Discovery
from thuja.evaluate.task import BOTH, Images, View, Way


def discovery(truth, is_labelled, is_old) -> Discovery:
    return Discovery(
        images=Images(folder=Path("nowhere"), paths=tuple(f"{row}.jpg" for row in range(len(truth)))),
        classes=tuple(f"class {row}" for row in range(len(is_old))),
        truth=np.asarray(truth),
        is_old=np.asarray(is_old, dtype=bool),
        is_labelled=np.asarray(is_labelled, dtype=bool),
    )


def values(outcome) -> dict:
    return {(one.name, one.way, one.part): one.value for one in outcome.measures}


def test_one_cluster_for_an_old_and_a_new_class_is_right_for_both_publicly_and_for_one_corrected() -> None:
    """The new class looks as the old one does; what the drawn centre gets is another old image."""
    truth = [0, 0, 0, 0, 0, 1, 1, 1, 1]
    vectors = np.array([[1, 0]] * 4 + [[0, 1]] + [[1, 0]] * 4, dtype=np.float32)
    opened = discovery(truth, [1, 1, 0, 0, 0, 0, 0, 0, 0], [1, 0])
    found = values(opened.measure(View(vectors=vectors), BOTH))
    # cluster 0 holds two images of class 0 and the four of class 1, cluster 1 the last image of class 0
    assert found["accuracy", Way.PUBLIC, ""] == pytest.approx(6 / 7)
    assert found["accuracy", Way.PUBLIC, "old"] == pytest.approx(2 / 3)
    assert found["accuracy", Way.PUBLIC, "new"] == 1
    assert found["accuracy", Way.CORRECTED, ""] == pytest.approx(5 / 7)
    assert found["accuracy", Way.CORRECTED, "old"] == pytest.approx(1 / 3)
    assert found["accuracy", Way.CORRECTED, "new"] == 1
    assert found["macro accuracy", Way.CORRECTED, ""] == pytest.approx(2 / 3)


def score_written_out(truth: np.ndarray, clusters: np.ndarray) -> float:
    """The public script's own way: a square table, its largest entry less each, and the least cost."""
    size = max(truth.max(), clusters.max()) + 1
    table = np.zeros((size, size), dtype=int)
    for cluster, label in zip(clusters, truth, strict=True):
        table[cluster, label] += 1
    rows, columns = linear_sum_assignment(table.max() - table)
    return float(table[rows, columns].sum() / len(truth))


def test_both_ways_of_naming_are_the_hungarian_algorithm_written_out() -> None:
    generator = np.random.default_rng(0)
    truth = np.repeat(np.arange(8), 10)
    vectors = (generator.standard_normal((8, 6))[truth] + 0.8 * generator.standard_normal((80, 6))).astype(np.float32)
    is_labelled = (truth < 4) & (np.arange(80) % 3 == 0)
    opened = discovery(truth, is_labelled, np.arange(8) < 4)
    outcome = opened.measure(View(vectors=vectors), BOTH)
    found, rows = values(outcome), outcome.answers.to_pylist()
    for way in BOTH:
        scores = []
        for run in range(3):
            some = [row for row in rows if row["way"] == way and row["run"] == run]
            labels = np.array([int(row["truth"].split()[1]) for row in some])
            clusters = np.array([row["cluster"] for row in some])
            old = labels < 4
            if way == Way.PUBLIC:
                parts = [score_written_out(labels[kind], clusters[kind]) * kind.mean() for kind in (old, ~old)]
                scores.append(sum(parts))
            else:
                scores.append(score_written_out(labels, clusters))
            assert scores[-1] == pytest.approx(np.mean([row["truth"] == row["answer"] for row in some]))
        assert found["accuracy", way, ""] == pytest.approx(np.mean(scores))
    assert found["accuracy", Way.PUBLIC, ""] > found["accuracy", Way.CORRECTED, ""]


def test_baselines_are_one_cluster_and_random_ones() -> None:
    truth = [0, 0, 0, 1, 1, 2, 2, 2, 2, 3]
    opened = discovery(truth, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 0, 0])
    vectors = np.random.default_rng(0).standard_normal((10, 3)).astype(np.float32)
    found = values(opened.measure(View(vectors=vectors), BOTH))
    assert found["accuracy", Way.PUBLIC, "majority"] == pytest.approx((2 + 4) / 9)
    assert found["accuracy", Way.CORRECTED, "majority"] == pytest.approx(4 / 9)
    assert found["macro accuracy", Way.CORRECTED, "majority"] == 1 / 4
    assert 0 < found["accuracy", Way.CORRECTED, "random clusters"] < 1


def test_a_class_of_one_image_counts_and_half_precision_is_taken() -> None:
    truth = [0, 0, 0, 1]
    vectors = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], dtype=np.float16)
    found = values(discovery(truth, [1, 0, 0, 0], [1, 0]).measure(View(vectors=vectors), BOTH))
    assert found["accuracy", Way.CORRECTED, ""] == found["accuracy", Way.PUBLIC, "new"] == 1


def test_a_selection_has_as_many_clusters_as_it_has_classes() -> None:
    opened = discovery([0, 0, 1, 1, 2, 2], [1, 0, 0, 0, 0, 0], [1, 0, 0]).select([3, 0, 1])
    assert opened.images.paths == ("3.jpg", "0.jpg", "1.jpg")
    vectors = np.array([[0, 1], [1, 0], [1, 0]], dtype=np.float32)
    outcome = opened.measure(View(vectors=vectors), [Way.CORRECTED])
    assert outcome.measures[0].value == 1
    assert outcome.measures[0].note.startswith("2 clusters")


def test_nothing_to_discover_is_told() -> None:
    with pytest.raises(EmptyInput, match="nothing to discover"):
        discovery([0, 0], [1, 1], [1]).measure(View(vectors=np.ones((2, 2), np.float32)), BOTH)


def test_intervals_draw_classes_and_not_their_images() -> None:
    """Of four classes the one cluster is named for one: all of its fifty images are right, and no other."""
    truth = np.repeat(np.arange(4), 51)
    opened = discovery(truth, np.arange(len(truth)) == 0, [1, 0, 0, 0])
    vectors = np.random.default_rng(0).standard_normal((len(truth), 3)).astype(np.float32)
    measures = opened.measure(View(vectors=vectors), [Way.CORRECTED]).measures
    (found,) = [one for one in measures if (one.name, one.part) == ("accuracy", "majority")]
    assert (found.clusters, found.units) == (4, 203)
    assert (found.low, found.high) == (0.0, pytest.approx(0.75, abs=0.01))
