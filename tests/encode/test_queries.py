"""What a search is handed of a model is what the model says."""

import io

import numpy as np
import pytest
from PIL import Image

from thuja.encode import Encoder, encode_images, encode_texts
from thuja.encode.queries import query_encoder
from thuja.errors import ImageError
from thuja.taxonomy import Taxon


def png(colour) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (20, 30), colour).save(file, "PNG")
    return file.getvalue()


def test_pictures_and_texts_are_the_models_own(tiny_model) -> None:
    encode = query_encoder(Encoder.plain(tiny_model))
    pictures = [png("red"), png("blue")]
    expected = encode_images(tiny_model, [(str(row), data) for row, data in enumerate(pictures)]).embeddings.vectors
    assert encode.images(pictures) == pytest.approx(expected, abs=1e-6)
    assert encode.described("a raven") == pytest.approx(encode_texts(tiny_model, ["a photo of a raven."])[0], abs=1e-6)
    assert (encode.model, encode.dim) == (tiny_model.id, 8)


def test_a_taxon_is_put_as_the_models_labels_are(tiny_model) -> None:
    raven = Taxon(genus="Corvus", species="corax", common="raven")
    plain = query_encoder(Encoder.plain(tiny_model)).taxon(raven)
    tiny_model.facts = {"label_text": "com"}
    common = query_encoder(Encoder.plain(tiny_model)).taxon(raven)
    sentences = ["a photo of Corvus corax with common name raven.", "a photo of raven."]
    assert np.stack([plain, common]) == pytest.approx(encode_texts(tiny_model, sentences), abs=1e-6)


def test_bytes_that_are_no_picture_are_said_to_be_none(tiny_model) -> None:
    with pytest.raises(ImageError) as caught:
        query_encoder(Encoder.plain(tiny_model)).images([png("red"), b"GIF89a"])
    assert caught.value.message.startswith("picture 2 of 2: ")
    assert "a JPEG, PNG or other picture" in caught.value.hint
