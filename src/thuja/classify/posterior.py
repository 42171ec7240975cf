"""Zero-shot: the posterior over labels whose texts were encoded."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from thuja.classify.halves import widen
from thuja.embeddings import Vectors
from thuja.errors import ThujaError
from thuja.labels import LabelSpace

Floats = npt.NDArray[np.float32]

_LABEL_TILE = 16_384
_TILE_BYTES = 512 * 2**20


def zero_shot(vectors: Vectors, labels: LabelSpace, *, scale: float) -> Floats:
    """The posterior softmax(scale * vectors @ labels.T): (N, D) and L labels to (N, L) float32.

    `scale` is the model's exp(logit scale); both sides have length one. Label vectors in float16
    are widened tile by tile: NumPy has no fast float16 product. Raises ThujaError when the lengths
    of the vectors differ or a vector, of image or label, is not a number.
    """
    wide = checked(vectors, labels.vectors)
    logits = np.empty((len(wide), len(labels)), dtype=np.float32)
    for start in range(0, len(labels), _LABEL_TILE):
        tile = widen(labels.vectors[start : start + _LABEL_TILE])
        np.matmul(wide, tile.T, out=logits[:, start : start + len(tile)])
    logits *= np.float32(scale)
    # Softmax with the row's maximum taken off first: exp never overflows, and the best label's term is 1.
    peaks = logits.max(axis=1, keepdims=True)
    if not np.isfinite(peaks).all():
        raise ThujaError("a label's vector is not a number", hint="build the labels again")
    logits -= peaks
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    return logits


def posteriors(vectors: Vectors, labels: LabelSpace, *, scale: float) -> Iterator[Floats]:
    """`zero_shot` in blocks of rows, in order, each of at most half a gigabyte."""
    rows = max(1, _TILE_BYTES // (4 * len(labels)))
    for start in range(0, len(vectors), rows):
        yield zero_shot(vectors[start : start + rows], labels, scale=scale)


def checked(vectors: Vectors, labels: Vectors) -> Floats:
    """The image vectors in float32; raises ThujaError where they fit no label, or one is not a number."""
    if vectors.ndim != 2 or vectors.shape[1] != labels.shape[1]:
        raise ThujaError(
            f"image vectors of shape {vectors.shape} do not fit label vectors of length {labels.shape[1]}",
            hint="make both with the same model",
        )
    wide = np.asarray(vectors, dtype=np.float32)
    if not np.isfinite(wide).all():
        bad = int((~np.isfinite(wide).all(axis=1)).sum())
        raise ThujaError(f"{bad} of {len(wide)} image vectors are not numbers")
    return wide
