"""What image bytes get into a shard."""

import io
import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thuja.curate.concurrent import ordered_map
from thuja.images import DEFAULT_LIMITS, shard_bytes

NOISE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def encode(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def packed(data: bytes, max_side: int = 720) -> bytes:
    return shard_bytes(data, max_side=max_side, limits=DEFAULT_LIMITS)


def test_a_plain_jpeg_stays_as_it_is() -> None:
    data = encode(Image.fromarray(NOISE), quality=80)
    assert packed(data) == data
    assert packed(encode(Image.fromarray(NOISE), progressive=True)) == encode(Image.fromarray(NOISE), progressive=True)


@pytest.mark.parametrize("extra", ["exif", "comment", "icc_profile", "xmp"])
def test_metadata_never_reaches_a_shard(extra: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "here and there"
    secret: object = exif if extra == "exif" else b"here and there"
    data = encode(Image.fromarray(NOISE), **{extra: secret})
    assert b"here and there" in data
    assert b"here and there" not in packed(data)


def test_a_turned_picture_is_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(io.BytesIO(packed(encode(Image.fromarray(NOISE), exif=exif)))) as image:
        assert image.size == (40, 60)
        assert 0x0112 not in image.getexif()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "GIF"])
def test_other_kinds_become_jpeg(kind: str) -> None:
    data = packed(encode(Image.fromarray(NOISE), kind))
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (60, 40))


def test_grey_and_cmyk_jpegs_become_rgb() -> None:
    for mode in ("L", "CMYK"):
        with Image.open(io.BytesIO(packed(encode(Image.fromarray(NOISE).convert(mode))))) as image:
            assert image.mode == "RGB"


def test_a_large_picture_shrinks_to_the_longest_side_allowed() -> None:
    data = packed(encode(Image.fromarray(NOISE)), max_side=30)
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (30, 20)
    sliver = packed(encode(Image.new("RGB", (3000, 2))), max_side=30)
    with Image.open(io.BytesIO(sliver)) as image:
        assert image.size == (30, 1)


def test_the_threads_keep_the_order_and_run_ahead_a_little_only() -> None:
    taken = itertools.count()
    results = ordered_map(lambda number: number * number, (next(taken) for _ in range(500)))
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    assert next(taken) < 60
    assert len(list(results)) == 496 + (next(taken) > 500)


def test_an_error_of_our_own_is_not_swallowed(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        list(ordered_map(lambda number: 1 // number, [1, 0]))


def test_metadata_that_pillow_does_not_list_never_reaches_a_shard() -> None:
    """Segments behind the first scan, and whatever follows the end, were copied with a JPEG called plain."""
    data = encode(Image.fromarray(NOISE), progressive=True)
    segment = b"\xff\xe1" + (len(b"here and there") + 2).to_bytes(2, "big") + b"here and there"
    for hidden in (data[:-2] + segment + data[-2:], data + segment, data + data[2:]):
        assert packed(hidden) not in (hidden, data)
        assert b"here and there" not in packed(hidden)
