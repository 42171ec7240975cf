"""A cell's vectors as they were kept: of each species' pictures on each ground, and of its texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thuja.biosphere.swaps import GROUNDS
from thuja.embeddings import normalized

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A cell's vectors of the pictures on each ground, (S, P, D) at length one, and its texts of species (S, D)."""

    on: Mapping[str, Floats]
    is_taught: Flags
    texts: Mapping[str, Floats] = field(default_factory=dict)
    scale: float = 0.0

    @classmethod
    def load(cls, path: Path) -> "Seen":
        """The vectors that a cell of a Study has kept."""
        with np.load(path) as file:
            found = {name: file[name] for name in file.files}
        viewed = found["viewed"].astype(np.float64)
        species = len(found["taught"])
        whole = normalized(viewed).reshape(species, -1, len(GROUNDS), viewed.shape[1])
        texts = {name: normalized(rows.astype(np.float64)) for name, rows in found.items() if name.startswith("text")}
        return cls(
            on={ground: whole[:, :, place] for place, ground in enumerate(GROUNDS)},
            is_taught=found["taught"],
            texts=texts,
            scale=float(found.get("scale", 0.0)),
        )
