"""The best few of many: of a matrix at hand, or of rows that come by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from thuja.errors import UsageError

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

SLICE = 64
"""Rows whose maximum `Running` is told, so that it looks only into slices that hold something better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """The k best answers of each of N images, best first: two (N, k) matrices."""

    indices: Indices
    scores: Floats

    @classmethod
    def joined(cls, blocks: Iterable["Top"], depth: int) -> Self:
        """The answers of blocks of images, one after the other."""
        parts = list(blocks)
        return cls(
            indices=np.concatenate([np.zeros((0, depth), dtype=np.int64), *(part.indices for part in parts)]),
            scores=np.concatenate([np.zeros((0, depth), dtype=np.float32), *(part.scores for part in parts)]),
        )


def top_k(probabilities: Floats, k: int) -> Top:
    """The k best columns of each row, best first; ties go to the lower index.

    Raises UsageError unless 1 <= k <= the number of columns.
    """
    count = probabilities.shape[1]
    if not 1 <= k <= count:
        raise UsageError(f"cannot give the best {k} of {count} labels", hint=f"choose k between 1 and {count}")
    if k < count:
        # The k-th best score, then every column that reaches it: argpartition alone breaks ties at random.
        bar = -np.partition(-probabilities, k - 1, axis=1)[:, k - 1 : k]
        better = probabilities > bar
        spare = k - better.sum(axis=1, keepdims=True)
        level = probabilities == bar
        chosen = better | (level & (np.cumsum(level, axis=1) <= spare))
        indices = np.nonzero(chosen)[1].reshape(-1, k)
    else:
        indices = np.broadcast_to(np.arange(count), probabilities.shape)
    scores = np.take_along_axis(probabilities, indices, axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")
    return Top(
        indices=np.take_along_axis(indices, order, axis=1).astype(np.int64),
        scores=np.take_along_axis(scores, order, axis=1),
    )


class Running:
    """The k best of rows that come by in tiles, for each of B columns; ties go to the earlier row.

    Rows are candidates and columns images: the transpose of `top_k`, which is how a tile of labels meets a
    block of images. A row may be among the k best only where its slice's maximum is, so after the first
    tiles nearly all of a tile is passed over.
    """

    def __init__(self, k: int, columns: int, *, start: int = 0) -> None:
        """`start` is the number of the first row that comes by."""
        self.values: Floats = np.full((k, columns), -np.inf, dtype=np.float32)  # (k, B), best first
        self.rows: Indices = np.full((k, columns), -1, dtype=np.int64)
        self._seen = start

    @classmethod
    def joined(cls, parts: Sequence["Running"]) -> "Running":
        """The k best of what passed by in parts, the first rows first."""
        if len(parts) == 1:
            return parts[0]
        values = np.concatenate([part.values for part in parts])
        rows = np.concatenate([part.rows for part in parts])
        whole = cls(*parts[0].values.shape, start=parts[-1]._seen)
        best = np.argsort(-values, axis=0, kind="stable")[: len(whole.values)]
        whole.values, whole.rows = np.take_along_axis(values, best, axis=0), np.take_along_axis(rows, best, axis=0)
        return whole

    def add(self, tile: Floats, peaks: Floats) -> None:
        """The next rows, (R, B) finite numbers, and the maxima of their slices: (R / SLICE, B)."""
        k = len(self.values)
        bar = self.values[-1]
        # At least k rows reach the k-th best of the slices' maxima: what lies below it is not wanted.
        floor = -np.partition(-peaks, k - 1, axis=0)[k - 1] if len(peaks) >= k else np.full_like(bar, -np.inf)
        slices, columns = np.nonzero((peaks > bar) & (peaks >= floor))
        rows = slices[:, None] * SLICE + np.arange(SLICE)  # (P, SLICE)
        cells = tile[np.minimum(rows, len(tile) - 1), columns[:, None]]
        wanted = (rows < len(tile)) & (cells > bar[columns][:, None]) & (cells >= floor[columns][:, None])
        if wanted.any():
            columns = np.broadcast_to(columns[:, None], wanted.shape)[wanted]
            self._merge(columns, rows[wanted] + self._seen, cells[wanted])
        self._seen += len(tile)

    def _merge(self, columns: Indices, rows: Indices, values: Floats) -> None:
        """Sort what is there and what is better, column by column; the rows of a column come in order."""
        k = len(self.values)
        order = np.argsort(columns, kind="stable")
        touched, starts, counts = np.unique(columns[order], return_index=True, return_counts=True)
        depth = k + int(counts.max())
        place = np.arange(len(order)) - np.repeat(starts, counts) + k
        column = np.repeat(np.arange(len(touched)), counts)
        all_values = np.full((depth, len(touched)), -np.inf, dtype=np.float32)
        all_rows = np.full((depth, len(touched)), -1, dtype=np.int64)
        all_values[:k], all_rows[:k] = self.values[:, touched], self.rows[:, touched]
        all_values[place, column], all_rows[place, column] = values[order], rows[order]
        # What was there comes first and the sort is stable, so that of equals the earlier row stays ahead.
        best = np.argsort(-all_values, axis=0, kind="stable")[:k]
        self.values[:, touched] = np.take_along_axis(all_values, best, axis=0)
        self.rows[:, touched] = np.take_along_axis(all_rows, best, axis=0)


def slice_peaks(tile: Floats) -> Floats:
    """The maximum of each slice of rows: (R, B) to (R / SLICE, B)."""
    peaks = np.empty((-(-len(tile) // SLICE), tile.shape[1]), dtype=np.float32)
    for number, start in enumerate(range(0, len(tile), SLICE)):
        np.maximum.reduce(tile[start : start + SLICE], axis=0, out=peaks[number])
    return peaks


def top_rows(matrix: Floats, k: int) -> Top:
    """The k best rows of each column: (G, B) to a Top of B images."""
    running = Running(k, matrix.shape[1])
    running.add(matrix, slice_peaks(matrix))
    return Top(indices=running.rows.T.copy(), scores=running.values.T.copy())
