"""How new to a model what it is asked is: images of each species that it was trained on, and the rank that is new.

Scores by both stand in novelty_scores.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import polars as pl

from thuja.evaluate.training import require_some, training_rows
from thuja.taxonomy import Taxon

RARE_SPECIES: Final = (
    "Rare Species was made of species that TreeOfLife-10M leaves out, so for BioCLIP every one of them is unseen. "
    "TreeOfLife-200M leaves out only the images of Rare Species (by their EOL addresses and MD5): the species are in "
    "it, so for BioCLIP 2 and models trained on it this is a test of rare species, and of unseen ones no more. A gain "
    "between the two models mixes scale with having met the species."
)
"""What is odd about the task rare_species, for the page that shows its scores."""

_RANKS: Final = ("kingdom", "family", "genus", "species")
_NAMES: Final = (*_RANKS, "scientific_name")
_MERGE: Final = 2_000_000
_KINGDOMS: Final = {"metazoa": "animalia", "viridiplantae": "plantae"}
_DOUBTFUL: Final = frozenset(["sp", "spp", "ssp", "cf", "aff", "nr", "near", "gen", "indet", "undet", "agg"])
_SINGLE: Final = "x×"


class Novelty(StrEnum):
    """The highest rank at which a test image's taxon was not met in training."""

    KNOWN = "known species"
    SPECIES = "new species of a known genus"
    GENUS = "new genus of a known family"
    FAMILY = "new family"
    UNTOLD = "not told by the labels"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingTaxa:
    """What a training catalog holds: `images` in all, and by name and kingdom ("" where unknown) the images of it.

    Names are in lower case. A name under another kingdom is another taxon: *Pieris* is a butterfly and a heath.
    """

    images: int
    species: Mapping[str, Mapping[str, int]]
    genera: Mapping[str, Mapping[str, int]]
    families: Mapping[str, Mapping[str, int]]

    def count(self, taxon: Taxon) -> int:
        """How many training images the species has; 0 for what names no species."""
        return _images(self.species, species_key(taxon), taxon)

    def novelty(self, taxon: Taxon) -> Novelty:
        """Of a species that was not met, the genus may have been, or else the family."""
        key = species_key(taxon)
        if not key:
            return Novelty.UNTOLD
        if _images(self.species, key, taxon):
            return Novelty.KNOWN
        if _images(self.genera, taxon.genus.lower(), taxon):
            return Novelty.SPECIES
        if not taxon.family:
            return Novelty.UNTOLD
        return Novelty.GENUS if _images(self.families, taxon.family.lower(), taxon) else Novelty.FAMILY


def read_training_taxa(catalog: Path) -> TrainingTaxa:
    """Count the training images of every species, genus and family of a catalog; see evaluate.training for its forms.

    Where a catalog has no genus, a binomial in `species` or `scientific_name` stands in. Raises UsageError, BadFile,
    and EmptyInput for a catalog without a training image.
    """
    waiting: list[pl.DataFrame] = []
    for rows in training_rows(catalog, _NAMES):
        waiting.append(_counted(rows.with_columns(pl.lit(1, pl.Int64).alias("images"))))
        if sum(map(len, waiting)) > _MERGE:
            waiting = [_counted(pl.concat(waiting))]
    table = _counted(pl.concat(waiting)) if waiting else pl.DataFrame(schema=dict.fromkeys(_NAMES, pl.String))
    found: dict[str, dict[str, dict[str, int]]] = {name: {} for name in ("species", "genus", "family")}
    images = 0
    for row in table.iter_rows(named=True):
        taxon = _taxon(row)
        images += row["images"]
        for rank, key in (
            ("species", species_key(taxon)),
            ("genus", taxon.genus.lower()),
            ("family", taxon.family.lower()),
        ):
            if key:
                by_kingdom = found[rank].setdefault(key, {})
                kingdom = kingdom_of(taxon)
                by_kingdom[kingdom] = by_kingdom.get(kingdom, 0) + row["images"]
    require_some(images, catalog)
    return TrainingTaxa(images=images, species=found["species"], genera=found["genus"], families=found["family"])


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by(_NAMES).agg(pl.col("images").sum())


def _taxon(row: Mapping[str, str | None]) -> Taxon:
    """The row's taxon; a binomial makes up for the genus that a table lacks."""
    taxon = Taxon.from_columns(row)
    if taxon.genus:
        return taxon
    words = (taxon.species if " " in taxon.species else row["scientific_name"] or "").split()
    if len(words) < 2 or not words[0][:1].isupper():
        return taxon
    return Taxon(kingdom=taxon.kingdom, family=taxon.family, genus=words[0], species=words[1])


def species_key(taxon: Taxon) -> str:
    """Genus and epithet in lower case, without what stands below the species; "" for what names none.

    >>> [species_key(Taxon(genus="Corvus", species=epithet)) for epithet in ("corax principalis", "sp.")]
    ['corvus corax', '']
    """
    words = taxon.species.lower().split()
    if not taxon.genus or not words or words[0].rstrip(".") in _DOUBTFUL:
        return ""
    is_hybrid = words[0] in _SINGLE or (len(words) > 1 and words[1] in _SINGLE)
    return f"{taxon.genus.lower()} {' '.join(words) if is_hybrid else words[0]}"


def kingdom_of(taxon: Taxon) -> str:
    """The kingdom in lower case, by one name whatever the backbone calls it; "" where none is given."""
    kingdom = taxon.kingdom.lower()
    return _KINGDOMS.get(kingdom, kingdom)


def _images(found: Mapping[str, Mapping[str, int]], key: str, taxon: Taxon) -> int:
    """The images under a name; where both sides say a kingdom, of that kingdom alone."""
    by_kingdom = found.get(key, {})
    own = kingdom_of(taxon)
    return sum(images for kingdom, images in by_kingdom.items() if not own or not kingdom or kingdom == own)
