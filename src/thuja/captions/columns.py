"""What the columns of somebody's table say of a taxon and of an image, under the names that such columns have."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from thuja.taxonomy import RANKS, Taxon

OTHER_NAMES: Final = {
    "common_name": "common",
    "vernacular_name": "common",
    "vernacularname": "common",
    "scientificname": "scientific_name",
    "canonicalname": "scientific_name",
}
"""Columns by the names that lists of species, GBIF and iNaturalist give them."""

RECOGNISED: Final = frozenset({*(rank.label for rank in RANKS), "common", "scientific_name"})
"""The columns that a taxon is made of, by thuja's names for them."""

PATH_COLUMNS: Final = ("path", "file", "file_name", "file_path", "filename", "filepath", "image", "image_path")
"""Columns that name an image's file, the first that is there."""

BINOMIAL: Final = r"^[A-Z][a-z-]+ (?:[×x] )?[a-z][a-z-]+"

_AUTHORED: Final = re.compile(r"(?P<genus>[A-Z][a-z-]+) (?:\([A-Z][a-z-]+\) )?(?P<epithet>[a-z×].*)")
_AUTHOR: Final = re.compile(r",| [A-Z(\[&\d]| (?:auct|de|der|emend|et|ex|nec|non|sensu|van|von)\b")


def known_as(column: str) -> str:
    """The name that thuja has for a column: `common` for `Common name`, itself for one that it does not know."""
    name = column.strip().lower().replace(" ", "_")
    return OTHER_NAMES.get(name, name)


def taxon_of(row: Mapping[str, Any]) -> Taxon:
    """The lineage that a row's columns give; where they give no genus, `scientific_name` without its author ends it.

    So does a binomial in `species`, which GBIF writes there.

    >>> taxon_of({"scientificName": "Corvus corax, Linnaeus 1758", "common_name": "raven"})
    Taxon(kingdom='', phylum='', class_='', order='', family='', genus='Corvus', species='corax', common='raven')
    """
    named = {known_as(column): value for column, value in row.items()} | {
        column: value for column, value in row.items() if value is not None
    }
    taxon = Taxon.from_columns(named)
    if taxon.genus:
        return taxon
    if taxon.species:
        return _ended(taxon, taxon.species) if re.match(BINOMIAL, taxon.species) else taxon
    return _ended(taxon, " ".join(str(named.get("scientific_name") or "").split()))


def path_column(row: Mapping[str, Any]) -> str | None:
    """The column of paths, None where there is none."""
    columns = {known_as(name): name for name in row}
    return next((columns[name] for name in PATH_COLUMNS if name in columns), None)


def place_of(folder: Path, named: str) -> Path:
    """Where a path in a table of this folder leads: beside the table, or as it stands where a file is only there."""
    beside, plain = folder / named, Path(named)
    return (plain if not beside.exists() and plain.exists() else beside).absolute()


def _ended(taxon: Taxon, name: str) -> Taxon:
    """The taxon with a scientific name below what it has."""
    match = _AUTHORED.fullmatch(name)
    if match is not None:
        author = _AUTHOR.search(match["epithet"])
        epithet = match["epithet"][: author.start()] if author else match["epithet"]
        return replace(taxon, genus=match["genus"], species=epithet.strip())
    genus, _, species = name.partition(" ")
    if species:
        return replace(taxon, genus=genus, species=species)
    return taxon if taxon.rank is not None or not genus else replace(taxon, species=genus)
