"""Texts to vectors and taxa to label spaces: de-duplicated, sorted, batched, and still the model's own."""

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thuja.encode import Encoder, Hardware, build_labels, encode_texts
from thuja.errors import EmptyInput, UsageError
from thuja.model import Model
from thuja.phrasing import PROMPTS
from thuja.taxonomy import Taxon

RAVEN = Taxon(family="Corvidae", genus="Corvus", species="corax", common="raven")
MAGPIE = Taxon(family="Corvidae", genus="Pica", species="pica", common="magpie")


TEXTS = st.lists(
    st.one_of(st.text(max_size=30), st.sampled_from(["", "a raven", "a raven's nest", "x" * 90])), max_size=8
)


def plain_vectors(model: Model, texts: list[str]) -> npt.NDArray[np.float32]:
    """(L, D): each text by itself through the padded tower, as the model is trained."""
    with torch.inference_mode():
        return np.stack([model.encode_text([text])[0].float().numpy() for text in texts])


@given(texts=TEXTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_texts_equal_the_model_one_by_one(tiny_model: Model, texts: list[str]) -> None:
    """Some of them are longer than the context of 24 tokens: they are cut and still end."""
    vectors = encode_texts(tiny_model, texts)
    assert vectors.shape == (len(texts), 8)
    assert not texts or np.abs(vectors - plain_vectors(tiny_model, texts)).max() < 1e-5


@given(
    names=TEXTS.filter(len), prompts=st.lists(st.sampled_from([*PROMPTS, "{}", "{}'s &{};"]), min_size=1, max_size=9)
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_prompted_names_equal_the_model_one_by_one(tiny_model: Model, names: list[str], prompts: list[str]) -> None:
    vectors = encode_texts(tiny_model, names, prompts=prompts)
    for name, vector in zip(names, vectors, strict=True):
        mean = plain_vectors(tiny_model, [prompt.replace("{}", name) for prompt in prompts]).mean(axis=0)
        assert np.abs(mean / np.linalg.norm(mean) - vector).max() < 1e-5


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_text_tower_in_half_precision_gives_its_own_vectors_in_float32(tiny_model: Model, dtype: torch.dtype) -> None:
    texts = ["a raven", "a raven's nest", "a magpie", ""]
    exact = plain_vectors(tiny_model, texts)
    vectors = encode_texts(tiny_model.to(dtype), texts)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.abs(vectors - plain_vectors(tiny_model, texts)).max() < 0.02
    assert np.abs(vectors - exact).max() < 0.05


@pytest.mark.parametrize(("precision", "most"), [("fp32", 1e-5), ("bf16", 0.02)])
def test_a_packed_text_tower_gives_the_plain_ones_vectors(tiny_model: Model, precision: str, most: float) -> None:
    texts = ["a raven", "a raven's nest", "a magpie", "", "x" * 90]
    expected = plain_vectors(tiny_model, texts)
    packed = Encoder.prepare(tiny_model, Hardware(device="cpu", precision=precision, threads=1)).model
    assert np.abs(encode_texts(packed, texts) - expected).max() < most


@pytest.mark.parametrize("prompts", [None, ["a {}.", "{}", "the {}"]])
def test_texts_in_many_pieces_are_those_in_one(
    tiny_model: Model, monkeypatch: pytest.MonkeyPatch, prompts: list[str] | None
) -> None:
    names = [f"raven {number}" for number in range(50)]
    whole = encode_texts(tiny_model, names, prompts=prompts)
    monkeypatch.setattr("thuja.encode.texts._TEXTS_AT_ONCE", 10)
    assert np.abs(encode_texts(tiny_model, names, prompts=prompts) - whole).max() < 1e-6


def test_prompts_are_averaged_as_unit_vectors(tiny_model: Model) -> None:
    prompts = PROMPTS[:5]
    (vector,) = encode_texts(tiny_model, ["raven"], prompts=prompts)
    each = encode_texts(tiny_model, [prompt.format("raven") for prompt in prompts])
    mean = each.mean(axis=0)
    assert np.abs(vector - mean / np.linalg.norm(mean)).max() < 1e-6


def test_many_names_with_prompts_keep_their_order(tiny_model: Model) -> None:
    names = [f"name {number}" for number in range(300)]  # more than are held at a time
    vectors = encode_texts(tiny_model, names, prompts=["a {}.", "{}"])
    for place in (0, 255, 256, 299):
        assert (
            np.abs(vectors[place] - encode_texts(tiny_model, [names[place]], prompts=["a {}.", "{}"])[0]).max() < 1e-5
        )


def test_a_name_with_braces_is_put_in_as_it_is(tiny_model: Model) -> None:
    vectors = encode_texts(tiny_model, ["{x} {}"], prompts=["a {}."])
    assert np.abs(vectors - encode_texts(tiny_model, ["a {x} {}."])).max() < 1e-6


@pytest.mark.parametrize("prompts", [[], ["a photo"]])
def test_prompts_without_a_place_for_the_name_are_refused(tiny_model: Model, prompts: list[str]) -> None:
    with pytest.raises(UsageError, match="in place of"):
        encode_texts(tiny_model, ["raven"], prompts=prompts)


def test_labels_are_the_taxa_in_order_phrased_as_asked(tiny_model: Model) -> None:
    labels = build_labels(tiny_model, [RAVEN, MAGPIE], text_type="sci_com")
    assert labels.texts == ["Corvus corax", "Pica pica"]
    assert list(labels.taxa) == [RAVEN, MAGPIE]
    assert labels.model == tiny_model.id
    expected = encode_texts(
        tiny_model,
        ["a photo of Corvus corax with common name raven.", "a photo of Pica pica with common name magpie."],
    )
    assert np.abs(labels.vectors - expected).max() < 1e-6
    assert np.allclose(np.linalg.norm(labels.vectors, axis=1), 1, atol=1e-5)


def test_labels_with_prompts_put_what_is_photographed_into_each(tiny_model: Model) -> None:
    labels = build_labels(tiny_model, [RAVEN], text_type="sci_com", prompts=["a bad photo of a {}.", "the {}"])
    expected = encode_texts(
        tiny_model, ["Corvus corax with common name raven"], prompts=["a bad photo of a {}.", "the {}"]
    )
    assert np.abs(labels.vectors - expected).max() < 1e-6
    bare = build_labels(tiny_model, [RAVEN], text_type="scientific_name", prompts=["the {}"])
    assert np.abs(bare.vectors - encode_texts(tiny_model, ["the Corvus corax"])).max() < 1e-6


def test_no_taxon_is_no_label_space(tiny_model: Model) -> None:
    with pytest.raises(EmptyInput):
        build_labels(tiny_model, [])
