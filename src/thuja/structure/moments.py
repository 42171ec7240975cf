"""Means and variation within species of vectors too many to copy: chunk by chunk, in float32, added up in float64.

Two passes: the means first, then what is left about them. One pass would take the square of large means from the square
of large vectors, and lose in float32 what a species varies by.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from thuja.embeddings import Vectors
from thuja.errors import ThujaError
from thuja.structure.span import Floats
from thuja.structure.specimens import Indices

Narrow = npt.NDArray[np.float32]

ROWS = 8192
"""Vectors of a chunk: 25 MB of 768 dimensions in float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Of L labels: `counts` (L,), `means` (L, D), and the sums of squares about them `squares` (L,).

    A label without a vector has a mean of zeros.
    """

    counts: Indices
    means: Floats
    squares: Floats


def moments_of(vectors: Vectors, labels: Indices, *, count: int, is_unit: bool = False, rows: int = ROWS) -> Moments:
    """The moments of N vectors (N, D), an array or a memory map of float16 or float32, of labels (N,) below `count`.

    Rows labelled below zero are left out. `is_unit` sets each vector to length one first. Raises ThujaError for labels
    that do not fit, and for vectors that are not numbers.
    """
    means = means_by_label(vectors, labels, count=count, is_unit=is_unit, rows=rows)
    near, squares = means.astype(np.float32), np.zeros(count)
    for here, chunk in chunks_of(vectors, labels, is_unit=is_unit, rows=rows):
        chunk -= near[here]
        squares += np.bincount(here, weights=np.einsum("nd,nd->n", chunk, chunk), minlength=count)
    return Moments(counts=counts_of(labels, count), means=means, squares=squares)


def scatter_about(
    vectors: Vectors, labels: Indices, means: Floats, *, is_unit: bool = False, rows: int = ROWS
) -> Floats:
    """The sum of (x - m)(x - m)' over all labelled vectors (D, D), with the means (L, D) of their labels."""
    near, scatter = means.astype(np.float32), np.zeros((means.shape[1], means.shape[1]))
    for here, chunk in chunks_of(vectors, labels, is_unit=is_unit, rows=rows):
        chunk -= near[here]
        scatter += chunk.T @ chunk
    return scatter


def counts_of(labels: Indices, count: int) -> Indices:
    """How many vectors have each label below `count`: (L,)."""
    return np.asarray(np.bincount(labels[labels >= 0], minlength=count), dtype=np.int64)


def means_by_label(vectors: Vectors, labels: Indices, *, count: int, is_unit: bool = False, rows: int = ROWS) -> Floats:
    """The mean vector of each label (L, D), in one pass; raises as `moments_of` does."""
    if len(labels) != len(vectors) or (len(labels) and int(labels.max()) >= count):
        raise ThujaError(f"expected {len(vectors)} labels below {count}, got {len(labels)}")
    sums = np.zeros((count, vectors.shape[1]))
    for here, chunk in chunks_of(vectors, labels, is_unit=is_unit, rows=rows):
        present, place = np.unique(here, return_inverse=True)
        ones = np.ones(len(here), dtype=np.float32)
        members = csr_array((ones, (place, np.arange(len(here)))), shape=(len(present), len(here)))
        sums[present] += members @ chunk
    if not np.isfinite(sums).all():
        raise ThujaError("some vectors are not numbers", hint="leave these rows out, or embed them again")
    return np.asarray(sums / np.maximum(counts_of(labels, count), 1)[:, None])


def chunks_of(
    vectors: Vectors, labels: Indices, *, is_unit: bool, rows: int = ROWS
) -> Iterator[tuple[Indices, Narrow]]:
    """The labelled vectors of each run of rows in float32, to be written over, and their labels."""
    for start in range(0, len(vectors), rows):
        here = labels[start : start + rows]
        chunk = np.array(vectors[start : start + rows], dtype=np.float32)
        if (here < 0).any():
            here, chunk = here[here >= 0], chunk[here >= 0]
        if is_unit:
            lengths = np.sqrt(np.einsum("nd,nd->n", chunk, chunk))
            chunk /= np.where(lengths > 0, lengths, 1)[:, None]
        yield here, chunk
