import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from thuja.errors import UnknownName, UsageError
from thuja.images import CLIP_MEAN, CLIP_STD, INTERPOLATIONS, MODES, Preparation

SIDES = st.integers(1, 160)


def noise(width, height, seed=0):
    """The worst case for a resize: every pixel on its own."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def torch_bilinear(image, width, height):
    """What torchvision's `ToTensor` and `Resize((height, width), antialias=True)` call; (3, H, W) of 0 to 1."""
    tensor = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255
    return torch.nn.functional.interpolate(
        tensor, (height, width), mode="bilinear", antialias=True, align_corners=False
    )[0]


def opencv(image, width, height, *, shrinks):
    kernel = cv2.INTER_CUBIC if shrinks else cv2.INTER_LANCZOS4
    return cv2.resize(np.asarray(image), (width, height), interpolation=kernel)


def open_clip_crop(image, size, resize):
    """torchvision's `Resize(size)` of the shortest side and `CenterCrop(size)`, on (H, W, 3)."""
    width, height = image.size
    if width <= height:
        wide, high = size, int(size * height / width)
    else:
        wide, high = int(size * width / height), size
    pixels = resize(image, wide, high)
    top, left = round((high - size) / 2.0), round((wide - size) / 2.0)
    return pixels[top : top + size, left : left + size]


@settings(max_examples=60, deadline=None)
@given(width=SIDES, height=SIDES, size=st.integers(1, 96))
def test_bicubic_squash_is_pillows(width, height, size):
    image = noise(width, height)
    reference = np.asarray(image.resize((size, size), Image.Resampling.BICUBIC))
    assert np.array_equal(Preparation(size=size).pixels(image), reference)


@settings(max_examples=60, deadline=None)
@given(width=SIDES, height=SIDES, size=st.integers(1, 96))
def test_bilinear_squash_is_torchs_antialiased(width, height, size):
    image = noise(width, height)
    preparation = Preparation(size=size, interpolation="bilinear", mean=(0, 0, 0), std=(1, 1, 1))
    reference = torch_bilinear(image, size, size).numpy()
    assert np.abs(preparation(image) - reference).max() < 1e-4
    levels = np.moveaxis(reference, 0, -1) * 255
    assert np.abs(preparation.pixels(image) - levels).max() < 0.51


@settings(max_examples=100, deadline=None)
@given(width=SIDES, height=SIDES, size=st.integers(1, 96))
def test_opencv_squash_is_opencvs_within_one_level(width, height, size):
    image = noise(width, height)
    reference = opencv(image, size, size, shrinks=size < min(width, height)).astype(int)
    assert np.abs(Preparation(size=size, interpolation="opencv").pixels(image) - reference).max() <= 1


@settings(max_examples=100, deadline=None)
@given(width=SIDES, height=SIDES, size=st.integers(2, 96), interpolation=st.sampled_from(INTERPOLATIONS))
def test_crop_is_open_clips_within_one_level(width, height, size, interpolation):
    """From two pixels on: torch 2.13 repeats the first row when it resizes to one column."""
    image = noise(width, height)
    references = {
        "bicubic": lambda im, w, h: np.asarray(im.resize((w, h), Image.Resampling.BICUBIC)),
        "bilinear": lambda im, w, h: np.moveaxis(torch_bilinear(im, w, h).numpy(), 0, -1) * 255,
        "opencv": lambda im, w, h: opencv(im, w, h, shrinks=w < im.width and h < im.height),
    }
    reference = open_clip_crop(image, size, references[interpolation]).astype(float)
    pixels = Preparation(size=size, mode="crop", interpolation=interpolation).pixels(image)
    assert pixels.shape == (size, size, 3)
    assert np.abs(pixels - reference).max() <= 1


def test_crop_fraction_keeps_the_centre_as_efficientnet_does():
    image = noise(300, 260)
    reference = np.asarray(image.resize((int(256 * 300 / 260), 256), Image.Resampling.BICUBIC))
    pixels = Preparation(size=224, mode="crop", crop_fraction=0.875).pixels(image)
    left = round((reference.shape[1] - 224) / 2)
    assert np.array_equal(pixels, reference[16:240, left : left + 224])


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(1, 3_000_000), (3_000_000, 1)])
def test_ribbon_of_three_million_pixels_needs_no_memory(interpolation, mode, shape):
    image = Image.new("RGB", shape, (10, 200, 30))
    pixels = Preparation(size=64, mode=mode, interpolation=interpolation).pixels(image)
    assert (pixels == (10, 200, 30)).all()


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_ribbon_cut_first_is_nearly_the_ribbon_resized_whole(monkeypatch, interpolation):
    """Only nearly: between its two passes Pillow clips to 8 bits, and the cut changes their order."""
    image = noise(40, 900).resize((80, 1800), Image.Resampling.BICUBIC)
    preparation = Preparation(size=32, mode="crop", interpolation=interpolation)
    whole = preparation.pixels(image)
    monkeypatch.setattr("thuja.images.preparation._MAX_PIXELS", 1000)
    difference = np.abs(preparation.pixels(image).astype(int) - whole)
    assert (difference.mean() < 0.1, difference.max() <= 3) == (True, True)


