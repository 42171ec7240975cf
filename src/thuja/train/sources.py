"""Where a stream's images come from, by number: pictures or features held in memory, or shards (`shard_source`).

A row is a sample's number through all shards of a source. What cannot be read never stops a run:
another sample, the same in every run, stands in for it and is counted.
"""

import logging
import os
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import torch

from thuja.errors import BadFile, ImageError, ThujaError
from thuja.images import Preparation, decode, upright_size
from thuja.jobs import cores, track
from thuja.record import Record
from thuja.taxonomy import Taxon
from thuja.train.corpus import Corpus

logger = logging.getLogger(__name__)

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

TRIES: Final = 16
"""Samples that are tried in the place of one that cannot be read."""

NO_DEVIATION: Final[Floats] = np.zeros(0, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """n samples: their records, and kept pixels (n, M, M, 3) uint8 or features (n, F) float32.

    `frames` (n, 2) are the width and height of the upright pictures, None with features.
    """

    records: Sequence[Record]
    pixels: npt.NDArray[Any]
    frames: Floats | None
    replaced: int = 0
    """How many rows could not be read and are another sample instead."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Why, by the words of `Fault` and `ImageError`; a stand-in that is bad as well counts too."""


class Source(Protocol):
    """What a stream draws its images from. It pickles: worker processes each get their own."""

    @property
    def sizes(self) -> Sequence[int]:
        """Samples of each shard."""

    @property
    def fingerprint(self) -> str:
        """A hash of which samples there are, in which order: a run resumes only on the data it began with."""

    @property
    def deviation(self) -> Floats:
        """The standard deviation of each feature (F,); empty for a source of pictures."""

    @property
    def taxa(self) -> Sequence[Taxon] | None:
        """The distinct taxa of the samples, sorted; None where they are read as they come."""

    def __len__(self) -> int:
        """Samples in all."""

    def fetch(self, rows: Rows) -> Fetched:
        """These samples, in this order; raises BadFile when most of the source cannot be read."""

    def records(self, rows: Rows) -> Sequence[Record]:
        """The records of those of these samples that can be read, without their images."""


def stand_in(row: int, attempt: int, count: int) -> int:
    """The sample of `count` that is tried after that many attempts in the place of `row`: the same in every run."""
    return int(np.random.default_rng([row, attempt]).integers(count))


def squeeze(data: bytes, kept: Preparation) -> tuple[Pixels, tuple[int, int]]:
    """The kept pixels (M, M, 3) of an image file's bytes, and its upright width and height; raises ImageError."""
    return kept.pixels(decode(data, draft=kept.size)), upright_size(data)


def require_readable(bad: int, count: int, place: str, *, reasons: Mapping[str, int]) -> None:
    """Raise BadFile where most of `count` samples, and more than a few, cannot be read."""
    if bad > max(count // 2, TRIES // 2):
        why = ", ".join(f"{number:,} {reason}" for reason, number in sorted(reasons.items()))
        raise BadFile(
            f"{bad:,} of {count:,} samples of {place} cannot be read: {why}",
            hint="thuja shards check says what is broken",
        )


class MemorySource:
    """Pictures decoded once, at the first fetch and in threads, and kept as pixels.

    10,000 pictures for a model of 64 pixels take 156 MB.
    """

    def __init__(self, corpus: Corpus, kept: Preparation) -> None:
        self.corpus, self.kept = corpus, kept
        self._records, self.fingerprint, self.taxa = corpus.records, corpus.fingerprint, corpus.taxa
        self.sizes: Sequence[int] = [len(corpus)]
        self.deviation = NO_DEVIATION
        self._is_decoded = False
        self._lock = Lock()

    def _decode(self) -> None:
        corpus, kept = self.corpus, self.kept
        self._pixels: Pixels = np.empty((len(corpus), kept.size, kept.size, 3), dtype=np.uint8)
        self._frames: Floats = np.ones((len(corpus), 2), dtype=np.float32)
        self._reasons: dict[int, str] = {}

        def prepare(row: int) -> None:
            try:
                self._pixels[row], self._frames[row] = squeeze(corpus.read(row), kept)
            except (ImageError, BadFile) as error:
                self._reasons[row] = error.reason if isinstance(error, ImageError) else "unreadable"

        with ThreadPoolExecutor(max_workers=cores()) as pool:
            rows: Iterable[None] = pool.map(prepare, range(len(corpus)))
            if os.environ.get("RANK", "0") == "0":  # all processes read the same
                rows = track(rows, total=len(corpus), label="reading pictures")
            deque(rows, maxlen=0)
        if self._reasons:
            reasons = Counter(self._reasons.values())
            require_readable(len(self._reasons), len(corpus), "the training images", reasons=reasons)
            logger.warning("%d of %d pictures cannot be read: %s", len(self._reasons), len(corpus), dict(reasons))
        self._is_decoded = True

    def __len__(self) -> int:
        return len(self._records)

    def fetch(self, rows: Rows) -> Fetched:
        """These samples, in this order; raises BadFile where no stand-in can be read."""
        with self._lock:
            if not self._is_decoded:
                self._decode()
        chosen = np.array([self._readable(row) for row in rows.tolist()] if self._reasons else rows, dtype=np.int64)
        bad = [self._reasons[row] for row in rows.tolist() if row in self._reasons]
        return Fetched(
            records=[self._records[row] for row in chosen],
            pixels=self._pixels[chosen],
            frames=self._frames[chosen],
            replaced=len(bad),
            reasons=Counter(bad),
        )

    def records(self, rows: Rows) -> Sequence[Record]:
        """The records of these samples."""
        return [self._records[row] for row in rows]

    def _readable(self, row: int) -> int:
        tried = row
        for attempt in range(TRIES):
            if tried not in self._reasons:
                return tried
            tried = stand_in(row, attempt, len(self))
        raise BadFile(f"no picture can be read in the place of {self._records[row].path}")


class FeatureSource:
    """Features (N, F) of a frozen trunk, computed once."""

    def __init__(self, corpus: Corpus, features: Floats) -> None:
        if len(corpus) != len(features):
            raise ThujaError(f"{len(features):,} rows of features are not one for each of {len(corpus):,} images")
        self._records, self._features = corpus.records, features
        self.sizes: Sequence[int] = [len(corpus)]
        self.fingerprint, self.taxa = corpus.fingerprint, corpus.taxa
        self.deviation: Floats = torch.from_numpy(features).std(dim=0).numpy()

    def __len__(self) -> int:
        return len(self._records)

    def fetch(self, rows: Rows) -> Fetched:
        """These samples, in this order."""
        return Fetched(records=self.records(rows), pixels=self._features[rows], frames=None)

    def records(self, rows: Rows) -> Sequence[Record]:
        """The records of these samples."""
        return [self._records[row] for row in rows]
