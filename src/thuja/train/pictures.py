"""Random crops of a batch of kept square pictures, drawn by number and sampled at once where the pixels lie.

Workers keep each picture whole, squeezed to a square a little larger than the model's input. The
crop undoes the squeeze, because it is drawn in the shape that the picture had.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from thuja.images import Preparation
from thuja.train.shape import Augmentation

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

MARGIN: Final = 1.125
"""Pictures are kept this much larger than the model sees them, for the random crop to move in."""

_TRIES: Final = 10
_CHUNK: Final = 2**26
"""Floats sampled at a time, so that a batch of thousands needs little memory beside its result."""


def kept_preparation(preparation: Preparation, augmentation: Augmentation) -> Preparation:
    """How a picture becomes the square that is kept of it: whole where the crop is drawn in the picture's pixels."""
    mode = "squash" if augmentation.ratio_of == "pixels" else preparation.mode
    return Preparation(size=round(preparation.size * MARGIN), mode=mode, interpolation=preparation.interpolation)


def crop_boxes(
    frames: Floats,
    augmentation: Augmentation,
    generator: np.random.Generator,
    *,
    first: int = 0,
    count: int | None = None,
) -> Floats:
    """A random crop of each picture as `affine_grid` takes it: (n, 2, 3), in the kept square from -1 to 1.

    `frames` (n, 2) are the width and height that the pictures had. The numbers are drawn for a whole
    batch of `count` pictures, of which these are those from `first` on, so that a batch is cropped
    alike however it is cut into parts. A mirrored crop has a negative width.
    """
    part = slice(first, first + len(frames))
    draw = _draw_in_pixels if augmentation.ratio_of == "pixels" else _draw_in_frame
    count = len(frames) if count is None else count
    numbers = draw(count, augmentation, generator)
    flip = np.where(generator.random(count) < 0.5, -1.0, 1.0) if augmentation.mirror else np.ones(count)
    cut = [one[part] for one in numbers]
    if augmentation.ratio_of == "pixels":
        across, down, width, height = _boxes_in_pixels(cut, frames.astype(np.float64), augmentation)
    else:
        across, down, width, height = cut
    boxes = np.zeros((len(frames), 2, 3), dtype=np.float32)
    boxes[:, 0, 0], boxes[:, 0, 2] = width * flip[part], across
    boxes[:, 1, 1], boxes[:, 1, 2] = height, down
    return boxes


def crop(
    pixels: Tensor,
    boxes: Tensor,
    *,
    preparation: Preparation,
    interpolation: str = "bilinear",
) -> Tensor:
    """The model's input (n, 3, S, S) from kept pixels (n, M, M, 3) uint8 and `crop_boxes` (n, 2, 3), normalised.

    Everything is done on the device of the pixels, some pictures at a time, in float32.
    `bicubic` overshoots at edges, which is cut to 0 and 255 as Pillow does.
    """
    count, size, device = len(pixels), preparation.size, pixels.device
    mean = torch.tensor(preparation.mean, device=device).view(1, 3, 1, 1) * 255
    std = torch.tensor(preparation.std, device=device).view(1, 3, 1, 1) * 255
    boxes = boxes.to(device, non_blocking=True)
    images = torch.empty((count, 3, size, size), device=device)
    step = max(1, _CHUNK // (3 * (size**2 + pixels.shape[1] ** 2)))
    for first in range(0, count, step):
        part = pixels[first : first + step].permute(0, 3, 1, 2).float()  # (b, 3, M, M)
        grid = F.affine_grid(boxes[first : first + step], [len(part), 3, size, size], align_corners=False)
        sampled = F.grid_sample(part, grid, mode=interpolation, padding_mode="reflection", align_corners=False)
        if interpolation == "bicubic":
            sampled.clamp_(0, 255)
        images[first : first + step] = (sampled - mean) / std
    return images


def _draw_in_frame(count: int, augmentation: Augmentation, generator: np.random.Generator) -> list[Doubles]:
    """Centre across and down, width and height of crops whose aspect is a share of the square's: (count,) each."""
    area = generator.uniform(*augmentation.scale, size=count)
    narrow, wide = np.log(augmentation.ratio)
    aspect = np.exp(generator.uniform(narrow, wide, size=count))
    width, height = (np.minimum(np.sqrt(area * factor), 1) for factor in (aspect, 1 / aspect))
    across, down = (generator.uniform(-1, 1, size=count) * (1 - side) for side in (width, height))
    return [across, down, width, height]


def _draw_in_pixels(count: int, augmentation: Augmentation, generator: np.random.Generator) -> list[Doubles]:
    """Areas (count, tries) as shares, aspects (count, tries) and places (count, 2) of RandomResizedCrop.

    All tries are drawn at once, so that each picture uses up the same numbers whatever its shape.
    """
    area = generator.uniform(*augmentation.scale, size=(count, _TRIES))
    narrow, wide = np.log(augmentation.ratio)
    aspect = np.exp(generator.uniform(narrow, wide, size=(count, _TRIES)))
    return [area, aspect, generator.random((count, 2))]


def _boxes_in_pixels(numbers: list[Doubles], frames: Doubles, augmentation: Augmentation) -> tuple[Doubles, ...]:
    """The boxes of torchvision's RandomResizedCrop: whole pixels of the picture, ten tries, else the centre."""
    area, aspect, place = numbers
    whole = frames.T  # (2, n): widths and heights
    lengths = whole[:, :, None]
    pixels = area * lengths[0] * lengths[1]
    sides = np.rint(np.sqrt(np.stack([pixels * aspect, pixels / aspect])))  # (2, n, tries)
    fits = ((sides > 0) & (sides <= lengths)).all(axis=0)  # (n, tries)
    chosen = np.take_along_axis(sides, fits.argmax(axis=1)[None, :, None], axis=2)[..., 0]  # (2, n)
    is_found = fits.any(axis=1)
    central = _central(whole, augmentation)
    box = np.where(is_found, chosen, central)
    start = np.floor(np.where(is_found, place.T * (whole - chosen + 1), (whole - central) / 2))
    width, height = box / whole
    across, down = (2 * start + box) / whole - 1
    return across, down, width, height


def _central(whole: Doubles, augmentation: Augmentation) -> Doubles:
    """Width and height (2, n) of the largest crop whose aspect is within the ratio."""
    width, height = whole
    least, most = augmentation.ratio
    return np.stack(
        [
            np.where(width / height > most, np.rint(height * most), width),
            np.where(width / height < least, np.rint(width / least), height),
        ]
    )
