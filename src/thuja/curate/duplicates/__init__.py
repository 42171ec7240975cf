"""Images that are there more than once: byte for byte, pixel for pixel, or nearly."""

from thuja.curate.duplicates.bands import near_matches, near_pairs
from thuja.curate.duplicates.hashing import Hashes, dihedral_hashes, hashes_of
from thuja.curate.duplicates.settings import DuplicateSettings
from thuja.curate.duplicates.stars import stars
from thuja.curate.duplicates.step import dropped_by_clade, duplicates_step

__all__ = [
    "DuplicateSettings",
    "Hashes",
    "dihedral_hashes",
    "dropped_by_clade",
    "duplicates_step",
    "hashes_of",
    "near_matches",
    "near_pairs",
    "stars",
]
