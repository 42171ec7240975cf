"""A block of images on its way past a share of the tiles."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from thuja.classify.clades import Tree
from thuja.classify.halves import widen
from thuja.classify.tiles import Tile, sum_runs
from thuja.classify.top import Running, slice_peaks
from thuja.errors import ThujaError
from thuja.labels import LabelSpace, let_go
from thuja.taxonomy import Rank

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

_HEADROOM = 40.0
"""How far a logit may lie above what its exponents are relative to: e^40 times a million labels is a float32 still."""

_TINY = float(np.finfo(np.float32).tiny)

_NEAR = 1 << 14
"""Numbers that are worked on at a time, to stay in the nearest caches."""


class Share:
    """What B images make of some tiles that follow each other.

    `base` is what exponents are relative to, (B,). The sums of genera go into their rows of `genera`, which all shares
    write; those of a genus that began in the share before are kept apart, in `head`.
    """

    def __init__(self, images: Floats, tree: Tree, tiles: Sequence[Tile], *, k: int, genera: Floats) -> None:
        self._images, self._tree, self._tiles = images, tree, tiles
        count = len(images)
        self.base: Floats = np.full(count, -np.inf, dtype=np.float32)
        self.head: Floats = np.zeros(count, dtype=np.float32)
        self._first = tiles[0].genus
        self._own = self._first + (not tiles[0].begins_genus)  # the first genus that is this share's alone to begin
        self._end = tiles[-1].genus + len(tiles[-1].genera) - 1
        self._genera = genera
        self.labels = Running(k, count, start=tiles[0].start)
        has_doubles = len(tree.taxa[Rank.SPECIES]) < len(tree)
        depth = min(k, len(tree.taxa[Rank.SPECIES]))
        self.species = Running(depth, count, start=tiles[0].first_species) if has_doubles else self.labels

    def run(
        self, labels: LabelSpace, room: Floats, *, bias: Callable[[slice | Indices], Floats | None], is_first: bool
    ) -> None:
        """Meet all tiles, whose logits go into `room`; raises ThujaError for a label that is not a number."""
        for tile in self._tiles:
            rows = labels.vectors[tile.rows]
            texts = widen(rows)
            if texts is not rows:  # else they are still to be read
                let_go(rows)
            if is_first:
                _require_numbers(texts, labels, self._tree.order[tile.start : tile.stop])
            self._add(tile, texts, room, bias=bias(tile.rows))

    def move_to(self, base: Floats) -> None:
        """Make what was summed relative to another base, which is nowhere less."""
        moved = np.flatnonzero(base > self.base)
        if len(moved):
            self._scale(slice(self._own, self._end), moved, np.exp(self.base[moved] - base[moved]))
            self.base = base

    def add_head(self) -> None:
        """Give the genus that began before what this share has of it."""
        if self._own > self._first:
            self._genera[self._first] += self.head

    def _add(self, tile: Tile, vectors: Floats, room: Floats, *, bias: Floats | None) -> None:
        logits = np.matmul(vectors, self._images.T, out=room[: len(vectors), : len(self._images)])  # (T, B)
        if bias is not None:
            np.add(logits, bias, out=logits)
        peaks = slice_peaks(logits)
        self.labels.add(logits, peaks)
        self._raise_base(peaks.max(axis=0), begun=tile.genus + 1)
        step = max(1, _NEAR // len(self._images))
        for start in range(0, len(logits), step):
            part = logits[start : start + step]
            np.subtract(part, self.base, out=part)
            np.exp(part, out=part)
        species = logits
        if self.species is not self.labels:
            species = sum_runs(logits, tile.species)
            told = np.log(np.maximum(species, _TINY)) + self.base
            self.species.add(told, slice_peaks(told))
        sums = sum_runs(species, tile.genera)
        rows = self._genera[tile.genus : tile.genus + len(sums)]
        if tile.genus < self._own:
            self.head += sums[0]
            rows, sums = rows[1:], sums[1:]
        rows += sums

    def _raise_base(self, peak: Floats, *, begun: int) -> None:
        """Take a tile's greatest logits for the base where they are the first, or far above it.

        Of the genera those before `begun` hold something, which is scaled down.
        """
        far = np.flatnonzero(peak > self.base + np.float32(_HEADROOM))
        if len(far) and np.isfinite(self.base[0]):
            self._scale(slice(self._own, begun), far, np.exp(self.base[far] - peak[far]))
        self.base[far] = peak[far]

    def _scale(self, rows: slice, columns: Indices, factors: Floats) -> None:
        self._genera[rows, columns] *= factors
        self.head[columns] *= factors


def _require_numbers(vectors: Floats, labels: LabelSpace, which: Indices) -> None:
    # The sum of a row is a number only where all of it are; of unit vectors it is never too large.
    if np.isfinite(vectors @ np.ones(vectors.shape[1], dtype=np.float32)).all():
        return
    bad = int(which[(~np.isfinite(vectors).all(axis=1)).argmax()])
    raise ThujaError(
        f'the vector of label {bad}, "{labels.texts[bad]}", is not a number', hint="build the labels again"
    )
