"""Neighbours by tile against all cosines at once."""

import tracemalloc

import numpy as np
import pytest

from thuja.evaluate.protocols import nearest as room
from thuja.evaluate.protocols.lengths import unit
from thuja.evaluate.protocols.nearest import Lists, nearest, place_own, place_right


def vectors(count: int, seed: int, *, values: int | None = None) -> np.ndarray:
    """Random vectors; with few whole values, many are parallel or equal, and their cosines tie."""
    generator = np.random.default_rng(seed)
    if values is None:
        return generator.standard_normal((count, 4)).astype(np.float32)
    return generator.integers(0, values, (count, 1)).astype(np.float32) * np.array([[1, 0, 0, 0]], np.float32)


@pytest.fixture
def _small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_GALLERY_TILE", 7)
    monkeypatch.setattr(room, "_QUESTION_TILE", 3)


@pytest.mark.usefixtures("_small_tiles")
@pytest.mark.parametrize("values", [None, 2])
@pytest.mark.parametrize("k", [1, 5, 30, 99])
def test_the_nearest_by_tile_are_the_nearest_of_all(values: int | None, k: int) -> None:
    questions, gallery = vectors(5, 0), vectors(30, 1, values=values)
    order = np.random.default_rng(2).permutation(30)
    top = nearest(questions, gallery, k, order=order)
    cosines = unit(questions) @ unit(gallery).T
    place = np.argsort(order)
    for row, found, scores in zip(cosines, top.indices, top.scores, strict=True):
        best = np.lexsort((place, -row))[:k]
        assert scores == pytest.approx(row[best], abs=1e-6)
        if values is not None or k < 30:
            assert found.tolist() == best.tolist()


@pytest.mark.parametrize("is_constant", [False, True])
def test_the_matrix_of_all_scores_is_never_held(is_constant: bool) -> None:
    """Not even where all images look the same, and every one of them is as good as the k-th."""
    gallery = np.random.default_rng(0).standard_normal((100_000, 16)).astype(np.float32)
    gallery[1:] = gallery[0] if is_constant else gallery[1:]
    order = np.arange(len(gallery))
    tracemalloc.start()
    nearest(gallery[:200], gallery, 10, order=order)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 * 100_000 * 4 / 4


@pytest.mark.usefixtures("_small_tiles")
def test_own_places_are_those_of_the_public_script() -> None:
    """`similarity[i].argsort()[-k:]` holds i."""
    questions, candidates = vectors(10, 0), vectors(10, 1)
    similarity = unit(questions) @ unit(candidates).T
    places = place_own(questions, candidates, np.arange(10))
    for k in (1, 5, 10):
        assert (places.ahead < k).tolist() == [row in similarity[row].argsort()[-k:] for row in range(10)]
    assert places.first.tolist() == [row.argsort()[-1] for row in similarity]


def test_a_candidate_that_stands_twice_counts_before_its_first_self() -> None:
    questions = np.eye(3, dtype=np.float32)[[0, 1, 0]]
    candidates = np.eye(3, dtype=np.float32)[[0, 1, 0]]
    places = place_own(questions, candidates, np.array([0, 1, 0]))
    assert places.ahead.tolist() == [1, 0, 0]
    assert places.first.tolist() == [2, 1, 2]


@pytest.mark.usefixtures("_small_tiles")
@pytest.mark.parametrize("values", [None, 2])
def test_the_best_right_candidate_is_placed_with_its_equals(values: int | None) -> None:
    questions, candidates = vectors(8, 0), vectors(12, 1, values=values)
    pairs = np.random.default_rng(3).integers(0, [[8], [12]], (2, 20))
    right = Lists.of(np.concatenate([np.arange(8), pairs[0]]), np.concatenate([np.arange(8), pairs[1]]))
    places = place_right(questions, candidates, right)
    cosines = unit(questions) @ unit(candidates).T
    for row, own in enumerate(np.split(right.values, right.starts[1:])):
        best = cosines[row, own].max()
        assert places.ahead[row] == (cosines[row] > best + 1e-6).sum()
        assert places.level[row] == np.isclose(cosines[row], best, atol=1e-6).sum()
        assert places.right[row] == np.isclose(cosines[row, own], best, atol=1e-6).sum()
        assert places.scores[row] == pytest.approx(cosines[row].max(), abs=1e-6)


def test_zero_vectors_stay_zero() -> None:
    assert unit(np.array([[0, 0], [3, 4]], np.float16)).tolist() == [[0, 0], pytest.approx([0.6, 0.8])]


def test_lists_hold_each_pair_once() -> None:
    lists = Lists.of(np.array([1, 0, 1, 1]), np.array([5, 2, 4, 5]))
    assert lists.lengths().tolist() == [1, 2]
    assert lists.values.tolist() == [2, 4, 5]
    assert lists.owners().tolist() == [0, 1, 1]
