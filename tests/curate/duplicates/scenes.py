"""Images as different from one another as photos are, and ways to copy them."""

import io

import numpy as np
from PIL import Image, ImageFilter


def scene(number: int, size: tuple[int, int] = (480, 360)) -> Image.Image:
    """Soft blobs of colour, as different from one another as photos are."""
    noise = np.random.default_rng(number).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(2))


def as_jpeg(image: Image.Image, quality: int) -> Image.Image:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return Image.open(data).convert("RGB")


COPIES = {
    "half the side": lambda image: image.resize((240, 180), Image.Resampling.LANCZOS),
    "squashed to a square": lambda image: image.resize((224, 224), Image.Resampling.BICUBIC),
    "JPEG of quality 60": lambda image: as_jpeg(image, 60),
    "a little darker": lambda image: image.point(lambda value: value * 0.95),
}
