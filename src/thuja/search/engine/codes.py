"""The approximate index of one segment beside its vectors."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thuja.search.bits import Bits
from thuja.search.engine.effort import STANDARD, Effort
from thuja.search.engine.exact import search_exactly
from thuja.search.engine.found import Found
from thuja.search.engine.vectors import Floats, Vectors

CODES = "codes.faiss"
"""The file in a segment's folder; a small segment has none, and is searched exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSettings:
    """How codes are made: none for fewer than `least_rows`; `seed` decides all that is drawn."""

    least_rows: int = 20_000
    seed: int = 0


class Codes:
    """Search in one segment. Safe from several threads at once."""

    def __init__(self, vectors: Vectors) -> None:
        self.vectors = vectors

    @classmethod
    def build(cls, vectors: Vectors, folder: Path, settings: CodeSettings = CodeSettings()) -> None:
        """Write the codes of all vectors into `folder`, in bounded memory; nothing for a small segment."""

    @classmethod
    def open(cls, folder: Path, vectors: Vectors) -> "Codes":
        """The codes of a segment, or none where its folder holds none."""
        return cls(vectors)

    def search(self, queries: Floats, k: int, *, kept: Bits | None = None, effort: Effort = STANDARD) -> Found:
        """The k nearest rows of `kept` (all where None) to each of the unit vectors (Q, D), with exact cosines."""
        return search_exactly(self.vectors, np.ascontiguousarray(queries, dtype=np.float32), k, kept=kept)
