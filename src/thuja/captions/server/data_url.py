"""An image as a request carries it: upright, no larger than need be, without metadata, written into an URL."""

import math
from base64 import b64encode

from thuja.captions.captioner import CaptionerError
from thuja.errors import ImageError
from thuja.images import DEFAULT_LIMITS, Limits, decode, encode_jpeg, is_plain_jpeg, upright_size
from thuja.images.plain import shrunk


def data_url(data: bytes, *, max_side: int, limits: Limits = DEFAULT_LIMITS) -> str:
    """A JPEG of no longer side than `max_side`; the bytes as they are where they are one. Raises CaptionerError."""
    try:
        is_small = len(data) <= 3 * max_side**2  # than its pixels are, whatever hides in its scan
        jpeg = data if is_small and is_plain_jpeg(data, max_side) else _encoded(data, max_side, limits)
    except ImageError as error:
        raise CaptionerError(f"the image cannot be used: {error.message}", reason="image", hint=error.hint) from error
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode('ascii')}"


def _encoded(data: bytes, max_side: int, limits: Limits) -> bytes:
    width, height = upright_size(data, limits=limits)
    # `draft` is about the shorter side: a photo of 1024 x 768 for 448 x 336 is decoded at 512 x 384.
    draft = math.ceil(min(width, height) * min(1.0, max_side / max(width, height)))
    return encode_jpeg(shrunk(decode(data, limits=limits, draft=max(draft, 1)), max_side))
