"""Images travel small, upright and without metadata, or not at all."""

import io
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image

from thuja.captions.captioner import CaptionerError
from thuja.captions.server.data_url import data_url


def encoded(size: tuple[int, int], kind: str = "JPEG", **options: object) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC).save(buffer, kind, **options)
    return buffer.getvalue()


def sent(data: bytes, max_side: int = 448) -> bytes:
    head, _, body = data_url(data, max_side=max_side).partition(",")
    assert head == "data:image/jpeg;base64"
    return b64decode(body)


def test_a_small_plain_jpeg_travels_untouched() -> None:
    data = encoded((448, 300))
    assert sent(data) == data


@pytest.mark.parametrize(
    ("size", "scaled"),
    [((640, 480), (448, 336)), ((300, 900), (149, 448)), ((449, 10), (448, 10)), ((448, 448), (448, 448))],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_no_side_is_longer_than_wanted_and_the_shape_stays(
    size: tuple[int, int], scaled: tuple[int, int], kind: str
) -> None:
    with Image.open(io.BytesIO(sent(encoded(size, kind)))) as image:
        assert image.format == "JPEG"
        assert image.size == scaled


def test_scaling_at_a_reduced_decoding_shows_the_same_picture() -> None:
    """The fast path against the plain one: within two grey levels on average."""
    data = encoded((1200, 900), quality=95)
    with Image.open(io.BytesIO(data)) as whole:
        plain = np.asarray(whole.resize((448, 336), Image.Resampling.BICUBIC), dtype=float)
    with Image.open(io.BytesIO(sent(data))) as fast:
        assert np.abs(np.asarray(fast, dtype=float) - plain).mean() < 2


def test_a_turned_photo_travels_upright_and_without_its_place() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    with Image.open(io.BytesIO(sent(encoded((400, 200), exif=exif)))) as image:
        assert image.size == (200, 400)
        assert not image.getexif()


def test_a_plain_jpeg_that_hides_megabytes_is_encoded_anew() -> None:
    data = encoded((64, 48))
    padded = data[:-2] + bytes(2**20) + data[-2:]
    assert len(sent(padded)) < 10_000


@pytest.mark.parametrize("data", [b"", b"no image", encoded((64, 48))[:300], encoded((64, 48), "PNG")[:90]])
def test_an_image_that_is_none_is_the_pictures_own_fault(data: bytes) -> None:
    with pytest.raises(CaptionerError) as told:
        data_url(data, max_side=448)
    assert told.value.reason == "image"
