"""A projection puts rows that it was not fitted on where they belong, the same way each time."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from thuja.analyze.maps import Method, Projection
from thuja.analyze.maps import linear as linear_maps
from thuja.errors import EmptyInput, ThujaError


def generator(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def clusters():
    """Four clusters of 20 in 12 dimensions, far apart for their spread."""
    centres = np.eye(12)[:4] * 10
    return np.repeat(centres, 20, axis=0) + generator(1).normal(size=(80, 12)), np.repeat(np.arange(4), 20)


def test_principal_axes_are_those_of_scikit_learn(clusters):
    vectors, _ = clusters
    ours, theirs = Projection(dimensions=3).fit(vectors, generator=generator()), PCA(3).fit(vectors)
    np.testing.assert_allclose(np.abs(ours.points_), np.abs(theirs.transform(vectors)), atol=1e-9)
    np.testing.assert_allclose(ours.shares_, theirs.explained_variance_ratio_, rtol=1e-9)


def test_few_wide_rows_have_the_axes_of_many_narrow_ones():
    """More numbers than rows take another route (products of rows), which must come to the same."""
    vectors = generator(2).normal(size=(9, 40))
    made = Projection(dimensions=3).fit(vectors, generator=generator())
    theirs = PCA(3).fit(vectors)
    np.testing.assert_allclose(np.abs(made.points_), np.abs(theirs.transform(vectors)), atol=1e-9)
    np.testing.assert_allclose(made.shares_, theirs.explained_variance_ratio_, rtol=1e-9)


def test_blocks_of_rows_come_to_the_same_as_all_rows_at_once(clusters, monkeypatch):
    vectors, labels = clusters
    whole = [Projection(method).fit(vectors, labels=labels, generator=generator()) for method in ("pca", "lda")]
    monkeypatch.setattr(linear_maps, "_BLOCK", 7)
    for one, method in zip(whole, (Method.PCA, Method.LDA), strict=True):
        other = Projection(method).fit(vectors, labels=labels, generator=generator())
        np.testing.assert_allclose(other.points_, one.points_, atol=1e-9)


@pytest.mark.parametrize("method", [Method.PCA, Method.LDA, Method.TSNE])
def test_fitted_rows_are_projected_onto_their_own_points(clusters, method):
    vectors, labels = clusters
    made = Projection(method).fit(vectors, labels=labels, generator=generator())
    assert made.points_.shape == (80, 2)
    np.testing.assert_allclose(made.project(vectors), made.points_, atol=1e-6)


@pytest.mark.parametrize("method", [Method.PCA, Method.LDA, Method.TSNE])
def test_rows_left_out_land_in_their_own_cluster(clusters, method):
    vectors, labels = clusters
    is_fitted = np.arange(80) % 2 == 0
    made = Projection(method).fit(vectors[is_fitted], labels=labels[is_fitted], generator=generator())
    others = made.project(vectors[~is_fitted])
    centres = np.array([made.points_[labels[is_fitted] == one].mean(axis=0) for one in range(4)])
    nearest = ((others[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    # Two axes of PCA cannot hold four corners of a tetrahedron wholly apart.
    assert (nearest == labels[~is_fitted]).mean() >= (0.85 if method is Method.PCA else 1)


@pytest.mark.parametrize("method", [Method.PCA, Method.LDA, Method.TSNE])
def test_a_map_hangs_on_its_seed_alone(clusters, method):
    vectors, labels = clusters
    one, same = (Projection(method).fit(vectors, labels=labels, generator=generator(4)) for _ in range(2))
    np.testing.assert_array_equal(one.points_, same.points_)


def test_discriminant_axes_part_classes_that_principal_axes_do_not():
    """The classes differ along the narrowest direction of all."""
    labels = np.repeat([0, 1], 60)
    vectors = generator(3).normal(size=(120, 5)) * [20, 15, 10, 5, 0.1]
    vectors[:, 4] += labels
    made = Projection(Method.LDA, dimensions=1).fit(vectors, labels=labels, generator=generator())
    low, high = made.points_[labels == 0], made.points_[labels == 1]
    assert max(low.min(), high.min()) > min(low.max(), high.max())
    assert np.mean([low.std(ddof=1) ** 2, high.std(ddof=1) ** 2]) == pytest.approx(1, rel=0.05)
    theirs = LinearDiscriminantAnalysis(solver="eigen", shrinkage=1e-6, n_components=1).fit_transform(vectors, labels)
    assert abs(np.corrcoef(theirs[:, 0], made.points_[:, 0])[0, 1]) > 0.99


def test_classes_of_chance_are_not_parted_on_rows_left_out():
    """As many numbers as rows part any labels of the fitted rows; shrinkage and the note say what to hold of that."""
    vectors, labels = generator(5).normal(size=(200, 60)), np.arange(200) % 2
    made = Projection(Method.LDA, dimensions=1).fit(vectors[:100], labels=labels[:100], generator=generator())
    points = made.project(vectors[100:])[:, 0]
    apart = points[labels[100:] == 0].mean() - points[labels[100:] == 1].mean()
    assert abs(apart) < 3 * points.std() * np.sqrt(4 / 100)
    assert "judge them by rows that were not fitted" in made.notes_[0]


def test_few_rows_are_mapped_with_a_note_of_what_was_changed(clusters):
    vectors, _ = clusters
    made = Projection(Method.TSNE).fit(vectors[::8], generator=generator())
    assert made.notes_ == ("t-SNE's perplexity is 3 in place of 30, as there are 10 rows",)
    three = Projection(Method.TSNE).fit(vectors[::30], generator=generator())
    assert three.notes_ == ("3 rows are too few for t-SNE: this is PCA",)
    one = Projection(Method.TSNE).fit(vectors[:1], generator=generator())
    assert one.points_.tolist() == [[0, 0]]


@pytest.mark.parametrize("method", [Method.PCA, Method.TSNE])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_vectors_that_are_all_the_same_lie_in_one_place(method, kind):
    made = Projection(method).fit(np.full((30, 6), 0.1, dtype=kind), generator=generator())
    assert np.abs(made.points_).max() == 0
    assert made.notes_ == ("every vector is the same: all points lie in one place",)


def test_an_axis_without_variance_is_said():
    made = Projection().fit(np.outer(np.arange(8.0), [1, 2, 2]), generator=generator())
    assert made.shares_ == (1.0,)
    assert np.abs(made.points_[:, 1]).max() == 0
    assert made.notes_ == ("the vectors vary along 1 of the 2 axes alone",)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (None, "needs the label of each row"),
        (np.zeros(80), "every row has the same label"),
        (np.arange(80), "every row has a label of its own"),
        (np.zeros(3), "expected 80 labels, got 3"),
    ],
)
def test_labels_that_part_nothing_are_said(clusters, labels, said):
    with pytest.raises(ThujaError, match=said):
        Projection(Method.LDA).fit(clusters[0], labels=labels, generator=generator())


def test_classes_without_variation_within_are_said():
    with pytest.raises(ThujaError, match="every row is the mean of its class"):
        Projection(Method.LDA).fit(np.eye(3)[[0, 0, 1, 1]], labels=[0, 0, 1, 1], generator=generator())


def test_vectors_that_no_map_can_be_made_of_are_said(clusters):
    with pytest.raises(ThujaError, match="not numbers"):
        Projection().fit(np.array([[np.nan, 1.0]]), generator=generator())
    with pytest.raises(EmptyInput):
        Projection().fit(np.empty((0, 4)), generator=generator())
    with pytest.raises(ThujaError, match="not fitted"):
        Projection().project(clusters[0])
    with pytest.raises(ThujaError, match="vectors of 12 numbers, got 3"):
        Projection().fit(clusters[0], generator=generator()).project(np.ones((2, 3)))
    with pytest.raises(ThujaError, match="at least one dimension"):
        Projection(dimensions=0).fit(clusters[0], generator=generator())
    assert Projection().fit(clusters[0], generator=generator()).project(np.empty((0, 12))).shape == (0, 2)
