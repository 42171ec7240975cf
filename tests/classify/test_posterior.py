"""Zero-shot against a soft-max in double precision."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.classify.making import space, units

from thuja.classify import posteriors, zero_shot
from thuja.errors import ThujaError


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
        patch.setattr("thuja.classify.posterior._LABEL_TILE", tile)
        patch.setattr("thuja.classify.posterior._TILE_BYTES", 4 * labels * 2)
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


def test_a_label_that_is_not_a_number_is_refused():
    labels = np.array([[1, 0], [np.nan, 0]], dtype=np.float16)
    with pytest.raises(ThujaError, match="label's vector is not a number"):
        zero_shot(np.eye(2, dtype=np.float32), space(labels), scale=1.0)
