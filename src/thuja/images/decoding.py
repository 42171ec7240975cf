"""From bytes to an RGB picture, whatever the bytes are, and from a picture to a model's input.

Bytes come from the web and from strangers: `decode` ends in an RGB image or in an ImageError with
its reason, within known memory. A `Preparation` says exactly how the picture becomes pixels.
"""

import io
import stat
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, cast

import numpy as np
import numpy.typing as npt

# Pillow registers a format when its plugin is imported, and does so lazily and without a lock.
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from thuja.errors import ImageError, UsageError

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

REASONS = (
    "empty_image",
    "too_large_file",
    "too_many_pixels",
    "unsupported",
    "undecodable",
    "truncated",
    "unreadable",
)
"""Every `ImageError.reason` that this file gives."""

_PLUGINS: Final = (
    AvifImagePlugin, BmpImagePlugin, GifImagePlugin, Jpeg2KImagePlugin, JpegImagePlugin, MpoImagePlugin,
    PngImagePlugin, TiffImagePlugin, WebPImagePlugin,
)  # fmt: skip

_SIGNATURES: Final[tuple[tuple[str, int, bytes], ...]] = (
    ("JPEG", 0, b"\xff\xd8\xff"),  # MPO too: a JPEG with more JPEGs behind it
    ("PNG", 0, b"\x89PNG\r\n\x1a\n"),
    ("GIF", 0, b"GIF87a"),
    ("GIF", 0, b"GIF89a"),
    ("WEBP", 8, b"WEBP"),
    ("TIFF", 0, b"II*\0"),
    ("TIFF", 0, b"MM\0*"),
    ("TIFF", 0, b"II+\0"),
    ("TIFF", 0, b"MM\0+"),
    ("AVIF", 4, b"ftypavif"),
    ("AVIF", 4, b"ftypavis"),
    ("JPEG2000", 0, b"\xff\x4f\xff\x51"),
    ("JPEG2000", 0, b"\0\0\0\x0cjP  \r\n\x87\n"),
    ("BMP", 0, b"BM"),
)
"""What is read at all: (format, offset, bytes). Nothing that starts a program (EPS, WMF) is here."""

