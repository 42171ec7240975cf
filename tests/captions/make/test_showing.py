"""A picture is decoded once: what the captioner is sent, and what the checks measure, are the same picture."""

import io

import numpy as np
import pytest
from PIL import Image

from thuja.captions.make.showing import LOOK, shown
from thuja.captions.server.data_url import data_url
from thuja.errors import ImageError


def photo(size: tuple[int, int], kind: str = "JPEG") -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("size", [(1024, 768), (720, 540), (100, 60)])
def test_what_is_handed_on_is_what_would_be_sent_of_the_whole(size: tuple[int, int], kind: str) -> None:
    data = photo(size, kind)
    look = shown(data, max_side=448)
    assert data_url(look.data, max_side=448) == data_url(data, max_side=448)


@pytest.mark.parametrize("max_side", [None, 448, 2000])
@pytest.mark.parametrize("size", [(3000, 1000), (1024, 768), (720, 540), (300, 200)])
def test_checks_see_the_whole_picture_in_its_colours(size: tuple[int, int], max_side: int | None) -> None:
    data = photo(size)
    pixels = shown(data, max_side=max_side).pixels
    assert max(pixels.shape[:2]) < 2 * LOOK
    with Image.open(io.BytesIO(data)) as whole:
        plain = np.asarray(whole.resize(pixels.shape[1::-1], Image.Resampling.BOX), dtype=float)
    assert np.abs(pixels - plain).mean() < 2


def test_a_captioner_without_a_longest_side_is_handed_the_bytes_as_they_are() -> None:
    data = photo((1024, 768), "PNG")
    assert shown(data, max_side=None).data is data


@pytest.mark.parametrize("data", [b"", b"nonsense", photo((64, 48))[:300]])
def test_a_broken_picture_is_told_before_anybody_is_asked(data: bytes) -> None:
    for max_side in (None, 448):
        with pytest.raises(ImageError):
            shown(data, max_side=max_side)
