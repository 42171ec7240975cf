"""Images that an encoder finds alike: cosine against the vectors of evaluation sets."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
from PIL import Image

from thuja.errors import BadFile

Vectors = npt.NDArray[np.float32]
Embed = Callable[[Sequence[Image.Image]], npt.NDArray[np.floating]]
"""RGB images to vectors (N, D). An importable function or an instance that can be pickled: other processes call it."""

_CHUNK = 4_096


def unit(vectors: npt.ArrayLike) -> Vectors:
    """(N, D) at length 1; vectors of length 0, or with what is no number in them, become 0 and are like nothing."""
    rows = np.asarray(vectors, np.float32)
    lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows, dtype=np.float64))[:, np.newaxis]
    is_good = np.isfinite(lengths) & (lengths > 0)
    scaled: Vectors = np.divide(rows, np.where(is_good, lengths, 1), dtype=np.float32)
    scaled[~is_good[:, 0]] = 0
    return scaled


def vectors_of(column: pl.Series, width: int) -> Vectors:
    """A column of lists as (N, D) at length 1, zeros where there is none; D is `width` where all are missing.

    Raises BadFile for lists of several lengths.
    """
    known = column.drop_nulls().cast(pl.List(pl.Float32))
    if not len(known):
        return np.zeros((len(column), width), np.float32)
    lengths = known.list.len().unique().sort().to_list()
    if len(lengths) > 1 or not lengths[0]:
        raise BadFile(f"the vectors have {' and '.join(map(str, lengths[:3]))} numbers", hint="make all by one model")
    rows = unit(known.explode().to_numpy().reshape(len(known), lengths[0]))
    if len(known) == len(column):
        return rows
    whole = np.zeros((len(column), lengths[0]), np.float32)
    whole[column.is_not_null().to_numpy()] = rows
    return whole


def alike(left: Vectors, right: Vectors, cosine: float) -> npt.NDArray[np.int64]:
    """Every (row of `left`, row of `right`) with at least this cosine, (P, 2). All N x M products are made."""
    if len(left) and len(right) and left.shape[1] != right.shape[1]:
        raise BadFile(
            f"the training images have vectors of {left.shape[1]} numbers, the evaluation sets of {right.shape[1]}",
            hint="both must come from one model",
        )
    found = [np.empty((0, 2), np.int64)]
    for begin in range(0, len(left), _CHUNK):
        for other in range(0, len(right), _CHUNK):
            products = left[begin : begin + _CHUNK] @ right[other : other + _CHUNK].T  # (B, C)
            near = np.argwhere(products >= np.float32(cosine - 1e-6))  # a copy's own cosine may round below 1
            found.append(near + np.array([begin, other]))
    return np.concatenate(found)
