"""Random crops of kept squares: drawn as torchvision draws them, sampled as Pillow would."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from thuja.images import Preparation
from thuja.train.pictures import crop, crop_boxes, kept_preparation
from thuja.train.shape import Augmentation

PAPERS = Augmentation(scale=(0.9, 1.0), ratio=(3 / 4, 4 / 3), ratio_of="pixels", interpolation="bicubic")
PREPARATION = Preparation(size=56)
WHOLE = torch.eye(2, 3)[None]


def smooth_picture(width: int, height: int, seed: int = 0) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 255, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def box_of(matrix: np.ndarray, frame: tuple[float, float]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom in pixels of the picture."""
    (width, _, across), (_, height, down) = matrix.astype(float)
    sides = (abs(width), height)
    starts = [
        (centre + 1 - side) / 2 * length for centre, side, length in zip((across, down), sides, frame, strict=True)
    ]
    ends = [start + side * length for start, side, length in zip(starts, sides, frame, strict=True)]
    return starts[0], starts[1], ends[0], ends[1]


def grey_levels(images: torch.Tensor) -> np.ndarray:
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (PREPARATION.mean, PREPARATION.std))
    return ((images * std + mean) * 255).permute(0, 2, 3, 1).numpy()


@given(
    frame=st.tuples(st.integers(20, 900), st.integers(20, 900)),
    low=st.floats(0.05, 1),
    seed=st.integers(0, 999),
    mirror=st.booleans(),
)
def test_crops_are_whole_pixels_within_the_asked_area_and_ratio(
    frame: tuple[int, int], low: float, seed: int, mirror: bool
) -> None:
    augmentation = replace(PAPERS, scale=(low, 1.0), mirror=mirror)
    frames = np.tile(np.array(frame, dtype=np.float32), (8, 1))
    for matrix in crop_boxes(frames, augmentation, np.random.default_rng(seed)):
        box = box_of(matrix, frame)
        left, top, right, bottom = np.rint(box)
        assert np.abs(np.array(box) - np.rint(box)).max() < 1e-3
        assert 0 <= left < right <= frame[0]
        assert 0 <= top < bottom <= frame[1]
        width, height = right - left, bottom - top
        slack = 0.5 * (1 / width + 1 / height) + 0.01  # sides are rounded to pixels
        assert 3 / 4 * (1 - slack) <= width / height <= 4 / 3 * (1 + slack)
        is_central = width == frame[0] or height == frame[1]
        assert is_central or low * (1 - slack) <= width * height / (frame[0] * frame[1])


@pytest.mark.slow
def test_crops_have_the_moments_of_torchvisions() -> None:
    """Mean and deviation of left, top, width and height, over shapes that need the fall-back and ones that do not."""
    transforms = pytest.importorskip("torchvision.transforms")
    torch.manual_seed(0)
    for frame in ((500, 375), (300, 420), (600, 200)):
        tensor = torch.zeros(3, frame[1], frame[0])
        drawn = [transforms.RandomResizedCrop.get_params(tensor, [0.5, 1.0], [3 / 4, 4 / 3]) for _ in range(2000)]
        theirs = np.array([(left, top, left + width, top + height) for top, left, height, width in drawn], dtype=float)
        augmentation = replace(PAPERS, scale=(0.5, 1.0))
        frames = np.tile(np.array(frame, dtype=np.float32), (2000, 1))
        ours = np.array([box_of(one, frame) for one in crop_boxes(frames, augmentation, np.random.default_rng(0))])
        assert np.abs(ours.mean(axis=0) - theirs.mean(axis=0)).max() < 5
        assert np.abs(ours.std(axis=0) - theirs.std(axis=0)).max() < 4


@given(
    seed=st.integers(0, 99),
    scale=st.sampled_from([(0.9, 1.0), (0.3, 0.7)]),
    ratio=st.sampled_from([(1.0, 1.0), (0.8, 1.3)]),
    mirror=st.booleans(),
)
def test_crops_in_the_pictures_own_frame_have_the_asked_area_and_stay_inside(
    seed: int, scale: tuple[float, float], ratio: tuple[float, float], mirror: bool
) -> None:
    augmentation = Augmentation(scale=scale, ratio=ratio, mirror=mirror)
    boxes = crop_boxes(np.ones((64, 2), dtype=np.float32), augmentation, np.random.default_rng(seed))
    width, height = np.abs(boxes[:, 0, 0]), boxes[:, 1, 1]
    assert (np.abs(boxes[:, 0, 2]) <= 1 - width + 1e-6).all()
    assert (np.abs(boxes[:, 1, 2]) <= 1 - height + 1e-6).all()
    free = (width < 1) & (height < 1)
    assert ((width * height)[free] > scale[0] - 1e-6).all()
    assert ((width * height)[free] < scale[1] + 1e-6).all()
    assert ((width / height)[free] > ratio[0] - 1e-6).all()
    assert ((width / height)[free] < ratio[1] + 1e-6).all()
    assert (boxes[:, 0, 0] < 0).any() == mirror


