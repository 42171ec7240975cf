"""Pictures for the tests of decoding, as bytes of any format, honest or not."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def saved(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def ramp(width=48, height=32):
    """Red grows to the right, green downwards, blue stays: no symmetry hides a wrong turn."""
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.dstack([across, down, np.full_like(across, 60)]).astype(np.uint8))


def png(width, height, *, depth=8, colour=2, rows=b""):
    """A PNG whose header may declare what its data does not hold."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
