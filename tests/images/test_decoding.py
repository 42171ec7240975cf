import io
import os
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile
from tests.images.drawn import png, ramp, saved

from thuja.errors import ImageError, UsageError
from thuja.images import REASONS, Limits, decode, encode_jpeg, read_bytes, read_image, to_rgb

FORMATS = ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "AVIF", "JPEG2000")


def reason_of(data, **options):
    with pytest.raises(ImageError) as caught:
        decode(data, **options)
    assert caught.value.reason in REASONS
    assert "0x" not in caught.value.message or "begins with" in caught.value.message
    return caught.value.reason


def test_a_phones_heif_says_what_to_do():
    """It was told to begin with twelve bytes, and a biologist knew no more than before."""
    with pytest.raises(ImageError, match="HEIF") as raised:
        decode(b"\0\0\0\x18ftypheic" + bytes(40))
    assert "convert it to JPEG" in raised.value.hint


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "JPEG2000"])
def test_lossless_formats_come_back_exactly(kind):
    assert np.array_equal(np.asarray(decode(saved(ramp(), kind))), np.asarray(ramp()))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_lossy_formats_come_back_nearly(kind):
    error = np.abs(np.asarray(decode(saved(ramp(), kind, quality=95))).astype(int) - np.asarray(ramp()))
    assert error.mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_exif_orientation_ends_upright(kind, orientation):
    """The stored picture is the ramp turned back, as a camera held that way writes it."""
    stored = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    image = ramp() if stored is None else ramp().transpose(stored)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    result = np.asarray(decode(saved(image, kind, exif=exif, **options))).astype(int)
    assert result.shape == (32, 48, 3)
    assert np.abs(result - np.asarray(ramp())).mean() < 3


def test_cmyk_jpeg_has_its_colours_not_their_negatives():
    """Photoshop, Pillow and every scanner store CMYK JPEGs inverted, with an Adobe marker."""
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # full magenta and yellow: red
    data = saved(cmyk, "JPEG", quality=95)
    assert b"Adobe" in data
    assert np.abs(np.asarray(decode(data)).astype(int) - (255, 0, 0)).max() <= 3
    assert np.asarray(decode(saved(cmyk, "TIFF")))[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(kind):
    values = np.array([[0, 255, 256, 25700, 65535]], dtype=np.uint16)
    grey = np.asarray(decode(saved(Image.fromarray(values), kind)))
    assert grey[0, :, 0].tolist() == [0, 1, 1, 100, 255]
    assert (grey[..., 0] == grey[..., 2]).all()


def test_12_bit_tiff_is_scaled_by_its_own_white():
    rows = bytes([0x00, 0x0F, 0xFF, 0x80, 0x00, 0x00])  # 0, 4095, 2048, 0
    data = _with_tiff_tags(saved(Image.new("L", (4, 1)), "TIFF"), {258: 12, 279: len(rows)}, rows)
    assert np.asarray(decode(data))[0, :, 0].tolist() == [0, 255, 128, 0]


def _with_tiff_tags(data, changes, strip):
    """The little-endian TIFF with short tags changed, and its strip at the end."""
    data = bytearray(data)
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from("<HH", data, entry)
        if tag == 273:
            struct.pack_into("<I" if kind == 4 else "<H", data, entry + 8, len(data))
        elif tag in changes:
            struct.pack_into("<I" if kind == 4 else "<H", data, entry + 8, changes[tag])
    return bytes(data) + strip


def test_16_bit_rgb_png_is_scaled_not_clipped():
    pixels = np.array([0, 300, 25700, 65535, 40000, 128], dtype=">u2")
    data = png(2, 1, depth=16, rows=b"\0" + pixels.tobytes())
    expected = pixels.astype(float).reshape(1, 2, 3) / 257
    assert np.abs(np.asarray(decode(data)) - expected).max() <= 1


def test_float_image_of_0_to_1_keeps_its_scale_and_others_are_stretched():
    unit = Image.fromarray(np.array([[0.0, 0.2, 0.4]], dtype=np.float32))
    assert np.asarray(decode(saved(unit, "TIFF")))[0, :, 0].tolist() == [0, 51, 102]
    wide = Image.fromarray(np.array([[-10.0, 0.0, 10.0, np.nan]], dtype=np.float32))
    assert np.asarray(decode(saved(wide, "TIFF")))[0, :, 0].tolist() == [0, 128, 255, 128]
    flat = Image.fromarray(np.full((2, 2), 7, dtype=np.int32))
    assert np.asarray(decode(saved(flat, "TIFF"))).max() == 0


def test_alpha_lies_on_white():
    image = Image.new("RGBA", (3, 1), (200, 0, 0, 0))
    image.putpixel((1, 0), (200, 0, 0, 255))
    image.putpixel((2, 0), (0, 0, 0, 51))
    for kind in ("PNG", "TIFF"):
        assert np.asarray(decode(saved(image, kind))).tolist() == [[[255] * 3, [200, 0, 0], [204] * 3]]
    grey = Image.new("LA", (1, 1), (0, 51))
    assert np.asarray(decode(saved(grey)))[0, 0].tolist() == [204] * 3


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_transparent_palette_entry_lies_on_white(kind):
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    assert np.asarray(decode(saved(image, kind))).tolist() == [[[10, 20, 30], [40, 50, 60]]]
    clear = saved(image, kind, transparency=1)
    assert np.asarray(decode(clear)).tolist() == [[[10, 20, 30], [255, 255, 255]]]


def test_palette_with_an_alpha_for_each_entry_lies_on_white_without_a_warning():
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 0, 0, 0])
    image.putpixel((1, 0), 1)
    assert np.asarray(decode(saved(image, transparency=bytes([255, 51]))))[0, :, 0].tolist() == [0, 204]


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF", "AVIF", "MPO"])
def test_first_of_many_frames_is_taken(kind):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
    assert np.abs(np.asarray(decode(data)).astype(int) - (255, 0, 0)).max() <= 4


