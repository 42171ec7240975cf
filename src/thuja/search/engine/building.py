"""Make the codes of a segment: inverted lists of product codes of 4 bits, learnt from a sample, filled run by run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EDQUOT, EFBIG, ENOSPC
from math import ceil, log2
from os import strerror
from pathlib import Path
from typing import Final

import faiss
import numpy as np
import numpy.typing as npt

from thuja.errors import UsageError
from thuja.jobs import atomic_path
from thuja.search.engine.vectors import Floats, Rows, Vectors

CODES: Final = "codes.faiss"
"""The lists with their codes, in a segment's folder; a small segment has none, and is searched exactly."""
LISTS: Final = "lists.npy"
"""Which list each row is in: (N,) uint16, mapped; from it follows which lists a filter leaves anything in."""
MOST_PARTS: Final = 256
"""Codes of a vector: at 4 bits each 128 bytes. FAISS adds them up in 16 bits, so there can be no more."""
MOST_LISTS: Final = 2**16
RUN_ROWS: Final = 32_768


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSettings:
    """How codes are made: none for fewer than `least_rows`.

    `lists` is how many inverted lists, None for the power of two next to twice the square root of the rows; each
    is learnt from `sample` rows, in `rounds` of k-means. `seed` decides all that is drawn.
    """

    least_rows: int = 10_000
    lists: int | None = None
    sample: int = 40
    rounds: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        if self.lists is not None and not 1 <= self.lists <= MOST_LISTS:
            raise UsageError(f"lists is 1 to {MOST_LISTS}, got {self.lists}")

    def lists_for(self, rows: int) -> int:
        """How many lists a segment of so many rows gets.

        >>> CodeSettings().lists_for(1_000_000), CodeSettings().lists_for(20_000)
        (2048, 256)
        """
        wanted = self.lists or 2 ** round(log2(2 * rows**0.5))
        return min(wanted, rows, MOST_LISTS)


def build_codes(vectors: Vectors, folder: Path, settings: CodeSettings) -> None:
    """Write CODES and LISTS of all vectors into `folder`, which is there; nothing for fewer than `least_rows`.

    Memory is that of the sample, of one run of rows and of the codes themselves.
    """
    rows = vectors.shape[0]
    if rows < max(1, settings.least_rows):
        return
    index = _learnt(_sample(vectors, settings), settings.lists_for(rows), settings)
    for start in range(0, rows, RUN_ROWS):
        index.add(vectors.run(start, min(start + RUN_ROWS, rows)).astype(np.float32))
    with atomic_path(folder / CODES) as path, _full_disk_told():
        faiss.write_index(index, str(path))
    with atomic_path(folder / LISTS) as path, path.open("wb") as file:
        np.save(file, _list_of_each_row(index))


@contextmanager
def _full_disk_told() -> Iterator[None]:
    """FAISS tells a full disk as it tells all that is wrong: make it the error that others raise."""
    try:
        yield
    except RuntimeError as error:
        for code in (ENOSPC, EDQUOT, EFBIG):
            if strerror(code) in str(error):
                raise OSError(code, strerror(code)) from error
        raise


def _sample(vectors: Vectors, settings: CodeSettings) -> Floats:
    """Rows drawn from the whole segment, in their order, so that a mapped file is read once through."""
    rows = vectors.shape[0]
    wanted = min(rows, settings.sample * settings.lists_for(rows))
    generator = np.random.default_rng(settings.seed)
    drawn: Rows = np.sort(generator.choice(rows, wanted, replace=False))
    return vectors.take(drawn).astype(np.float32)


def _learnt(sample: Floats, lists: int, settings: CodeSettings) -> faiss.IndexPreTransform:
    """An empty index that has learnt its lists and codes.

    A random rotation first: it spreads what a vector says evenly over the parts of its code, whatever the model's
    axes mean. Product codes are learnt of what a list's centre leaves over.
    """
    dim = sample.shape[1]
    parts = min(dim, MOST_PARTS)
    rotation = faiss.RandomRotationMatrix(dim, ceil(dim / parts) * parts)
    rotation.init(settings.seed + 1)
    turned = rotation.apply(sample)
    centres = faiss.IndexFlatIP(rotation.d_out)
    clustering = faiss.Clustering(rotation.d_out, lists)
    clustering.niter, clustering.seed, clustering.spherical = settings.rounds, settings.seed + 2, True
    clustering.min_points_per_centroid = 1
    clustering.train(turned, centres)
    inner = faiss.IndexIVFPQFastScan(centres, rotation.d_out, lists, parts, 4, faiss.METRIC_INNER_PRODUCT)
    inner.by_residual = True
    inner.pq.cp.seed = settings.seed + 3
    inner.pq.cp.min_points_per_centroid = 1
    inner.train(turned)
    return faiss.IndexPreTransform(rotation, inner)


def _list_of_each_row(index: faiss.IndexPreTransform) -> npt.NDArray[np.uint16]:
    inner = faiss.downcast_index(index.index)
    lists = np.empty(inner.ntotal, dtype=np.uint16)
    for number in range(inner.nlist):
        if size := inner.get_list_size(number):
            lists[faiss.rev_swig_ptr(inner.invlists.get_ids(number), size)] = number
    return lists
