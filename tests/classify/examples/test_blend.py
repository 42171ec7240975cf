import numpy as np
import pytest

from thuja.classify import marginals
from thuja.classify.examples.blend import Blend, Told, blend_bias, union_of
from thuja.classify.examples.labelled import LeftOut, log_softmax
from thuja.classify.posterior import zero_shot
from thuja.labels import LabelSpace
from thuja.taxonomy import Rank, Taxon

SCALE = 20.0
PLACES = np.array([3, -1, 0, 7])
"""Four classes: three are labels, one has no text."""


def units(count, seed):
    vectors = np.random.default_rng(seed).normal(size=(count, 6)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def label_space(count=9):
    taxa = [
        Taxon(kingdom="Animalia", family=f"F{row // 3}", genus=f"G{row // 2}", species=f"s{row}")
        for row in range(count)
    ]
    return LabelSpace(texts=[taxon.scientific_name for taxon in taxa], vectors=units(count, 1), model="m", taxa=taxa)


def plain_blend(texts, examples, blend):
    """One image's answer written out: p_text of 9 labels and p_examples of 4 classes to 10 probabilities."""
    said = np.array([texts[3], examples[1], texts[0], texts[7]])  # the second class has no text
    known = min(1.0, said.sum())
    powers = (said ** (1 - blend.weight) * examples**blend.weight) ** blend.sharpness
    own = known ** (1 - blend.weight) * powers / powers.sum()
    masses = np.append(texts, own[1])
    masses[[3, 0, 7]] = own[[0, 2, 3]]
    return masses / masses.sum()


@pytest.mark.parametrize("blend", [Blend(weight=0), Blend(weight=0.3, sharpness=1.7), Blend(weight=1)])
def test_the_bias_makes_marginals_answer_as_the_rule_written_out(blend):
    labels, images = label_space(), units(40, 2)
    examples = log_softmax(np.random.default_rng(3).normal(size=(40, 4)).astype(np.float32) * 3)
    told = Told.of(images, labels, PLACES, scale=SCALE)
    union = union_of(labels, ["a new one"], [Taxon(species="a new one")])
    bias = blend_bias(told, examples, np.array([3, 9, 0, 7]), count=10, blend=blend)
    block = next(iter(marginals(images, union, scale=SCALE, k=10, bias=bias)))
    texts = zero_shot(images, labels, scale=SCALE)
    for image in range(40):
        expected = plain_blend(texts[image].astype(float), np.exp(examples[image].astype(float)), blend)
        found = np.empty(10)
        found[block.labels.indices[image]] = block.labels.scores[image]
        np.testing.assert_allclose(found, expected, atol=1e-5)
    assert block.posterior[Rank.KINGDOM].sum(axis=0) == pytest.approx(np.ones(40), abs=1e-5)


def test_what_texts_say_is_the_posterior_over_all_labels(monkeypatch):
    labels, images = label_space(), units(30, 2)
    posterior = zero_shot(images, labels, scale=SCALE)
    for tile in (8192, 2):
        monkeypatch.setattr("thuja.classify.examples.blend._TILE", tile)
        told = Told.of(images, labels, PLACES, scale=SCALE)
        np.testing.assert_allclose(np.exp(told.classes[:, [0, 2, 3]]), posterior[:, [3, 0, 7]], atol=1e-6)
        assert np.isnan(told.classes[:, 1]).all()
        others = np.delete(posterior, [3, 0, 7], axis=1)
        np.testing.assert_allclose(np.exp(told.rest), others.sum(axis=1), atol=1e-6)
        np.testing.assert_allclose(np.exp(told.rival), others.max(axis=1), atol=1e-6)


def test_labels_without_examples_keep_their_proportions():
    labels, images = label_space(), units(5, 2)
    examples = log_softmax(np.random.default_rng(3).normal(size=(5, 4)).astype(np.float32))
    told = Told.of(images, labels, PLACES, scale=SCALE)
    bias = blend_bias(told, examples, np.array([3, 9, 0, 7]), count=10, blend=Blend(weight=0.7))
    assert (bias(np.array([1, 2, 4, 5, 6, 8]), slice(0, 5)) == 0).all()
    assert (bias(slice(3, 4), slice(1, 3)) == bias(slice(0, 10), slice(0, 5))[3:4, 1:3]).all()


def test_the_weight_goes_to_whoever_knows():
    truth = np.random.default_rng(0).integers(3, size=300)
    right = np.where(np.eye(3, dtype=bool)[truth], 0.9, 0.05)
    blind = np.random.default_rng(1).permutation(right)  # as sure, and right by chance alone

    def weight(texts, examples):
        told = Told(
            classes=np.log(texts * 0.99).astype(np.float32),
            energy=np.zeros(300, dtype=np.float32),
            rest=np.full(300, np.log(0.01), dtype=np.float32),
            rival=np.full(300, np.log(0.01), dtype=np.float32),
        )
        left_out = LeftOut(
            rows=np.arange(300),
            log_probabilities=np.log(examples).astype(np.float32),
            truth=truth,
            observations=np.arange(300),
            can_be_right=np.ones(300, dtype=bool),
        )
        return Blend.fit(told, left_out).weight

    assert weight(blind, right) > 0.9
    assert weight(right, blind) < 0.1


def test_a_weight_of_nought_leaves_texts_as_they_are():
    labels, images = label_space(), units(20, 2)
    places = np.array([3, 0, 7])
    examples = log_softmax(np.random.default_rng(3).normal(size=(20, 3)).astype(np.float32))
    bias = blend_bias(Told.of(images, labels, places, scale=SCALE), examples, places, count=9, blend=Blend(weight=0))
    np.testing.assert_allclose(bias(slice(0, 9), slice(0, 20)), 0, atol=1e-5)


def test_two_halves_of_the_truth_are_sharper_together():
    """Texts tell the first bit, examples the second: each is right half of the time, and both together always."""
    truth = np.random.default_rng(0).integers(4, size=400)
    table = np.arange(4)
    texts = np.where(table // 2 == truth[:, None] // 2, 0.45, 0.05)
    examples = np.where(table % 2 == truth[:, None] % 2, 0.45, 0.05)
    nothing = np.full(400, -np.inf, dtype=np.float32)
    told = Told(classes=np.log(texts), energy=np.zeros(400), rest=nothing, rival=nothing)
    left_out = LeftOut(
        rows=np.arange(400),
        log_probabilities=np.log(examples),
        truth=truth,
        observations=np.arange(400),
        can_be_right=np.ones(400, dtype=bool),
    )
    blend = Blend.fit(told, left_out)
    assert blend.weight == 0.5
    assert blend.sharpness > 1.9
    assert (blend.masses(told, np.log(examples)).argmax(axis=1) == truth).all()