def test_result_carries_no_metadata_and_no_file():
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    data = saved(ramp(), "JPEG", exif=exif, comment=b"mine", dpi=(72, 72))
    image = decode(data)
    assert type(image) is Image.Image
    assert (image.mode, image.info) == ("RGB", {})
    assert b"secret" in data
    assert b"secret" not in encode_jpeg(image)


def test_encode_jpeg_drops_metadata_of_a_picture_from_elsewhere():
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    opened = Image.open(io.BytesIO(saved(ramp(), "JPEG", exif=exif, comment=b"mine")))
    written = encode_jpeg(opened)
    assert b"secret" not in written
    assert b"mine" not in written
    assert np.abs(np.asarray(decode(written)).astype(int) - np.asarray(ramp())).mean() < 5


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16"])
def test_every_mode_becomes_rgb(mode):
    assert to_rgb(Image.new(mode, (5, 4))).mode == "RGB"


@pytest.mark.parametrize("draft", [8, 100, 150, 200, 400, 5000])
def test_draft_is_smaller_but_never_below_what_was_asked(draft):
    image = ramp(800, 600)
    data = saved(image, "JPEG", quality=95)
    width, height = decode(data, draft=draft).size
    assert min(width, height) >= min(draft, 600)
    assert (width, height) in [(800, 600), (400, 300), (200, 150), (100, 75)]
    assert min(width, height) < 2 * draft or (width, height) == (100, 75)


def test_draft_looks_like_the_whole_picture_made_smaller():
    data = saved(ramp(800, 600), "JPEG", quality=95)
    small = np.asarray(decode(data, draft=150)).astype(int)
    assert np.abs(small - np.asarray(ramp(800, 600).resize((200, 150), Image.Resampling.BOX))).mean() < 2


def test_draft_leaves_other_formats_as_they_are():
    assert decode(saved(ramp()), draft=8).size == ramp().size


def test_empty_file_has_its_reason():
    assert reason_of(b"") == "empty_image"


def test_file_over_the_limit_has_its_reason():
    data = saved(ramp())
    assert reason_of(data, limits=Limits(max_bytes=len(data) - 1)) == "too_large_file"
    assert decode(data, limits=Limits(max_bytes=len(data))).size == (48, 32)


def test_pixels_over_the_limit_have_their_reason():
    data = saved(ramp())
    assert reason_of(data, limits=Limits(max_pixels=48 * 32 - 1)) == "too_many_pixels"
    assert decode(data, limits=Limits(max_pixels=48 * 32)).size == (48, 32)


