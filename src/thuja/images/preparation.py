"""From an RGB picture to a model's input: which pixels, resized how, in what units."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from thuja.errors import UnknownName, UsageError
from thuja.images.decoding import to_rgb

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Kernel = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]

CLIP_MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Final = (0.26862954, 0.26130258, 0.27577711)
MODES: Final = ("squash", "crop")
INTERPOLATIONS: Final = ("bicubic", "bilinear", "opencv")

_MAX_PIXELS: Final = 2**26
"""A picture whose shortest side fits has fewer pixels than this, unless it is a ribbon."""
_MAX_SIDE: Final = 2**17
"""Beyond it Pillow's tables of weights, a row for each target pixel, need more memory than the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """How a picture becomes a model's input of `size` x `size` pixels.

    mode:
      `squash` changes the aspect ratio; `crop` resizes the shortest side to
      `round(size / crop_fraction)` and keeps the centre, as open_clip does.
    interpolation:
      `bicubic`   Pillow's, antialiased, as open_clip does;
      `bilinear`  on floats, antialiased: torchvision's Resize on tensors, as pybioclip does for
                  the TreeOfLife models;
      `opencv`    INTER_CUBIC, or INTER_LANCZOS4 unless both sides shrink, neither antialiased: how
                  the shards of TreeOfLife-200M were made (Imageomics/TreeOfLife-toolbox).
    """

    size: int = 224
    mode: str = "squash"
    interpolation: str = "bicubic"
    mean: tuple[float, float, float] = CLIP_MEAN
    std: tuple[float, float, float] = CLIP_STD
    crop_fraction: float = 1.0

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise UnknownName.of("preparation mode", self.mode, MODES)
        if self.interpolation not in INTERPOLATIONS:
            raise UnknownName.of("interpolation", self.interpolation, INTERPOLATIONS)
        if self.size < 1 or not 0 < self.crop_fraction <= 1:
            raise UsageError(
                f"a preparation needs a positive size and a crop fraction in (0, 1], got {self.size}, "
                f"{self.crop_fraction}"
            )
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise UsageError(f"a preparation needs three means and three positive deviations, got {self}")

    @property
    def name(self) -> str:
        """A short name for tables and file headers.

        >>> Preparation(size=224, mode="crop", crop_fraction=0.875).name
        'crop-224-bicubic-0.875'
        """
        fraction = f"-{self.crop_fraction:g}" if self.mode == "crop" and self.crop_fraction != 1 else ""
        return f"{self.mode}-{self.size}-{self.interpolation}{fraction}"

    def pixels(self, image: Image.Image) -> Pixels:
        """The picture as uint8 (size, size, 3), rounded where the interpolation has fractions."""
        return _to_uint8(self.resized(image))

    def resized(self, image: Image.Image) -> npt.NDArray[Any]:
        """Grey levels (size, size, 3): uint8, or float32 of 0 to 255 for `bilinear`."""
        if image.mode != "RGB":
            image = to_rgb(image)
        width, height = image.size
        size = self.size
        if self.mode == "squash":
            return self._resample(image, (size, size), (0, 0, width, height))
        wide, high = self._shortened(width, height)
        left, top = round((wide - size) / 2), round((high - size) / 2)
        if wide * high > _MAX_PIXELS:  # cut first: resized whole, it may not fit in memory
            return self._resample(image, (size, size), self.seen_box(width, height))
        whole = self._resample(image, (wide, high), (0, 0, width, height))
        return whole[top : top + size, left : left + size]

    def seen_box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the part of such a picture, in its pixels, that becomes the model's input."""
        if self.mode == "squash":
            return 0, 0, width, height
        wide, high = self._shortened(width, height)
        left, top = round((wide - self.size) / 2), round((high - self.size) / 2)
        across, down = width / wide, height / high
        return left * across, top * down, (left + self.size) * across, (top + self.size) * down

    def _shortened(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after the resize that `crop` begins with."""
        short = round(self.size / self.crop_fraction)
        if width <= height:
            return short, int(short * height / width)
        return int(short * width / height), short

    def normalize(self, pixels: npt.NDArray[Any]) -> Floats:
        """Grey levels (..., size, size, 3) of 0 to 255 as float32 (..., 3, size, size), `(x / 255 - mean) / std`."""
        floats = np.moveaxis(np.asarray(pixels), -1, -3).astype(np.float32)  # (..., 3, S, S)
        floats /= np.float32(255)
        floats -= np.asarray(self.mean, dtype=np.float32)[:, None, None]
        floats /= np.asarray(self.std, dtype=np.float32)[:, None, None]
        return np.ascontiguousarray(floats)

    def __call__(self, image: Image.Image) -> Floats:
        """The model's input, float32 (3, size, size). `bilinear` keeps its fractions, as pybioclip does."""
        return self.normalize(self.resized(image))

    def to_dict(self) -> dict[str, Any]:
        """As open_clip's `preprocess_cfg`; what it has no word for stands under keys that it ignores."""
        return {
            "size": self.size,
            "mode": "RGB",
            "mean": list(self.mean),
            "std": list(self.std),
            "interpolation": "bilinear" if self.interpolation == "bilinear" else "bicubic",
            "resize_mode": "squash" if self.mode == "squash" else "shortest",
            "thuja_interpolation": self.interpolation,
            "thuja_crop_fraction": self.crop_fraction,
        }

    @classmethod
    def from_dict(cls, config: Mapping[str, Any]) -> "Preparation":
        """From `to_dict` or an open_clip `preprocess_cfg`, with open_clip's defaults for what is missing."""
        modes = {"squash": "squash", "shortest": "crop"}
        resize_mode = config.get("resize_mode") or "shortest"
        if resize_mode not in modes:
            raise UnknownName.of("resize_mode", str(resize_mode), modes)
        return cls(
            size=_side(config.get("size") or 224),
            mode=modes[resize_mode],
            interpolation=str(config.get("thuja_interpolation") or config.get("interpolation") or "bicubic"),
            mean=_three(config.get("mean") or CLIP_MEAN),
            std=_three(config.get("std") or CLIP_STD),
            crop_fraction=float(config.get("thuja_crop_fraction") or 1.0),
        )

    def _resample(
        self, image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float]
    ) -> npt.NDArray[Any]:
        """`box` of the picture at `size` (width, height)."""
        if self.interpolation == "opencv":
            return _resample_opencv(np.asarray(image), size, box)
        if self.interpolation == "bicubic":
            return np.asarray(_resample_pillow(image, size, box, kernel=Image.Resampling.BICUBIC))
        # Pillow's float mode: torch's antialiased bilinear without torch.
        bands = (band.convert("F") for band in image.split())
        resized = [_resample_pillow(band, size, box, kernel=Image.Resampling.BILINEAR) for band in bands]
        return np.stack([np.asarray(band) for band in resized], axis=-1)


