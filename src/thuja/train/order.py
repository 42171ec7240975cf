"""Which sample stands at which place of an endless training run: a pure function of the seed and the place.

So a run resumed in mid-epoch, on other workers or other ranks, draws what an undisturbed one draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput, UnknownName, UsageError

Rows = npt.NDArray[np.int64]
Sampling = Literal["exact", "resampled"]
SAMPLINGS: tuple[str, ...] = Sampling.__args__  # type: ignore[attr-defined]

_KEPT: Final = 4
"""Permutations kept at a time: a batch may straddle two windows, and two epochs."""

# The last word of each generator's seed. [seed, epoch] alone permutes an order of one window.
_SAMPLES, _SHARDS, _DRAWS = 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOrder:
    """The endless order of the samples of shards of these `sizes`, numbered through all shards.

    `exact` runs epoch after epoch without a gap and draws each sample once an epoch. The shards are
    permuted, cut into windows of `window` shards, and the samples of a window permuted, so that
    reading stays within `window` shards for a while. No more shards than that are one permutation.

    `resampled` draws the shards of each window with replacement, as webdataset's `resampled` does
    for the papers. A window has as many samples as `window` shards of mean size: a pool that is
    larger is cut, a smaller one goes round again.

    Raises EmptyInput where there is no sample.
    """

    sizes: Sequence[int]
    seed: int
    sampling: Sampling = "exact"
    window: int = 32
    _starts: Rows = field(init=False, repr=False, compare=False)  # (shards + 1,)
    _kept: dict[tuple[int, ...], Rows] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        if self.sampling not in SAMPLINGS:
            raise UnknownName.of("sampling", self.sampling, SAMPLINGS)
        if self.window < 1 or self.seed < 0 or min(self.sizes, default=0) < 0:
            raise UsageError(
                f"a window has at least one shard and a seed is not negative, got {self.window}, {self.seed}"
            )
        sizes = np.asarray(self.sizes, dtype=np.int64)
        object.__setattr__(self, "_starts", np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))
        if not len(self):
            raise EmptyInput(f"no sample in {len(self.sizes)} shards")

    def __len__(self) -> int:
        """Samples in all shards, which is the length of an epoch."""
        return int(self._starts[-1])

    def rows(self, first: int, last: int) -> Rows:
        """The samples at the places `first` up to, not including, `last`: (last - first,)."""
        if not 0 <= first <= last:
            raise UsageError(f"places rise from 0, got {first} to {last}")
        if first == last:
            return np.zeros(0, dtype=np.int64)
        pieces = self._drawn(first, last) if self.sampling == "resampled" else self._exact(first, last)
        return np.concatenate(pieces)

    def _exact(self, first: int, last: int) -> list[Rows]:
        pieces = []
        for epoch in range(first // len(self), (last - 1) // len(self) + 1):
            begun = epoch * len(self)
            start, end = max(first - begun, 0), min(last - begun, len(self))
            ends = self._window_ends(epoch)
            window = int(np.searchsorted(ends, start, side="right"))
            while start < end:
                offset = int(ends[window - 1]) if window else 0
                stop = min(end, int(ends[window]))
                pieces.append(self._window(epoch, window)[start - offset : stop - offset])
                start, window = stop, window + 1
        return pieces

    def _drawn(self, first: int, last: int) -> list[Rows]:
        filled = int(np.count_nonzero(np.diff(self._starts)))
        count = min(self.window, filled)
        length = max(1, count * len(self) // filled)
        pieces = []
        for window in range(first // length, (last - 1) // length + 1):
            start, end = max(first - window * length, 0), min(last - window * length, length)
            pieces.append(self._resampled(window, count, length)[start:end])
        return pieces

    def _permuted_shards(self, epoch: int) -> Rows:
        if len(self.sizes) <= self.window:
            return np.arange(len(self.sizes))
        return np.random.default_rng([self.seed, epoch, 0, _SHARDS]).permutation(len(self.sizes))

    def _window_ends(self, epoch: int) -> Rows:
        """How many samples of the epoch have passed at the end of each of its windows: (windows,)."""
        kept = self._kept.get((epoch,))
        if kept is None:
            sizes = np.diff(self._starts)[self._permuted_shards(epoch)]
            kept = np.cumsum(np.add.reduceat(sizes, np.arange(0, len(sizes), self.window)))
            self._keep((epoch,), kept)
        return kept

    def _window(self, epoch: int, window: int) -> Rows:
        kept = self._kept.get((epoch, window))
        if kept is None:
            if len(self.sizes) <= self.window:
                kept = np.random.default_rng([self.seed, epoch]).permutation(len(self)).astype(np.int64)
            else:
                shards = self._permuted_shards(epoch)[window * self.window : (window + 1) * self.window]
                kept = np.random.default_rng([self.seed, epoch, window, _SAMPLES]).permutation(self._samples_of(shards))
            self._keep((epoch, window), kept)
        return kept

    def _resampled(self, window: int, count: int, length: int) -> Rows:
        kept = self._kept.get((0, window))
        if kept is None:
            generator = np.random.default_rng([self.seed, 0, window, _DRAWS])
            filled = np.flatnonzero(np.diff(self._starts))
            pool = self._samples_of(generator.choice(filled, size=count))
            rounds = -(-length // len(pool))
            kept = np.concatenate([generator.permutation(pool) for _ in range(rounds)])[:length]
            self._keep((0, window), kept)
        return kept

    def _samples_of(self, shards: Rows) -> Rows:
        return np.concatenate([np.arange(self._starts[one], self._starts[one + 1]) for one in shards])

    def _keep(self, key: tuple[int, ...], rows: Rows) -> None:
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept[key] = rows
