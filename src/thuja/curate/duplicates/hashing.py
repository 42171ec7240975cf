"""What an image is known by: a hash of its pixels, and PDQ, which copies of it share within a few bits."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt
import pdqhash
from PIL import Image

Bits = npt.NDArray[np.uint8]

PREPARED_SIDE: Final = 64
"""The image is squashed to a square of this side first, the size that PDQ's own filters reduce every image to.

PDQ samples an image of another size at other points: at full size, copies of half the side lie 17 of 256 bits apart in
the mean; after this preparation 0.7 (docs/curate-duplicates.md). Such hashes are not those of a plain PDQ: a list of
published hashes has to be made anew from its images.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashes:
    """`pdq` is 64 hexadecimal digits, `pdq_quality` 0 to 100, `pixel_hash` 32 hexadecimal digits."""

    pdq: str
    pdq_quality: int
    pixel_hash: str


def hashes_of(image: Image.Image) -> Hashes:
    """The hashes of a decoded image: upright and RGB, as `thuja.images.decode` gives it."""
    bits, quality = pdqhash.compute(prepared(image))
    return Hashes(pdq=np.packbits(bits).tobytes().hex(), pdq_quality=int(quality), pixel_hash=pixel_hash(image))


def dihedral_hashes(image: Image.Image) -> tuple[Bits, int]:
    """PDQ of the image and of its seven other flips and quarter turns, (8, 32), as it stands first; and the quality.

    Each is turned as a whole, prepared and hashed by itself, as a training image that was turned is: neither the
    preparation nor PDQ's grid has its middle in the middle. Within 10 bits, `pdqhash.compute_dihedral` finds 15 to 40 %
    of photos that were mirrored or turned, this 99 to 100 %.
    """
    bits, quality = pdqhash.compute(prepared(image))
    turned = [pdqhash.compute(prepared(image.transpose(turn)))[0] for turn in Image.Transpose]
    return np.packbits(np.stack([bits, *turned]), axis=1), int(quality)


def pixel_hash(image: Image.Image) -> str:
    """BLAKE2b, 128 bits, of the size and the RGB pixels: what two files share that decode to the same image."""
    digest = blake2b(f"{image.width} {image.height}\n".encode(), digest_size=16)
    digest.update(np.asarray(image).tobytes())
    return digest.hexdigest()


def hash_bytes(hashes: Iterable[str]) -> Bits:
    """Hexadecimal PDQ hashes as (N, 32)."""
    return np.frombuffer(bytes.fromhex("".join(hashes)), np.uint8).reshape(-1, 32)


def prepared(image: Image.Image) -> Bits:
    """The same small pixels for every copy, whatever its size and shape: (64, 64, 3)."""
    side = (PREPARED_SIDE, PREPARED_SIDE)
    return np.asarray(image.resize(side, Image.Resampling.BILINEAR, reducing_gap=3.0))
