"""Images that are there more than once: byte for byte, pixel for pixel, or nearly."""

from thuja.curate.duplicates.bands import near_matches, near_pairs
from thuja.curate.duplicates.exact import duplicates_step
from thuja.curate.duplicates.hashing import Hashes, dihedral_hashes, hashes_of
from thuja.curate.duplicates.rare import rare_step

__all__ = [
    "Hashes",
    "dihedral_hashes",
    "duplicates_step",
    "hashes_of",
    "near_matches",
    "near_pairs",
    "rare_step",
]

from dataclasses import dataclass as _d


@_d(frozen=True, slots=True, kw_only=True)
class DuplicateSettings:
    pass
