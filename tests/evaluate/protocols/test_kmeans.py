"""Semi-supervised k-means equals its definition, written out with all distances at once."""

import numpy as np
import pytest

from thuja.errors import UsageError
from thuja.evaluate.protocols.kmeans import Points, cluster


def cluster_written_out(points: Points, count: int, draws: np.ndarray) -> np.ndarray:
    """The definition, in double precision and with a (U, C, D) block; ends as the public code does."""
    unlabelled, labelled = points.unlabelled.astype(float), points.labelled.astype(float)
    names = sorted(set(points.classes.tolist()))
    centres = [labelled[points.classes == name].mean(axis=0) for name in names]
    for number in draws:
        if len(centres) == count:
            break
        gaps = np.array([min(((vector - centre) ** 2).sum() for centre in centres) for vector in unlabelled])
        reached = np.cumsum(gaps / gaps.sum())
        centres.append(unlabelled[next(row for row, share in enumerate(reached) if share >= number)])
    middle = np.stack(centres)
    best, least = None, np.inf
    for _ in range(10):
        gaps = ((unlabelled[:, None] - middle[None]) ** 2).sum(axis=2)
        found = gaps.argmin(axis=1)
        place = np.array([names.index(name) for name in points.classes], dtype=int)
        inertia = gaps.min(axis=1).sum() + ((labelled - middle[place]) ** 2).sum()
        if inertia < least:
            best, least = found, inertia
        everything, homes = np.concatenate([labelled, unlabelled]), np.concatenate([place, found])
        if set(homes.tolist()) != set(range(count)):
            break
        moved = np.stack([everything[homes == home].mean(axis=0) for home in range(count)])
        shift = np.sqrt(((moved - middle) ** 2).sum(axis=1)).sum()
        middle = moved
        if shift**2 < 1e-4:
            break
    return best


def blobs(
    seed: int, *, old: int = 3, new: int = 3, each: int = 12, dim: int = 5, spread: float = 0.6
) -> tuple[Points, np.ndarray]:
    """Vectors around as many middles; half of those of old classes are labelled. And the unlabelled ones' classes."""
    generator = np.random.default_rng(seed)
    middles = generator.standard_normal((old + new, dim)) * 2
    truth = np.repeat(np.arange(old + new), each)
    vectors = (middles[truth] + spread * generator.standard_normal((len(truth), dim))).astype(np.float32)
    is_labelled = (truth < old) & (np.arange(len(truth)) % 2 == 0)
    points = Points(unlabelled=vectors[~is_labelled], labelled=vectors[is_labelled], classes=truth[is_labelled] * 7)
    return points, truth[~is_labelled]


@pytest.mark.parametrize("seed", range(8))
def test_it_is_its_definition(seed: int) -> None:
    points, _ = blobs(seed, spread=1.5)
    draws = np.random.RandomState(seed).rand(6)
    found = cluster(points, count=6, draws=draws, is_emptied_kept=False)
    np.testing.assert_array_equal(found, cluster_written_out(points, 6, draws))


@pytest.mark.parametrize("tile", [1, 7, 2048])
def test_tiles_change_nothing(tile: int, monkeypatch: pytest.MonkeyPatch) -> None:
    points, _ = blobs(3)
    draws = np.random.RandomState(0).rand(6)
    whole = cluster(points, count=6, draws=draws, is_emptied_kept=True)
    monkeypatch.setattr("thuja.evaluate.protocols.kmeans._TILE", tile)
    np.testing.assert_array_equal(cluster(points, count=6, draws=draws, is_emptied_kept=True), whole)


def test_clusters_far_apart_are_found_and_old_ones_come_first() -> None:
    points, truth = blobs(0, spread=0.01)
    found = cluster(points, count=6, draws=np.random.RandomState(0).rand(6), is_emptied_kept=True)
    np.testing.assert_array_equal(found[truth < 3], truth[truth < 3])
    assert len(set(found[truth >= 3].tolist())) == 3
    for label in (3, 4, 5):
        assert len(set(found[truth == label].tolist())) == 1


def draws_of(points: Points, rows: list[int]) -> np.ndarray:
    """The uniform numbers that draw these unlabelled vectors, one after the other."""
    centres, numbers = [points.labelled.astype(float).mean(axis=0)], []
    for row in rows:
        gaps = np.min([((points.unlabelled - centre) ** 2).sum(axis=1) for centre in centres], axis=0).astype(float)
        reached = np.cumsum(gaps / gaps.sum())
        numbers.append(reached[row] - gaps[row] / gaps.sum() / 2)
        centres.append(points.unlabelled[row].astype(float))
    return np.array(numbers)


def test_an_emptied_cluster_ends_the_public_run_and_keeps_its_centre_in_the_corrected_one() -> None:
    """The centre drawn at 3 gets 3 and 7, moves to 5, and loses both to its neighbours; far off, two centres that
    began side by side still have a way to go."""
    near, far = [1.4] * 50 + [3, 7] + [7.6] * 50 + [12], np.arange(1000, 1060)
    unlabelled = np.concatenate([near, far]).astype(np.float32)[:, None]
    points = Points(unlabelled=unlabelled, labelled=np.zeros((1, 1), np.float32), classes=np.array([0]))
    draws = draws_of(points, [102, 50, 103, 104])
    public, corrected = (cluster(points, count=5, draws=draws, is_emptied_kept=is_kept) for is_kept in (False, True))
    np.testing.assert_array_equal(public, cluster_written_out(points, 5, draws))
    assert 2 not in public
    assert 2 not in corrected
    sizes = [sorted(np.bincount(found[103:])[3:].tolist()) for found in (public, corrected)]
    assert sizes[1][0] > sizes[0][0] > 1


def test_vectors_that_are_all_alike_make_one_cluster_and_no_error() -> None:
    points = Points(
        unlabelled=np.ones((9, 3), np.float32), labelled=np.ones((2, 3), np.float32), classes=np.array([0, 1])
    )
    for is_kept in (False, True):
        found = cluster(points, count=4, draws=np.full(4, 0.5), is_emptied_kept=is_kept)
        np.testing.assert_array_equal(found, np.zeros(9))


def test_without_labels_all_centres_are_drawn_and_too_few_clusters_are_told() -> None:
    points, _ = blobs(1, old=0, new=2, spread=0.01)
    found = cluster(points, count=2, draws=np.array([0.1, 0.5]), is_emptied_kept=True)
    assert sorted(np.bincount(found).tolist()) == [12, 12]
    points, _ = blobs(1)
    with pytest.raises(UsageError, match="2 clusters"):
        cluster(points, count=2, draws=np.array([]), is_emptied_kept=True)
