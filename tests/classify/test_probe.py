"""Logistic regression on frozen features."""

import numpy as np
import pytest

from thuja.classify import LinearProbe
from thuja.errors import UsageError


def test_a_linear_probe_parts_what_a_plane_parts_at_any_scale_of_the_features():
    generator = np.random.default_rng(1)
    vectors = (generator.normal(size=(200, 3)) * [1, 1000, 0.001]).astype(np.float32)
    classes = np.where(vectors[:, 2] > 0, 9, 4)
    probe = LinearProbe(strength=100.0).fit(vectors, classes)
    assert (probe.predict(vectors) == classes).mean() > 0.97
    np.testing.assert_allclose(probe.probabilities(vectors).sum(axis=1), 1.0, rtol=1e-5)


def test_a_linear_probe_of_one_class_is_refused():
    with pytest.raises(UsageError, match="two classes"):
        LinearProbe().fit(np.zeros((3, 2), np.float32), [1, 1, 1])
