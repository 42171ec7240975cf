"""A model as a function of images is the model that encodes files."""

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thuja.encode import encode_images
from thuja.encode.embedder import BATCH, Embedder
from thuja.encode.encoder import Encoder
from thuja.errors import UsageError
from thuja.model import Model


def pictures(count: int) -> list[Image.Image]:
    rng = np.random.default_rng(0)
    sizes = [(20 + number % 7, 31 - number % 5) for number in range(count)]
    return [Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)) for size in sizes]


def as_png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def embedder(tiny_model: Model, tmp_path: Path) -> Embedder:
    tiny_model.save(tmp_path / "model")
    return Embedder(model=str(tmp_path / "model"))


def test_vectors_are_those_of_the_files_in_their_order_over_more_than_one_batch(
    embedder: Embedder, tiny_model: Model
) -> None:
    images = pictures(BATCH + 3)
    vectors = embedder(images)
    files = [(str(number), as_png(image)) for number, image in enumerate(images)]
    fast = encode_images(Encoder.prepare(Model.load(Path(embedder.model))), files).embeddings.vectors
    assert (vectors.dtype, vectors.shape) == (np.float32, (BATCH + 3, 8))
    np.testing.assert_allclose(vectors, fast, atol=1e-6)
    plain = encode_images(tiny_model, files).embeddings.vectors  # in float32, where the fast one may be in bfloat16
    np.testing.assert_allclose((vectors * plain).sum(axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert len(np.unique(vectors.round(4), axis=0)) == BATCH + 3


def test_no_image_gives_no_vector_of_the_models_width(embedder: Embedder) -> None:
    vectors = embedder([])
    assert (vectors.dtype, vectors.shape) == (np.float32, (0, 8))


def test_it_pickles_without_its_weights_and_answers_the_same(embedder: Embedder) -> None:
    embedder.load()
    data = pickle.dumps(embedder)
    assert len(data) < 1000
    again = pickle.loads(data)
    assert again == embedder
    np.testing.assert_array_equal(again(pictures(2)), embedder(pictures(2)))


def test_a_model_that_is_not_there_is_said_when_it_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no model folder at"):
        Embedder(model=str(tmp_path / "none")).load()


def test_other_weights_at_one_path_are_another_fingerprint(tmp_path: Path) -> None:
    """A path alone told of a model trained anew that it was the old one, and a curation kept the old answers."""
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"one")
    embedder = Embedder(model=str(tmp_path))
    first = embedder.fingerprint
    assert first == Embedder(model=str(tmp_path)).fingerprint
    weights.write_bytes(b"other")
    assert embedder.fingerprint != first
    assert Embedder(model="bioclip-2").fingerprint == ""
