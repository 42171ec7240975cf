"""An image as a request carries it: upright, no larger than need be, without metadata, written into an URL."""

from base64 import b64encode

from thuja.captions.captioner import CaptionerError
from thuja.captions.scaling import may_travel, scaled
from thuja.errors import ImageError
from thuja.images import DEFAULT_LIMITS, Limits, encode_jpeg


def data_url(data: bytes, *, max_side: int, limits: Limits = DEFAULT_LIMITS) -> str:
    """A JPEG of no longer side than `max_side`; the bytes as they are where they are one. Raises CaptionerError."""
    try:
        jpeg = data if may_travel(data, max_side) else encode_jpeg(scaled(data, max_side, limits=limits))
    except ImageError as error:
        raise CaptionerError(f"the image cannot be used: {error.message}", reason="image", hint=error.hint) from error
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode('ascii')}"
