"""What a picture says before anything is learnt: its own pixels, 32 by 32, as a vector."""

from collections.abc import Iterable

import numpy as np
from PIL import Image

from thuja.embeddings import Embeddings
from thuja.errors import ImageError
from thuja.images import decode

SIZE = 32


def raw_pixels(images: Iterable[tuple[str, bytes]]) -> Embeddings:
    """RGB at 32 x 32, squashed, as 3,072 numbers of length one; unreadable pictures are left out."""
    ids, rows = [], []
    for name, data in images:
        try:
            picture = decode(data, draft=SIZE)
        except ImageError:
            continue
        ids.append(name)
        pixels = np.asarray(picture.resize((SIZE, SIZE), Image.Resampling.BILINEAR), dtype=np.float32)
        rows.append(pixels.reshape(-1) / 255)
    vectors = np.stack(rows) if rows else np.zeros((0, SIZE * SIZE * 3), dtype=np.float32)
    return Embeddings(ids=ids, vectors=vectors, model=f"pixels-{SIZE}", is_normalized=False).normalized()
