"""A heat map laid on an image: orange where it speaks for the answer, blue where for the rival, clear where neither.

Orange and blue are told apart by every kind of colour vision, and they differ in lightness too.
"""

import io
import unicodedata
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Floats = npt.NDArray[np.float32]
Box = tuple[float, float, float, float]

GAIN: Final = (230, 159, 0)
LOSS: Final = (0, 114, 178)
"""Okabe and Ito's orange and blue."""
_STRONGEST: Final = 0.8
"""How much of the image the strongest place hides."""
_PALE: Final = 0.6
"""How much of white is over what the model did not see."""
_LINE: Final = 20
_GAP: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """What the two colours speak for; empty where a colour is not there."""

    gain: str
    loss: str


def overlaid(image: Image.Image, heat: Floats, seen: Box) -> Image.Image:
    """The image in grey under its map (h, w), which lies on the part `seen` of it (in shares); the rest is pale.

    The map is stretched bilinearly: its places are as coarse as the model's patches. Colours are as strong as the
    place is to the strongest of this map.
    """
    left, top, right, bottom = _pixels(seen, image.size)
    peak = float(np.abs(heat).max()) or 1.0
    stretched = Image.fromarray((heat / peak).astype(np.float32)).resize(
        (right - left, bottom - top), Image.Resampling.BILINEAR
    )
    strength = np.clip(np.asarray(stretched), -1, 1)  # (height, width) of what was seen
    colours = np.where(strength[..., None] > 0, np.array(GAIN), np.array(LOSS)).astype(np.uint8)
    cover = Image.fromarray((np.abs(strength) * _STRONGEST * 255).astype(np.uint8))
    grey = image.convert("L").convert("RGB")  # the image's own yellow is no answer's
    whole = Image.blend(grey, Image.new("RGB", image.size, "white"), _PALE)
    shown = grey.crop((left, top, right, bottom))
    shown.paste(Image.fromarray(colours), mask=cover)
    whole.paste(shown, (left, top))
    return whole


def side_by_side(image: Image.Image, heat: Floats | None, seen: Box, *, legend: Legend) -> bytes:
    """PNG of the image, and of it under its map, with a legend below; alone where there is no map."""
    shown = [image] if heat is None else [image, overlaid(image, heat, seen)]
    lines = [(colour, text) for colour, text in ((GAIN, legend.gain), (LOSS, legend.loss)) if text]
    width = max(len(shown) * (image.width + _GAP) - _GAP, 160)
    sheet = Image.new("RGB", (width, image.height + _GAP + _LINE * len(lines)), "white")
    for place, one in enumerate(shown):
        sheet.paste(one, (place * (image.width + _GAP), 0))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(14)
    for place, (colour, text) in enumerate(lines):
        y = image.height + _GAP + place * _LINE
        if heat is not None:
            draw.rectangle((2, y + 3, 14, y + 15), fill=colour)
        draw.text((2 if heat is None else 22, y), _drawable(text), fill="black", font=font)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def _pixels(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A box in shares as whole pixels, at least one each way."""
    width, height = size
    left, top = min(round(box[0] * width), width - 1), min(round(box[1] * height), height - 1)
    return left, top, max(round(box[2] * width), left + 1), max(round(box[3] * height), top + 1)


def _drawable(text: str) -> str:
    """In the letters of Pillow's own font, which has no accents."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode() or "?"