def _resample_pillow(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float], *, kernel: Image.Resampling
) -> Image.Image:
    is_ribbon = max(box[2] - box[0], box[3] - box[1]) > _MAX_SIDE
    return image.resize(size, kernel, box, reducing_gap=4.0 if is_ribbon else None)


def _resample_opencv(pixels: Pixels, size: tuple[int, int], box: tuple[float, float, float, float]) -> Pixels:
    """OpenCV's resize: the few source pixels next to each target, whatever is stepped over."""
    wide, high = size
    across, down = (box[2] - box[0]) / wide, (box[3] - box[1]) / high
    kernel = _cubic if across > 1 and down > 1 else _lanczos4
    passes = ((0, _taps(box[1], down, high, kernel=kernel)), (1, _taps(box[0], across, wide, kernel=kernel)))
    floats: npt.NDArray[Any] = pixels
    # The longer side first: what stands between the passes is then the smaller.
    for axis, (places, weights) in sorted(passes, key=lambda one: -pixels.shape[one[0]]):
        places = places.clip(0, pixels.shape[axis] - 1)
        weights = weights[..., None, None] if axis == 0 else weights[:, :, None]  # (count, taps) and as many ones
        floats = functools.reduce(
            np.add, (np.take(floats, places[:, tap], axis) * weights[:, tap] for tap in range(places.shape[1]))
        )
    return _to_uint8(floats)


def _taps(start: float, step: float, count: int, *, kernel: Kernel) -> tuple[npt.NDArray[np.int64], Floats]:
    """Source places (count, taps) of each target pixel, and their weights."""
    centres = start + (np.arange(count) + 0.5) * step - 0.5
    floor = np.floor(centres)
    weights = kernel(centres - floor)
    taps = weights.shape[1]
    places = floor.astype(np.int64)[:, None] + np.arange(taps) - (taps // 2 - 1)
    return places, weights.astype(np.float32)


def _cubic(fraction: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Keys' cubic convolution with a = -0.75, four taps."""
    a = -0.75
    x = np.abs(fraction[:, None] - np.arange(-1, 3))
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    weights: npt.NDArray[np.float64] = np.where(x <= 1, near, far)
    return weights


def _lanczos4(fraction: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The sinc windowed over eight taps, made to add up to one."""
    x = fraction[:, None] - np.arange(-3, 5)
    weights: npt.NDArray[np.float64] = np.sinc(x) * np.sinc(x / 4)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def _to_uint8(values: npt.NDArray[Any]) -> Pixels:
    if values.dtype == np.uint8:
        return values.copy(order="C")  # Pillow's own memory is read-only
    levels: Pixels = np.rint(np.clip(values, 0, 255)).astype(np.uint8)
    return levels


def _side(size: int | Sequence[int]) -> int:
    sides = {size} if isinstance(size, int) else set(size)
    if len(sides) != 1:
        raise UsageError(f"a preparation is square, got size {size}")
    return int(sides.pop())


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    if len(values) != 3:
        raise UsageError(f"expected one number per colour, got {list(values)}")
    red, green, blue = (float(value) for value in values)
    return red, green, blue