def test_ribbon_averaged_first_is_nearly_the_ribbon_resized_at_once(monkeypatch):
    image = noise(40, 3000)
    preparation = Preparation(size=32, interpolation="bilinear")
    whole = preparation.pixels(image)
    monkeypatch.setattr("thuja.images.preparation._MAX_SIDE", 1000)
    assert np.abs(preparation.pixels(image).astype(int) - whole).max() <= 3


def test_normalize_is_clips():
    pixels = np.random.default_rng(1).integers(0, 256, (2, 5, 5, 3), dtype=np.uint8)
    tensor = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    mean, std = torch.tensor(CLIP_MEAN)[:, None, None], torch.tensor(CLIP_STD)[:, None, None]
    result = Preparation(size=5).normalize(pixels)
    assert result.dtype == np.float32
    assert result.flags.c_contiguous
    assert np.abs(result - ((tensor - mean) / std).numpy()).max() < 1e-6


@pytest.mark.parametrize("interpolation", ["bicubic", "opencv"])
def test_call_is_normalize_of_pixels(interpolation):
    preparation = Preparation(size=32, interpolation=interpolation, mean=(0.5,) * 3, std=(0.5,) * 3)
    image = noise(50, 70)
    assert np.array_equal(preparation(image), preparation.normalize(preparation.pixels(image)))


@pytest.mark.parametrize("mode", MODES)
def test_pixels_belong_to_the_caller(mode):
    """torch.from_numpy warns of read-only memory, which is what Pillow hands out."""
    image = noise(8, 8)
    pixels = Preparation(size=8, mode=mode).pixels(image)
    assert (pixels.flags.c_contiguous, pixels.flags.writeable) == (True, True)
    assert np.array_equal(pixels, np.asarray(image))


def test_other_modes_are_prepared_as_rgb():
    grey = Image.new("LA", (6, 6), (0, 0))
    assert (Preparation(size=4).pixels(grey) == 255).all()


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("mode", MODES)
def test_dict_and_back_is_the_same(mode, interpolation):
    preparation = Preparation(size=96, mode=mode, interpolation=interpolation, crop_fraction=0.9, mean=(0.5,) * 3)
    assert Preparation.from_dict(preparation.to_dict()) == preparation


def test_open_clips_own_config_is_read():
    """The published BioCLIP folder says only this much; the rest are open_clip's defaults."""
    config = {"mean": list(CLIP_MEAN), "std": list(CLIP_STD)}
    assert Preparation.from_dict(config) == Preparation(size=224, mode="crop", interpolation="bicubic")
    squash = Preparation.from_dict({"size": [336, 336], "resize_mode": "squash", "interpolation": "bilinear"})
    assert squash.name == "squash-336-bilinear"


def test_open_clip_understands_every_word_of_the_dict():
    known = {"size", "mode", "mean", "std", "interpolation", "resize_mode", "fill_color"}
    config = Preparation(interpolation="opencv").to_dict()
    assert {key for key in config if not key.startswith("thuja_")} <= known
    assert config["interpolation"] in ("bicubic", "bilinear", "random")
    assert config["resize_mode"] in ("shortest", "longest", "squash")


@pytest.mark.parametrize(
    "config",
    [
        {"resize_mode": "longest"},
        {"interpolation": "random"},
    ],
)
def test_unknown_words_are_named(config):
    with pytest.raises(UnknownName):
        Preparation.from_dict(config)


@pytest.mark.parametrize(
    "options", [{"size": 0}, {"crop_fraction": 0.0}, {"crop_fraction": 1.5}, {"std": (1, 0, 1)}, {"mean": (1, 1)}]
)
def test_impossible_preparations_are_refused(options):
    with pytest.raises(UsageError):
        Preparation(**options)


def test_sides_that_differ_are_refused():
    with pytest.raises(UsageError, match="square"):
        Preparation.from_dict({"size": [224, 336]})