def test_the_small_recipes_crops_are_drawn_as_ever() -> None:
    """Their weights, and all figures of the log, hang on these bits."""
    augmentation = Augmentation(scale=(0.9, 1.0), mirror=True)
    boxes = crop_boxes(np.ones((4, 2), dtype=np.float32), augmentation, np.random.default_rng(3))
    generator = np.random.default_rng(3)
    side = np.sqrt(generator.uniform(0.9, 1.0, size=4))
    generator.uniform(size=4)  # an aspect, of a ratio that leaves no choice
    across, down = (generator.uniform(-1, 1, size=4) * (1 - side) for _ in range(2))
    flip = np.where(generator.random(4) < 0.5, -1, 1)
    assert boxes[:, 0, 0].tolist() == (side * flip).astype(np.float32).tolist()
    assert boxes[:, 0, 2].tolist() == across.astype(np.float32).tolist()
    assert boxes[:, 1, 2].tolist() == down.astype(np.float32).tolist()


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_a_crop_is_what_pillow_cuts_out_of_the_picture(interpolation: str) -> None:
    frame = (150, 90)
    pictures = [smooth_picture(*frame, seed=seed) for seed in range(6)]
    kept = kept_preparation(PREPARATION, PAPERS)
    pixels = torch.from_numpy(np.stack([kept.pixels(picture) for picture in pictures]))
    crops = crop_boxes(np.tile(np.float32(frame), (6, 1)), replace(PAPERS, scale=(0.5, 1.0)), np.random.default_rng(1))
    levels = grey_levels(crop(pixels, torch.from_numpy(crops), preparation=PREPARATION, interpolation=interpolation))
    for picture, matrix, level in zip(pictures, crops, levels, strict=True):
        box = tuple(np.rint(box_of(matrix, frame)).tolist())
        plain = picture.resize((56, 56), Image.Resampling.BICUBIC, box)
        assert np.abs(np.asarray(plain) - level).mean() < 2


def test_the_widest_crop_is_the_plain_preparation() -> None:
    picture = smooth_picture(150, 90)
    pixels = torch.from_numpy(kept_preparation(PREPARATION, PAPERS).pixels(picture)[None])
    levels = grey_levels(crop(pixels, WHOLE, preparation=PREPARATION))
    assert np.abs(levels[0] - PREPARATION.pixels(picture)).mean() < 1.5


def test_a_mirrored_crop_is_the_crop_turned_round() -> None:
    pixels = torch.from_numpy(kept_preparation(PREPARATION, PAPERS).pixels(smooth_picture(90, 90))[None])
    mirrored = WHOLE.clone()
    mirrored[:, 0, 0] *= -1
    plain = crop(pixels, WHOLE, preparation=PREPARATION)
    torch.testing.assert_close(crop(pixels, mirrored, preparation=PREPARATION), plain.flip(-1), rtol=0, atol=1e-4)


def test_a_batch_cut_in_chunks_is_the_batch_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    pixels = torch.from_numpy(generator.integers(0, 255, (5, 63, 63, 3), dtype=np.uint8))
    crops = torch.from_numpy(crop_boxes(np.full((5, 2), 80, dtype=np.float32), PAPERS, generator))
    whole = crop(pixels, crops, preparation=PREPARATION, interpolation="bicubic")
    monkeypatch.setattr("thuja.train.pictures._CHUNK", 2 * 3 * (63**2 + 56**2))
    torch.testing.assert_close(crop(pixels, crops, preparation=PREPARATION, interpolation="bicubic"), whole)


def test_a_ratio_in_pixels_keeps_the_whole_picture_and_one_of_its_own_what_the_model_sees() -> None:
    central = Preparation(size=56, mode="crop")
    assert kept_preparation(central, PAPERS) == Preparation(size=63, mode="squash")
    assert kept_preparation(central, Augmentation()) == Preparation(size=63, mode="crop")


@given(seed=st.integers(0, 99), cut=st.integers(0, 20), in_pixels=st.booleans(), mirror=st.booleans())
def test_a_part_of_a_batch_is_cropped_as_in_the_whole(seed: int, cut: int, in_pixels: bool, mirror: bool) -> None:
    augmentation = Augmentation(scale=(0.2, 1), ratio_of="pixels" if in_pixels else "frame", mirror=mirror)
    frames = np.random.default_rng(seed).integers(30, 500, (20, 2)).astype(np.float32)
    whole = crop_boxes(frames, augmentation, np.random.default_rng(seed))
    parts = [
        crop_boxes(part, augmentation, np.random.default_rng(seed), first=first, count=20)
        for first, part in ((0, frames[:cut]), (cut, frames[cut:]))
    ]
    assert np.concatenate(parts).tobytes() == whole.tobytes()
