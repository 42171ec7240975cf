"""A cell's vectors as they were kept: of each species' pictures on each ground, and of its texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thuja.analyze import Prototypes, Space
from thuja.biosphere.swaps import GROUNDS, Ground
from thuja.biosphere.world import World
from thuja.experiments.emergence.views import conditions

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
        whole = unit(viewed).reshape(species, -1, len(GROUNDS), viewed.shape[1])
        texts = {name: unit(rows.astype(np.float64)) for name, rows in found.items() if name.startswith("text")}
        return cls(
            on={ground: whole[:, :, place] for place, ground in enumerate(GROUNDS)},
            is_taught=found["taught"],
            texts=texts,
            scale=float(found.get("scale", 0.0)),
        )


def unit(rows: Floats) -> Floats:
    """Vectors (..., D) at length one; a vector of nothing stays."""
    sizes = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.where(sizes > 0, sizes, 1.0))


def space_of(seen: Seen, world: World, *, ground: Ground, controls: Mapping[str, Seen], model: str = "") -> Space:
    """The pictures on one ground as a space that `thuja.analyze` takes, with what is true of them in its columns."""
    vectors = seen.on[ground]
    species, pictures, width = vectors.shape
    plan = conditions() * species
    taxa = [one.taxon for one in world.species]
    own = [one for one in world.species for _ in range(pictures)]
    columns = {
        "habitat": [one.habitat for one in own],
        "shadow_habitat": [one.shadow_habitat for one in own],
        "life_stage": [one.stage for one in plan],
        "sex": [one.sex for one in plan],
        "season": [one.season for one in plan],
        "health": ["ill" if one.ailment else "healthy" for one in plan],
        **{f"hidden_{place + 1}": [one.hidden[place] for one in own] for place in range(len(own[0].hidden))},
    }
    return Space(
        vectors=vectors.reshape(-1, width),
        taxa=[one.taxon for one in own],
        columns=columns,
        controls={name: other.on[ground].reshape(species * pictures, -1) for name, other in controls.items()},
        prototypes=Prototypes(taxa=taxa, vectors=seen.texts["text"]) if "text" in seen.texts else None,
        model=model,
    )
