"""What the leak gate is told: which evaluation sets, and by which keys an image of theirs is known again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from thuja.curate.duplicates.bands import MAX_DISTANCE
from thuja.errors import UnknownName, UsageError

KEYS: Final = (
    "source_id",
    "gbif_id",
    "occurrence_id",
    "observation_id",
    "sequence_id",
    "specimen",
    "eval_key",
    "source_url",
    "sha256",
    "md5",
    "pixel_hash",
    "pdq",
    "embedding",
    "observer_day",
    "species",
)
"""Every key, in the order in which a row's leak is put down to one: the surest and cheapest first."""

DEFAULT_KEYS: Final = tuple(key for key in KEYS if key != "embedding")


def list_name(path: Path) -> str:
    """What `leak_of` calls a list of species: as the file is called, without the signs that part sets and keys."""
    return path.stem.replace(";", " ").replace(":", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakSettings:
    """[leaks]: `indexes` are files of `thuja curate leaks build`; `species` are lists of species, a name a line.

    `distance` (bits of 256) and `min_quality` are PDQ's, as in TreeOfLife-200M; hashes of lower quality match nothing.
    `cosine` counts with the key `embedding`, whose vectors of the training images come from the file `embeddings`
    (columns uuid and emb) or from an encoder handed in. Observer and day match within a genus only, unless
    `any_taxon_of_day`. A row that its source itself holds out (split test or unseen) is a leak too, unless
    `spare_held_out`.
    """

    indexes: tuple[Path, ...] = ()
    species: tuple[Path, ...] = ()
    keys: tuple[str, ...] = DEFAULT_KEYS
    distance: int = 10
    min_quality: int = 50
    cosine: float = 0.95
    embeddings: Path | None = None
    any_taxon_of_day: bool = False
    spare_held_out: bool = False

    def __post_init__(self) -> None:
        for key in self.keys:
            if key not in KEYS:
                raise UnknownName.of("leak key", key, KEYS)
        if not 0 <= self.distance <= MAX_DISTANCE:
            raise UsageError(f"leaks.distance is from 0 to {MAX_DISTANCE} bits of 256, got {self.distance}")
        if not 0 <= self.min_quality <= 100:
            raise UsageError(f"leaks.min_quality is PDQ's, from 0 to 100, got {self.min_quality}")
        if not 0 < self.cosine <= 1:
            raise UsageError(f"leaks.cosine is above 0 and at most 1, got {self.cosine}")
        if not self.keys or not (self.indexes or self.species):
            raise UsageError(
                "the leak gate has nothing to look for",
                hint="[leaks] with indexes = [...] of thuja curate leaks build, or species = [...]",
            )
