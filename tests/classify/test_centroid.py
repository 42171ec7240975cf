"""The nearest class mean against its definition."""

import numpy as np
from tests.classify.making import units

from thuja.classify import NearestCentroid


def test_nearest_centroid_is_cl2n_written_out():
    generator = np.random.default_rng(3)
    support, classes = generator.normal(size=(30, 6)).astype(np.float32), generator.integers(0, 4, size=30) * 7
    queries = generator.normal(size=(50, 6)).astype(np.float32)
    unit = support / np.linalg.norm(support, axis=1, keepdims=True)
    centre = unit.mean(axis=0)
    inside = (unit - centre) / np.linalg.norm(unit - centre, axis=1, keepdims=True)
    means = {label: inside[classes == label].mean(axis=0) for label in set(classes.tolist())}
    for query, answer in zip(queries, NearestCentroid().fit(support, classes).predict(queries), strict=True):
        moved = query / np.linalg.norm(query) - centre
        moved /= np.linalg.norm(moved)
        assert answer == min(means, key=lambda label: np.linalg.norm(moved - means[label]))


def test_nearest_centroid_takes_classes_with_one_vector_beside_classes_with_many():
    support = np.array([[1, 0], [0.9, 0.1], [0, 1]], dtype=np.float32)
    model = NearestCentroid().fit(support, [5, 5, 2])
    assert model.predict(np.array([[0.95, 0.2], [0.1, 0.9]], np.float32)).tolist() == [5, 2]


def test_nearest_centroid_by_small_blocks_equals_all_at_once(monkeypatch):
    generator = np.random.default_rng(0)
    model = NearestCentroid().fit(units(generator, 40), generator.integers(0, 5, size=40))
    queries = units(generator, 33)
    whole = model.predict(queries)
    monkeypatch.setattr("thuja.classify.centroid._TILE_BYTES", 400)
    np.testing.assert_array_equal(model.predict(queries), whole)