@pytest.mark.parametrize(("width", "height"), [(10_001, 10_000), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_decompression_bomb_is_refused_by_its_header(width, height):
    assert reason_of(png(width, height)) == "too_many_pixels"


def test_huge_tile_of_a_small_tiff_is_refused():
    """libtiff allocates and fills whole tiles, however small the picture that is cut from them."""
    data = bytearray(saved(Image.new("RGB", (16, 16)), "TIFF", compression="tiff_adobe_deflate"))
    assert decode(bytes(data)).size == (16, 16)
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    # A second directory behind the file: the first's entries, and the two that make it a tiled one.
    entries = data[start + 2 : start + 2 + 12 * count] + b"".join(
        struct.pack("<HHII", tag, 4, 1, 60_000) for tag in (322, 323)
    )
    struct.pack_into("<I", data, 4, len(data))
    data += struct.pack("<H", count + 2) + entries + bytes(4)
    assert reason_of(bytes(data)) == "too_many_pixels"


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_half_a_file_is_an_error_never_half_a_picture(kind, share):
    whole = saved(Image.effect_noise((64, 64), 60).convert("RGB"), kind)
    assert reason_of(whole[: int(len(whole) * share)]) in ("truncated", "undecodable")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_truncated_file_has_its_reason(kind):
    whole = saved(Image.effect_noise((64, 64), 60).convert("RGB"), kind)
    assert reason_of(whole[: len(whole) * 6 // 10]) == "truncated"


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE html><html>404</html>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"%PDF-1.7\n",
        b"\xd7\xcd\xc6\x9a" + bytes(40),
        b"SIMPLE  =                    T",
        b"8BPS" + bytes(40),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf",
        b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic",
        b"RIFF\0\0\0\0WAVE",
        b"\0\0",
    ],
    ids=["html", "eps", "pdf", "wmf", "fits", "psd", "svg", "heic", "heif", "wav", "zeros"],
)
def test_what_is_not_on_the_list_is_unsupported(data):
    assert reason_of(data) == "unsupported"


def test_avif_under_its_containers_brand_is_read():
    data = bytearray(saved(ramp(), "AVIF"))
    data[8:12] = b"mif1"
    assert decode(bytes(data)).size == (48, 32)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_zero_sized_picture_is_an_error(kind):
    if kind == "PNG":
        assert reason_of(png(0, 5)) == "undecodable"
    else:
        assert reason_of(saved(ramp(), kind)[:12]) in ("undecodable", "truncated")


def test_broken_exif_does_not_lose_the_picture():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = bytearray(saved(ramp(), "JPEG", exif=exif))
    start = data.index(b"Exif\0\0") + 6
    data[start + 8 : start + 20] = b"\xff" * 12
    assert decode(bytes(data)).size == (48, 32)


def test_missing_file_folder_and_pipe_are_unreadable(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path / "none.jpg", tmp_path, pipe, Path("nul\0l.jpg")):
        with pytest.raises(ImageError) as caught:
            read_image(path)
        assert caught.value.reason == "unreadable"


def test_large_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "sparse.jpg"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ImageError) as caught:
        read_bytes(path)
    assert caught.value.reason == "too_large_file"


def test_read_image_is_decode_of_the_files_bytes(tmp_path):
    path = tmp_path / "ramp.png"
    path.write_bytes(saved(ramp()))
    assert np.array_equal(np.asarray(read_image(path)), np.asarray(ramp()))


def test_limits_must_be_positive():
    with pytest.raises(UsageError, match="positive"):
        Limits(max_pixels=0)


def test_pillow_and_warnings_are_left_as_they_were():
    before = (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS, list(warnings.filters))
    decode(saved(ramp(), "TIFF"))
    reason_of(saved(ramp(), "JPEG")[:300])
    assert (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS, list(warnings.filters)) == before


def test_pillows_warnings_stay_silent_even_where_warnings_are_errors(monkeypatch):
    """A picture over Pillow's own limit of 89 million pixels, but under ours, made it warn."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(Image.DecompressionBombWarning):
        Image.open(io.BytesIO(saved(ramp())))
    assert decode(saved(ramp())).size == (48, 32)


def test_threads_decode_the_same_as_one_does():
    files = [saved(ramp(40 + i, 30), kind) for i, kind in enumerate(FORMATS * 12)]
    files[5::7] = [data[:60] for data in files[5::7]]
    before = list(warnings.filters)

    def outcome(data):
        try:
            return np.asarray(decode(data)).tobytes()
        except ImageError as error:
            return error.reason

    plain = [outcome(data) for data in files]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(outcome, files)) == plain
    assert list(warnings.filters) == before


@pytest.fixture(scope="module")
def seeds():
    image = Image.effect_noise((24, 20), 50).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "JPEG": saved(image, "JPEG", exif=exif),
        "PNG": saved(image.convert("RGBA"), "PNG", exif=exif),
        "GIF": saved(image, "GIF", save_all=True, append_images=[image.rotate(90)]),
        "TIFF": saved(image, "TIFF"),
        "WEBP": saved(image, "WEBP", exif=exif),
        "MPO": saved(image, "MPO", save_all=True, append_images=[image.rotate(90)]),
        "AVIF": saved(image, "AVIF"),
        "JPEG2000": saved(image, "JPEG2000"),
    }


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_bytes_raise_nothing_but_image_errors(seeds, data):
    original = seeds[data.draw(st.sampled_from(sorted(seeds)))]
    mutated = bytearray(original)
    for _ in range(data.draw(st.integers(0, 8))):
        place = data.draw(st.integers(0, len(mutated) - 1) | st.integers(0, 200).map(lambda n: n % len(original)))
        mutated[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.none() | st.integers(0, len(mutated)))
    try:
        image = decode(bytes(mutated[:cut]), limits=Limits(max_pixels=10**6))
    except ImageError as error:
        assert error.reason in REASONS  # noqa: PT017 (either end is right)
    else:
        assert image.mode == "RGB"