PILLOW_RAISES: Final = (
    OSError,  # and UnidentifiedImageError: most of what is broken
    SyntaxError,  # broken PNG chunks, headers
    ValueError,  # texts too large, unknown values; UnicodeDecodeError
    EOFError,  # GIF
    LookupError,  # IndexError and KeyError from tables of a broken header
    ArithmeticError,  # OverflowError, and ZeroDivisionError from EXIF's ratios
    TypeError,  # tags of another type than expected
    AttributeError,  # a MPO or TIFF without the parts it promises
    AssertionError,  # the same, where Pillow asserts
    RuntimeError,  # codecs: AVIF, JPEG 2000
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""What Pillow raises on hostile bytes, found by reading it and by fuzzing it."""


_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""The brands of HEIF's container, of which no decoder is at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one file may ask for: bytes as they come, and pixels as its header declares them.

    The defaults keep the peak of any one picture under 2 GB.
    """

    max_bytes: int = 512 * 2**20
    max_pixels: int = 100_000_000

    def __post_init__(self) -> None:
        if self.max_bytes < 1 or self.max_pixels < 1:
            raise UsageError(f"image limits must be positive, got {self.max_bytes} bytes, {self.max_pixels} pixels")


DEFAULT_LIMITS = Limits()

_PIXEL_WEIGHTS: Final[Mapping[str, int]] = {"JPEG2000": 2, "WEBP": 2, "AVIF": 2}
"""Formats whose decoder needs this many times the memory a pixel that JPEG or PNG need."""


class _Quiet:
    """Keeps Pillow's warnings (odd EXIF, large images) off stderr while any thread decodes.

    `warnings.catch_warnings` swaps the process's whole list of filters and is not safe among
    threads; one filter, put in by the first thread and taken out by the last, is.
    """

    _MODULES = r"(?#thuja)PIL\."  # the comment tells our filter from an equal one of the user's

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                warnings.filterwarnings("ignore", module=self._MODULES)
                self._filter = warnings.filters[0]
            self._inside += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._filter in warnings.filters:
                cast("list[object]", warnings.filters).remove(self._filter)


QUIET: Final = _Quiet()


def decode(data: bytes, *, limits: Limits = DEFAULT_LIMITS, draft: int | None = None) -> Image.Image:
    """The picture in `data`: RGB, upright by its EXIF, alpha on white, the first of several frames.

    16-bit grey is scaled by its full range; colour profiles are ignored, as every peer does. With
    `draft`, a JPEG is decoded at the smallest eighth, quarter or half whose sides are both at least
    that long, which is two to three times faster and changes pixels a little. Metadata is left
    behind. Raises ImageError with one of REASONS, and nothing else.
    """
    if not data:
        raise ImageError("the file is empty", reason="empty_image")
    if len(data) > limits.max_bytes:
        raise _too_large(len(data), limits)
    kind = _sniff(data)
    with QUIET:
        try:
            with Image.open(io.BytesIO(data), formats=(kind,)) as opened:
                _check_pixels(opened, kind, limits)
                if draft is not None:
                    opened.draft("RGB", (draft, draft))
                opened.load()
                return _upright(to_rgb(opened), _orientation(opened))
        except PILLOW_RAISES as error:
            raise _as_image_error(error, kind) from error


def as_decoded(image: Image.Image, *, limits: Limits = DEFAULT_LIMITS) -> Image.Image:
    """What `decode` would make of the file of a picture that somebody has opened; raises ImageError."""
    kind = image.format or "image in memory"
    with QUIET:
        try:
            _check_pixels(image, kind, limits)
            image.load()
            return _upright(to_rgb(image), _orientation(image))
        except PILLOW_RAISES as error:
            raise _as_image_error(error, kind) from error


def upright_size(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> tuple[int, int]:
    """Width and height of the picture that `decode` would make of `data`, from its header alone; raises ImageError."""
    if not data:
        raise ImageError("the file is empty", reason="empty_image")
    kind = _sniff(data)
    with QUIET:
        try:
            with Image.open(io.BytesIO(data), formats=(kind,)) as opened:
                _check_pixels(opened, kind, limits)
                width, height = opened.size
                return (height, width) if _orientation(opened) in _TURNED else (width, height)
        except PILLOW_RAISES as error:
            raise _as_image_error(error, kind) from error


def read_bytes(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The bytes of an image file; raises ImageError when it is missing, too large or no file."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(f"{path} is not a file", reason="unreadable")
        if status.st_size > limits.max_bytes:
            raise _too_large(status.st_size, limits)
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ImageError(f"cannot read {path}: {why}", reason="unreadable") from error


def read_image(path: Path, *, limits: Limits = DEFAULT_LIMITS, draft: int | None = None) -> Image.Image:
    """`decode` for a file."""
    return decode(read_bytes(path, limits=limits), limits=limits, draft=draft)


def to_rgb(image: Image.Image) -> Image.Image:
    """A picture of any mode as a plain RGB one without metadata; alpha on white."""
    if image.mode in ("F", "I") or image.mode.startswith("I;16"):
        image = _deep_to_grey(image)
    if image.has_transparency_data:
        layer = image if image.mode == "RGBA" else image.convert("RGBA")
        rgb = Image.new("RGB", image.size, "white")
        rgb.paste(layer, mask=layer.getchannel("A"))
    else:
        rgb = image.convert("RGB")
    rgb.info = {}
    return rgb


def encode_jpeg(image: Image.Image, quality: int = 90) -> bytes:
    """The picture as JPEG bytes without any metadata."""
    buffer = io.BytesIO()
    to_rgb(image).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _sniff(data: bytes) -> str:
    for kind, offset, signature in _SIGNATURES:
        if data.startswith(signature, offset):
            return kind
    # AVIF may hide behind the general brand of its container, as HEIF does.
    if data[4:8] == b"ftyp" and data[8:12] in (b"mif1", b"msf1"):
        brands = data[16 : min(struct.unpack(">I", data[:4])[0], 256)]
        if b"avif" in brands or b"avis" in brands:
            return "AVIF"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF:
        raise ImageError(
            "a HEIF image, as phones write it, is not read",
            reason="unsupported",
            hint="convert it to JPEG, or have the phone write the most compatible format",
        )
    raise ImageError(
        f"not an image of a kind that is read: begins with {data[:12]!r}",
        reason="unsupported",
        hint="JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or JPEG 2000",
    )


def _check_pixels(image: Image.Image, kind: str, limits: Limits) -> None:
    width, height = image.size
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        # A small picture may be cut into huge tiles, and a tile is decoded whole.
        tags = image.tag_v2
        width, height = max(width, _largest(tags.get(322))), max(height, _largest(tags.get(323)))
    width = max(width, 16)  # a line has its price, however short
    weight = _PIXEL_WEIGHTS.get(kind, 1)
    if width * height * weight > limits.max_pixels:
        most = limits.max_pixels // weight
        raise ImageError(
            f"{width} x {height} pixels of {kind} are over the limit of {most:,}",
            reason="too_many_pixels",
            hint="make it smaller first",
        )


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _largest(values: object) -> int:
    """Of a tag that holds one number, or several where it should not."""
    return max((_whole(value) for value in values), default=0) if isinstance(values, tuple) else _whole(values)


def _too_large(size: int, limits: Limits) -> ImageError:
    return ImageError(f"a file of {size:,} bytes is over the limit of {limits.max_bytes:,}", reason="too_large_file")


def _as_image_error(error: BaseException, kind: str) -> ImageError:
    message = str(error)
    if isinstance(error, MemoryError | Image.DecompressionBombError):
        return ImageError(f"the {kind} image declares more pixels than fit", reason="too_many_pixels")
    if isinstance(error, UnidentifiedImageError):
        return ImageError(f"the {kind} image has a broken header")  # Pillow's text holds an address
    is_cut = isinstance(error, EOFError) or "truncated" in message.lower() or "end of file" in message.lower()
    reason = "truncated" if is_cut else "undecodable"
    return ImageError(f"cannot decode the {kind} image: {message or type(error).__name__}", reason=reason)


def _deep_to_grey(image: Image.Image) -> Image.Image:
    """16 or 32 bits a pixel as 8: Pillow's own conversion clips at 255.

    16-bit values have a known white; 32-bit and float ones have none unless they stay within 0 and
    1, so they are stretched from their least to their greatest.
    """
    if image.mode.startswith("I;16"):
        bits = 16
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            bits = int(image.tag_v2.get(258, (16,))[0])  # a 12-bit TIFF is an I;16 image up to 4095
        low, high = 0.0, 2.0**bits - 1
    else:
        extrema = [(float(strip.min()), float(strip.max())) for strip in _strips(image)]
        low, high = min(least for least, _ in extrema), max(greatest for _, greatest in extrema)
        if image.mode == "F" and low >= 0 and high <= 1:
            low, high = 0.0, 1.0
    scale = 255 / ((high - low) or 1.0)
    grey = np.empty((image.height, image.width), dtype=np.uint8)
    row = 0
    for strip in _strips(image):
        grey[row : row + len(strip)] = np.rint(np.minimum((strip - low) * scale, 255))
        row += len(strip)
    return Image.fromarray(grey)


def _strips(image: Image.Image) -> Iterator[npt.NDArray[np.float64]]:
    """The picture's values some rows at a time, because all of them as floats are many times its size."""
    rows = max(1, 2**20 // image.width)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        yield np.nan_to_num(np.asarray(strip).astype(np.float64), posinf=0.0, neginf=0.0)


_TRANSPOSES: Final[Mapping[int, Image.Transpose]] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION_TAG: Final = 0x0112
_TURNED: Final = (5, 6, 7, 8)
"""The orientations whose width is the file's height."""


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation; 1 where the EXIF is broken, because the picture is not."""
    try:
        return _whole(image.getexif().get(_ORIENTATION_TAG))
    except PILLOW_RAISES:
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    transpose = _TRANSPOSES.get(orientation)
    return image if transpose is None else image.transpose(transpose)
