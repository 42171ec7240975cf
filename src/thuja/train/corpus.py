"""The training images of one split, by number: records in memory, pictures or features on request."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from thuja.errors import EmptyInput
from thuja.images import Preparation, decode
from thuja.jobs import track
from thuja.record import Record
from thuja.shards import index_shard, list_shards, read_at
from thuja.taxonomy import Taxon
from thuja.train.recipe import Augmentation

Rows = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint8]

MARGIN = 1.125
"""Pictures are kept this much larger than the model sees them, for the random crop to move in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """The records of one split and where their bytes lie; `read(i)` gives the bytes of record i."""

    records: Sequence[Record]
    read: Callable[[int], bytes]
    taxa: Sequence[Taxon] = field(init=False)
    taxon_ids: Rows = field(init=False)

    def __post_init__(self) -> None:
        taxa = sorted({record.taxon for record in self.records})
        number = {taxon: index for index, taxon in enumerate(taxa)}
        ids = np.array([number[record.taxon] for record in self.records], dtype=np.int64)
        object.__setattr__(self, "taxa", taxa)
        object.__setattr__(self, "taxon_ids", ids)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def fingerprint(self) -> str:
        """A hash of the records in their order: a run resumes only on the data it began with."""
        return sha256("\n".join(record.uuid for record in self.records).encode()).hexdigest()

    @classmethod
    def find(cls, data: Path, split: str) -> "Corpus | None":
        """The split of a folder that `thuja curate` made, or None when it has no image."""
        members = [(path, entry) for path in list_shards(data / "shards", split) for entry in index_shard(path)]
        if not members:
            return None
        records = [read_at(path, entry).record for path, entry in members]
        return cls(records=records, read=lambda row: read_at(*members[row]).image)

    @classmethod
    def open(cls, data: Path, split: str) -> "Corpus":
        """As `find`, but raises EmptyInput when the split has no image."""
        corpus = cls.find(data, split)
        if corpus is None:
            raise EmptyInput(f"{data} has no images in its {split} split", hint="see the counts in its summary.json")
        return corpus


class ImageSource(Protocol):
    """What the loop draws its image batches from."""

    def batch(self, rows: Rows, generator: np.random.Generator) -> Tensor:
        """The inputs of these rows, randomly varied by the generator."""


class PictureSource:
    """Pictures decoded once, kept in memory as bytes of pixels, and cropped anew at every draw.

    A batch is (B, 3, S, S), normalised. 10,000 pictures of 72 pixels take 156 MB.
    """

    def __init__(self, corpus: Corpus, preparation: Preparation, augmentation: Augmentation) -> None:
        self._preparation, self._augmentation = preparation, augmentation
        size = round(preparation.size * MARGIN)
        larger = Preparation(size=size, mode=preparation.mode, interpolation=preparation.interpolation)
        self._pixels: Pixels = np.empty((len(corpus), size, size, 3), dtype=np.uint8)

        def prepare(row: int) -> None:
            self._pixels[row] = larger.pixels(decode(corpus.read(row), draft=size))

        with ThreadPoolExecutor(max_workers=2) as pool:
            for _ in track(pool.map(prepare, range(len(corpus))), total=len(corpus), label="reading pictures"):
                pass

    def batch(self, rows: Rows, generator: np.random.Generator) -> Tensor:
        """Random crops, resized on the batch at once by one bilinear sampling: (B, 3, S, S)."""
        pictures = torch.from_numpy(self._pixels[rows]).permute(0, 3, 1, 2).float()  # (B, 3, M, M)
        size = self._preparation.size
        boxes = torch.from_numpy(_crops(len(rows), self._augmentation, generator))  # (B, 2, 3)
        grid = F.affine_grid(boxes, [len(rows), 3, size, size], align_corners=False)
        cropped = F.grid_sample(pictures, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
        mean = torch.tensor(self._preparation.mean).view(1, 3, 1, 1) * 255
        std = torch.tensor(self._preparation.std).view(1, 3, 1, 1) * 255
        return (cropped - mean) / std


class FeatureSource:
    """Features of a frozen trunk, computed once; a batch is (B, F).

    `noise` is the standard deviation of what is added to each feature, as a share of its own.
    """

    def __init__(self, features: npt.NDArray[np.float32], *, noise: float = 0.0) -> None:
        self._features = torch.from_numpy(features)
        self._deviation = noise * self._features.std(dim=0)

    def batch(self, rows: Rows, generator: np.random.Generator) -> Tensor:
        """The features of these rows, jittered."""
        chosen = self._features[torch.from_numpy(rows)]
        jitter = generator.standard_normal(chosen.shape, dtype=np.float32)
        return chosen + torch.from_numpy(jitter) * self._deviation


def _crops(count: int, augmentation: Augmentation, generator: np.random.Generator) -> npt.NDArray[np.float32]:
    """Affine matrices (count, 2, 3) of random crops: area within `scale`, aspect within `ratio`."""
    area = generator.uniform(*augmentation.scale, size=count)
    narrow, wide = np.log(augmentation.ratio)
    aspect = np.exp(generator.uniform(narrow, wide, size=count))
    width, height = (np.minimum(np.sqrt(area * factor), 1) for factor in (aspect, 1 / aspect))
    left, top = (generator.uniform(-1, 1, size=count) * (1 - side) for side in (width, height))
    flip = np.where(generator.random(count) < 0.5, -1.0, 1.0) if augmentation.mirror else np.ones(count)
    crops = np.zeros((count, 2, 3), dtype=np.float32)
    crops[:, 0, 0], crops[:, 0, 2] = width * flip, left
    crops[:, 1, 1], crops[:, 1, 2] = height, top
    return crops


def epoch_rows(count: int, *, batch_size: int, step: int, seed: int) -> Rows:
    """The rows of batch `step` when epoch follows epoch without a gap, each a fresh permutation.

    A function of its arguments alone, so that a resumed run draws what the undisturbed one draws.
    """
    first, last = step * batch_size, (step + 1) * batch_size
    epochs = range(first // count, (last - 1) // count + 1)
    order = np.concatenate([np.random.default_rng([seed, epoch]).permutation(count) for epoch in epochs])
    start = first - epochs[0] * count
    return order[start : start + batch_size].astype(np.int64)
