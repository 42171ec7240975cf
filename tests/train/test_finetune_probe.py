"""The linear probe: it learns what can be learnt, keeps its best, and begins at the names."""

import numpy as np
import pytest

from thuja.train.finetune_probe import Floats, Taught, fit_probe


def unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def photos(seed: int, count: int, centres: Floats, noise: float) -> Taught:
    generator = np.random.default_rng(seed)
    classes = np.arange(count) % len(centres)
    return Taught(
        vectors=unit(centres[classes] + noise * generator.standard_normal((count, centres.shape[1]))), classes=classes
    )


@pytest.fixture
def centres() -> Floats:
    return unit(np.random.default_rng(0).standard_normal((5, 16)).astype(np.float32))


def test_photos_teach_what_wrong_names_do_not_know(centres: Floats) -> None:
    names = unit(np.random.default_rng(9).standard_normal((5, 16)).astype(np.float32))
    probe = fit_probe(photos(1, 100, centres, 0.1), photos(2, 50, centres, 0.1), names, scale=30.0, lr=3e-2)
    assert (names @ centres.T).argmax(axis=1).tolist() != list(range(5))
    assert probe.score == 1.0
    assert (centres @ probe.vectors.T).argmax(axis=1).tolist() == list(range(5))
    np.testing.assert_allclose(np.linalg.norm(probe.vectors, axis=1), 1, atol=1e-5)


def test_names_that_are_right_already_are_kept(centres: Floats) -> None:
    probe = fit_probe(photos(1, 100, centres, 0.05), photos(2, 50, centres, 0.05), centres, scale=30.0)
    assert (probe.step, probe.score) == (0, 1.0)
    np.testing.assert_array_equal(probe.vectors, centres)


def test_what_wrong_labels_teach_is_not_kept(centres: Floats) -> None:
    taught = photos(1, 100, centres, 0.3)
    wrong = Taught(vectors=taught.vectors, classes=(taught.classes + 1) % 5)
    probe = fit_probe(wrong, photos(2, 50, centres, 0.3), centres, scale=30.0, lr=1e-1)
    assert probe.step == 0
