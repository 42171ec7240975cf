"""A task's images as a model saw them, and why it did not see the others."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from thuja.embeddings import Vectors
from thuja.errors import ThujaError
from thuja.evaluate.task import Indices


class Flaw(NamedTuple):
    """Why an image has no vector: its path, a short stable word (`missing`, `truncated`, `not_finite`), a sentence."""

    path: str
    reason: str
    message: str

    @classmethod
    def of_file(cls, folder: Path, path: str, *, reason: str, message: str) -> "Flaw":
        """What reading a file ended in; one that is not there is called missing, and not unreadable."""
        if reason == "unreadable" and not os.path.exists(folder / path):  # noqa: PTH110 (it answers for every name)
            return cls(path, "missing", "there is no such file")
        return cls(path, reason, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """(K, D) float32 `vectors`, not normalised, of the images at `rows` (K,), and a flaw for each of the others."""

    rows: Indices
    vectors: Vectors
    flaws: tuple[Flaw, ...] = ()

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.rows):
            raise ThujaError(f"expected {len(self.rows)} vectors in a matrix, got shape {self.vectors.shape}")
        if self.vectors.dtype != np.float32:
            raise ThujaError(f"vectors must be float32, got {self.vectors.dtype}")
