"""Heads on embeddings against written-out definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja import classify
from thuja.classify import Clades, LinearProbe, NearestCentroid, posteriors, roll_up, top_k, zero_shot
from thuja.errors import ThujaError, UsageError
from thuja.labels import LabelSpace
from thuja.taxonomy import Rank, Taxon


def space(vectors, taxa=()):
    return LabelSpace(texts=[str(n) for n in range(len(vectors))], vectors=vectors, model="m", taxa=taxa)


def units(generator, count, dim=8, dtype=np.float32):
    vectors = generator.normal(size=(count, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(dtype)


def test_two_labels_give_the_logistic_function_of_their_difference():
    vectors = np.array([[1.0, 0.0]], dtype=np.float32)
    posterior = zero_shot(vectors, space(np.eye(2, dtype=np.float32)), scale=3.0)
    assert posterior[0, 0] == pytest.approx(1 / (1 + np.exp(-3)), rel=1e-6)


def test_a_scale_far_above_what_exp_can_take_gives_one_and_zero():
    vectors = np.array([[1.0, 0.0]], dtype=np.float32)
    posterior = zero_shot(vectors, space(np.eye(2, dtype=np.float32)), scale=5000.0)
    assert posterior.tolist() == [[1.0, 0.0]]


@settings(deadline=None, max_examples=30)
@given(images=st.integers(1, 9), labels=st.integers(1, 40), tile=st.integers(1, 17), seed=st.integers(0, 99))
def test_tiles_over_labels_and_images_equal_one_softmax_in_double_precision(images, labels, tile, seed):
    generator = np.random.default_rng(seed)
    vectors, texts = units(generator, images), units(generator, labels, dtype=np.float16)
    logits = 20.0 * vectors.astype(np.float64) @ texts.astype(np.float64).T
    plain = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classify, "_LABEL_TILE", tile)
        patch.setattr(classify, "_TILE_BYTES", 4 * labels * 2)
        tiled = list(posteriors(vectors, space(texts), scale=20.0))
    assert all(len(block) <= 2 for block in tiled)
    np.testing.assert_allclose(np.concatenate(tiled), plain, rtol=2e-5)


def test_vectors_of_another_length_are_refused_with_both_sizes():
    with pytest.raises(ThujaError, match=r"\(1, 3\).*length 2"):
        zero_shot(np.zeros((1, 3), np.float32), space(np.eye(2, dtype=np.float32)), scale=1.0)


def test_vectors_that_are_not_numbers_are_counted():
    vectors = np.array([[1, 0], [np.nan, 0]], dtype=np.float32)
    with pytest.raises(ThujaError, match="1 of 2"):
        zero_shot(vectors, space(np.eye(2, dtype=np.float32)), scale=1.0)


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(1, 12), st.integers(0, 99), st.data())
def test_top_k_equals_a_full_stable_sort_ties_included(rows, columns, seed, data):
    k = data.draw(st.integers(1, columns))
    scores = np.random.default_rng(seed).integers(0, 4, size=(rows, columns)).astype(np.float32)
    best = top_k(scores, k)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(best.indices, expected)
    np.testing.assert_array_equal(best.scores, np.take_along_axis(scores, expected, axis=1))


@pytest.mark.parametrize("k", [0, -1, 3])
def test_k_outside_the_labels_is_a_usage_error(k):
    with pytest.raises(UsageError, match=f"best {k} of 2"):
        top_k(np.zeros((1, 2), np.float32), k)


BEES = Taxon(kingdom="Animalia", family="Apidae", genus="Prosopis", species="a")
TREES = Taxon(kingdom="Plantae", family="Fabaceae", genus="Prosopis", species="b")
OTHER = Taxon(kingdom="Plantae", family="Fabaceae", genus="Prosopis", species="c")


def test_roll_up_sums_species_and_keeps_homonyms_apart():
    labels = space(np.eye(3, dtype=np.float32), taxa=[TREES, BEES, OTHER])
    sums, taxa = roll_up(np.array([[0.5, 0.2, 0.3]], np.float32), labels, Rank.GENUS)
    assert [(taxon.kingdom, taxon.genus) for taxon in taxa] == [("Animalia", "Prosopis"), ("Plantae", "Prosopis")]
    np.testing.assert_allclose(sums, [[0.2, 0.8]], rtol=1e-6)


@settings(deadline=None, max_examples=30)
@given(labels=st.integers(1, 25), rank=st.sampled_from(list(Rank)), seed=st.integers(0, 99))
def test_a_rolled_up_posterior_still_sums_to_one_and_equals_a_plain_loop(labels, rank, seed):
    generator = np.random.default_rng(seed)
    taxa = [Taxon.from_names([str(generator.integers(0, 2)) for _ in range(6)] + [str(n)]) for n in range(labels)]
    posterior = zero_shot(units(generator, 3), space(units(generator, labels), taxa), scale=10.0)
    sums, clades = roll_up(posterior, space(units(generator, labels), taxa), rank)
    plain = [[sum(row[n] for n in range(labels) if taxa[n].at(rank) == clade) for clade in clades] for row in posterior]
    np.testing.assert_allclose(sums, plain, rtol=1e-5)
    np.testing.assert_allclose(sums.sum(axis=1), 1.0, rtol=1e-5)


def test_custom_labels_have_no_ranks():
    with pytest.raises(UsageError, match="no ranks"):
        Clades.of(space(np.eye(2, dtype=np.float32)), Rank.FAMILY)


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
    monkeypatch.setattr(classify, "_TILE_BYTES", 400)
    np.testing.assert_array_equal(model.predict(queries), whole)


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
