"""Nearness to labelled images, against loops that take images away one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import OAS
from tests.classify.making import units

from thuja.classify.unseen.known_vectors import Groups, Mahalanobis, NearestKnown
from thuja.errors import EmptyInput, ThujaError, UsageError


def nested_groups(generator, count):
    """Observations within species within genera."""
    observation = generator.integers(0, max(2, count // 2), count)
    species = observation % 5
    return Groups(observation=observation, clades=np.stack([species, species % 2]))


def taken_away(groups, image):
    """Which images stay, without the image's observation, its species, its genus."""
    for group in (groups.observation, *groups.clades):
        yield group != group[image]


@settings(deadline=None, max_examples=30)
@given(count=st.integers(3, 25), k=st.integers(1, 3), rows=st.integers(1, 9), seed=st.integers(0, 999))
def test_neighbours_left_out_are_those_of_a_gallery_without_them(count, k, rows, seed):
    generator = np.random.default_rng(seed)
    vectors, groups = units(generator, count), nested_groups(generator, count)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thuja.classify.unseen.known_vectors._ROWS", rows)
        found = NearestKnown(k=k).fit(vectors, groups).left_out()
        scores = NearestKnown(k=k).fit(vectors, groups).score(vectors)
    np.testing.assert_allclose(scores, np.sort(vectors @ vectors.T, axis=1)[:, -k], rtol=1e-5, atol=1e-6)
    for image in range(count):
        for level, kept in enumerate(taken_away(groups, image)):
            near = np.sort(vectors[kept] @ vectors[image])
            expected = near[-k] if len(near) >= k else -np.inf
            np.testing.assert_allclose(found[level, image], expected, rtol=1e-5, atol=1e-6)


@settings(deadline=None, max_examples=20)
@given(count=st.integers(12, 30), is_relative=st.booleans(), rows=st.integers(1, 9), seed=st.integers(0, 999))
def test_classes_left_out_are_those_whose_means_are_made_without_them(count, is_relative, rows, seed):
    """The covariances stay those of all images; only the means are made again."""
    generator = np.random.default_rng(seed)
    vectors, groups = units(generator, count), nested_groups(generator, count)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thuja.classify.unseen.known_vectors._ROWS", rows)
        fitted = Mahalanobis(is_relative=is_relative).fit(vectors, groups)
        found = fitted.left_out()
    species = groups.clades[0]
    means = {one: vectors[species == one].mean(axis=0) for one in np.unique(species)}
    residual = vectors - np.stack([means[one] for one in species])
    within = shrunk_inverse(residual, count - len(means))
    common = np.zeros(count)
    if is_relative:
        centred = vectors - vectors.mean(axis=0)
        common = np.einsum("nd,de,ne->n", centred, shrunk_inverse(centred, count - 1), centred)
    for image in range(count):
        for level, kept in enumerate(taken_away(groups, image)):
            distances = []
            for one in np.unique(species[kept]):
                # A class keeps all its images, but the image's own is made without its observation.
                of_class = kept & (species == one)
                gap = vectors[image] - vectors[of_class].mean(axis=0)
                distances.append(gap @ within @ gap)
            expected = common[image] - min(distances, default=np.inf)
            np.testing.assert_allclose(found[level, image], expected, rtol=2e-3, atol=2e-3)


def shrunk_inverse(centred, freedom):
    """scikit-learn's shrinkage, its covariance divided by the degrees of freedom."""
    estimate = OAS(assume_centered=True).fit(centred.astype(np.float64)).covariance_
    return np.linalg.inv(estimate * len(centred) / freedom)


def test_more_dimensions_than_images_still_give_a_distance():
    generator = np.random.default_rng(0)
    vectors = units(generator, 6, dim=40)
    groups = Groups(observation=np.arange(6), clades=np.array([[0, 0, 0, 1, 1, 1]]))
    assert np.isfinite(Mahalanobis().fit(vectors, groups).score(units(generator, 3, dim=40))).all()


def test_an_image_like_a_class_is_nearer_than_one_like_none():
    centres = np.eye(3, 8, dtype=np.float32)
    generator = np.random.default_rng(0)
    place = np.arange(60) % 2
    vectors = centres[place] + 0.05 * units(generator, 60)
    groups = Groups(observation=np.arange(60), clades=place[None])
    for fitted in (NearestKnown().fit(vectors, groups), Mahalanobis().fit(vectors, groups)):
        likeness = fitted.score(centres)
        assert likeness[:2].min() > likeness[2] + 0.5


def test_bad_input_is_told():
    groups = Groups(observation=np.arange(4), clades=np.zeros((1, 4), dtype=np.int64))
    with pytest.raises(UsageError, match="got 0"):
        NearestKnown(k=0)
    with pytest.raises(UsageError, match="number 5 among 4"):
        NearestKnown(k=5).fit(np.eye(4), groups)
    with pytest.raises(UsageError, match="at least two classes"):
        Mahalanobis().fit(np.eye(4), groups)
    same = Groups(observation=np.arange(4), clades=np.arange(4)[None] // 2)
    with pytest.raises(UsageError, match="all alike"):
        Mahalanobis().fit(np.repeat(np.eye(2), 2, axis=0), same)
    with pytest.raises(ThujaError, match="do not fit clades"):
        Groups(observation=np.arange(4), clades=np.zeros((1, 3), dtype=np.int64))
    with pytest.raises(EmptyInput):
        Groups(observation=np.arange(0), clades=np.zeros((1, 0), dtype=np.int64))
