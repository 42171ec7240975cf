"""What a body is, and what is stored of it."""

import io
from hashlib import md5, sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from image_server import picture
from thuja.curate.download.content import Wanted, examine
from thuja.errors import ImageError
from thuja.images import DEFAULT_LIMITS, Limits, decode, upright_size
from thuja.images.plain import has_end

WANTED = Wanted(url="https://example.org/a.jpg")


def look(body: bytes, wanted: Wanted = WANTED, *, max_side: int = 720, limits: Limits = DEFAULT_LIMITS):
    return examine(body, wanted, max_side=max_side, limits=limits)


def reason(body: bytes, wanted: Wanted = WANTED, limits: Limits = DEFAULT_LIMITS) -> str:
    with pytest.raises(ImageError) as raised:
        look(body, wanted, limits=limits)
    return raised.value.reason


def encoded(kind: str, size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded("JPEG", (40, 30), exif=exif)


def test_a_plain_jpeg_is_stored_byte_for_byte_and_hashed_as_it_came() -> None:
    body = picture("ok", 1)
    got = look(body)
    assert got.stored == body
    assert (got.sha256, got.md5) == (sha256(body).hexdigest(), md5(body).hexdigest())
    assert (got.file_size, got.width, got.height) == (len(body), 256, 192)


def test_a_large_photo_is_stored_at_720_without_its_exif_and_known_by_its_own_hash_and_size() -> None:
    body = picture("photo", 1)
    got = look(body)
    assert b"Exif" in body
    assert b"Exif" not in got.stored
    assert decode(got.stored).size == (720, 540)
    assert (got.sha256, got.width, got.height) == (sha256(body).hexdigest(), 960, 720)


def test_a_photo_that_crops_are_cut_from_is_stored_as_it_came() -> None:
    body = picture("photo", 1)
    assert look(body, Wanted(url="u", is_original=True)).stored == body
    assert look(body, max_side=0).stored == body


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
def test_other_kinds_are_stored_as_jpeg(kind: str) -> None:
    got = look(encoded(kind))
    assert got.stored.startswith(b"\xff\xd8\xff")
    assert (got.width, got.height) == (40, 30)


def test_size_is_that_of_the_picture_set_upright() -> None:
    assert upright_size(turned()) == decode(turned()).size == (30, 40)
    assert (look(turned()).width, look(turned()).height) == (30, 40)


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"\xef\xbb\xbf<!doctype html>", b' {"error":1}', b"[]", b"Too many requests", b"\xc3\xbc"],
)
def test_a_text_is_not_an_image(body: bytes) -> None:
    assert reason(body) == "not_an_image"


@given(cut=st.integers(1, 4000))
def test_a_jpeg_that_is_cut_is_never_stored(cut: int) -> None:
    body = picture("ok", 2)
    assert reason(body[: -min(cut, len(body) - 4)]) in ("truncated", "undecodable", "not_an_image")


def test_a_jpeg_whose_end_is_zeros_is_truncated() -> None:
    body = picture("ok", 2)
    assert reason(body[: len(body) // 2] + bytes(len(body) // 2)) == "truncated"


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture() -> None:
    body = b"\xff\xd8\xff\xe1\x00\x06ab\xff\xd9" + picture("ok", 2)[2:]
    assert has_end(body)
    assert not has_end(body[:-2])


def test_hashes_of_the_source_are_compared_whatever_their_case() -> None:
    body = picture("ok", 3)
    digest, short = sha256(body).hexdigest(), md5(body).hexdigest()
    assert look(body, Wanted(url="u", stated=((digest.upper(), short.upper()),))).sha256 == digest
    assert reason(body, Wanted(url="u", stated=(("", "0" * 32),))) == "hash_mismatch"
    assert reason(body, Wanted(url="u", stated=((digest, "0" * 32),))) == "hash_mismatch"


def test_bombs_and_empty_bodies_have_their_reason() -> None:
    assert reason(b"") == "empty_image"
    assert reason(picture("photo", 1), limits=Limits(max_pixels=1000)) == "too_many_pixels"
    assert reason(b"\0\1\2\3 noise") == "unsupported"
