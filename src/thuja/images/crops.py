"""A part of an image, as a catalog's `crop` tells it: `left,top,width,height` in pixels."""

from hashlib import sha256

from PIL import Image

from thuja.errors import ImageError


def cropped(image: Image.Image, crop: str | None) -> Image.Image:
    """The part of an image that its `crop` tells, clipped at the border; raises ImageError where nothing is left."""
    if not crop:
        return image
    try:
        left, top, width, height = (round(float(part)) for part in crop.split(","))
    except (ValueError, OverflowError) as error:
        raise ImageError(f"not a box: {crop!r:.80}", reason="broken_crop") from error
    box = (max(left, 0), max(top, 0), min(left + width, image.width), min(top + height, image.height))
    if box[0] >= box[2] or box[1] >= box[3]:
        raise ImageError(f"the box {crop} lies outside the image", reason="empty_crop")
    return image.crop(box)


def crop_hash(digest: str, crop: str) -> str:
    """The hash of a crop: that of its file's SHA-256, in hexadecimal, and of its box."""
    return sha256(f"{digest}\ncrop:{crop}".encode()).hexdigest()
